//! How a call leaves, and who is next.

use std::task::Waker;

use seaworthy_core::{clock, panic};

use super::{Room, Shared};
use crate::machine::{Left, Place};

impl Shared {
    /// A call that counted as so much has ended.
    #[inline]
    pub(crate) fn leave(&self, class: usize, charge: u32) {
        self.free(class, charge);
        if cfg!(feature = "metrics") {
            self.classes[class].metrics.left(charge);
        }
    }

    /// So much becomes free.
    #[inline]
    fn free(&self, class: usize, charge: u32) {
        if self.partitioned {
            self.free_in(class, charge);
        } else if self.word.leave(charge).contended {
            self.admit_others();
        }
    }

    /// So much becomes free in one of the partitions.
    fn free_in(&self, class: usize, charge: u32) {
        self.pass_on(|room| {
            self.word.leave(charge);
            room.machine.release(class, charge);
        });
    }

    /// Whoever may go in by now does.
    #[cold]
    fn admit_others(&self) {
        self.pass_on(|_| {});
    }

    /// Whoever waits there does not any more.
    pub(crate) fn give_up(&self, class: usize, place: Place) {
        if let Some(charge) = self.withdraw(class, place) {
            self.free(class, charge);
        }
    }

    /// Whoever waits there does not any more, unless it was let in by now: then it counts as so much.
    pub(crate) fn withdraw(&self, class: usize, place: Place) -> Option<u32> {
        let left = self.room.lock().machine.leave(class, place);
        match left? {
            Left::Granted(charge) => Some(charge),
            Left::Waiting(_waker) => {
                // It may have stood in the way of others.
                self.admit_others();
                None
            }
        }
    }

    /// Whoever waits looks from time to time whether there is more room without anybody having left: what was held for
    /// others, or a limit that was there for a time.
    pub(crate) fn look(&self) {
        self.has_lapsed();
        self.admit_others();
    }

    /// The limit has grown.
    pub(super) fn admit_next(&self) {
        if self.word.read().contended {
            self.admit_others();
        }
    }

    /// Changes something, and lets those in who may go in then.
    fn pass_on(&self, change: impl FnOnce(&mut Room)) {
        let mut room = self.room.lock();
        change(&mut room);
        let mut next = self.next(&mut room);
        drop(room);
        // One at a time: a waker is code of the user, and is called outside the lock.
        while let Some(waker) = next {
            let _ = panic::catch(|| waker.wake());
            next = self.next(&mut self.room.lock());
        }
    }

    /// Lets the next one in, who is to be told so.
    fn next(&self, room: &mut Room) -> Option<Waker> {
        let sign = self.word.read();
        let grant = room.machine.grant(sign.load, clock::coarse);
        if let Some(grant) = &grant {
            self.word.add(grant.charge);
        }
        if sign.contended && !self.partitioned && room.machine.waiting() == 0 {
            self.word.relax();
        }
        if self.partitioned {
            // They may find room now.
            for class in &self.classes {
                class.set_shut(false);
            }
        } else {
            self.show_line(room);
        }
        grant.map(|grant| grant.waker)
    }
}
