//! What all handles of one supervised service share: the instance that is up, and who waits for it.

mod reign;
mod verdict;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::Duration;

use seaworthy_core::clock::{self, Instant};
use seaworthy_core::name::Kept;
use seaworthy_core::panic::{self};
use seaworthy_core::sync::Lock;
use seaworthy_core::waiters::Waiters;
use seaworthy_core::{Reason, Rejected};

use super::fate::{Fate, Rung};
use super::nursery::Nursery;
use super::owned::Grant;
use crate::exit::ExitReason;

/// The state, and what was configured.
pub(super) struct Shared<S, R, T> {
    pub(super) core: Core<S>,
    pub(super) reject: R,
    pub(super) fatal: T,
}

/// What does not depend on how rejections leave and what is fatal.
pub(super) struct Core<S> {
    pub(super) name: Kept,
    pub(super) failfast: Duration,
    /// The incarnation that is up; 0 while none is. All that the hot path reads.
    current: AtomicU64,
    slot: Lock<Slot<S>>,
    /// Starts the child of a layer.
    pub(super) nursery: Option<Nursery>,
}

/// What is behind the lock. No value of a user is made, cloned or dropped in there.
struct Slot<S> {
    phase: Phase,
    /// The last incarnation that began; 0 before the first.
    generation: u64,
    /// The instance that handles clone; missing for the moment in which one of them does.
    master: Option<S>,
    /// Somebody came while it was missing.
    missed: bool,
    grant: Option<Arc<Grant>>,
    /// Why the incarnation is to end, until its task has read it.
    verdict: Option<ExitReason>,
    task: Option<Waker>,
    /// Since when nothing is up.
    since: Instant,
    /// Whether the last incarnation was asked to end.
    asked: bool,
    /// Whether it ever was up.
    built: bool,
    /// The supervisors above, the nearest first.
    ancestry: Arc<[Rung]>,
    /// Gone when nobody has the child's specification any more.
    lineage: Weak<()>,
    waiters: Waiters,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Down,
    Up,
    /// Up, but asked to end.
    Stopping,
}

/// What a handle without an instance finds.
pub(super) enum Look<S> {
    /// The instance to clone; to be [given back](Core::give_back).
    Up(Loan<S>),
    /// Another handle is cloning it: it will be there in a moment.
    Lent,
    /// Taking its last calls.
    Stopping,
    Down {
        generation: u64,
        since: Instant,
    },
}

/// The instance, lent to the handle that clones it.
pub(super) struct Loan<S> {
    pub(super) master: S,
    pub(super) generation: u64,
    pub(super) grant: Weak<Grant>,
}

impl<S> Core<S> {
    pub(super) fn new(name: Arc<str>, failfast: Duration, nursery: Option<Nursery>) -> Self {
        let slot = Slot {
            phase: Phase::Down,
            generation: 0,
            master: None,
            missed: false,
            grant: None,
            verdict: None,
            task: None,
            since: clock::exact(),
            asked: false,
            built: false,
            ancestry: Arc::default(),
            lineage: Weak::new(),
            waiters: Waiters::default(),
        };
        Self {
            name: Kept::new(name),
            failfast,
            current: AtomicU64::new(0),
            slot: Lock::new(slot),
            nursery,
        }
    }

    /// Whether `generation` is up.
    #[inline]
    pub(super) fn is_up(&self, generation: u64) -> bool {
        generation != 0 && self.current.load(Ordering::Acquire) == generation
    }

    /// The incarnation that is up, or 0.
    pub(super) fn current(&self) -> u64 {
        self.current.load(Ordering::Acquire)
    }

    pub(super) fn rejected(&self, reason: Reason) -> Rejected {
        let rejected = Rejected::new(reason, self.name.name());
        match reason {
            Reason::Restarting if !self.failfast.is_zero() => {
                rejected.with_retry_after(self.failfast)
            }
            _ => rejected,
        }
    }

    // The side of the handles.

    /// Takes the instance to clone it, or waits in line as `number`.
    pub(super) fn look(&self, number: &mut u64, waker: &Waker) -> Look<S> {
        let waker = waker.clone();
        let mut slot = self.slot.lock();
        let up = slot.phase == Phase::Up;
        let (look, unused) = match slot.master.take_if(|_| up) {
            Some(master) => {
                let loan = Loan {
                    master,
                    generation: slot.generation,
                    grant: slot.grant.as_ref().map_or_else(Weak::new, Arc::downgrade),
                };
                (Look::Up(loan), [slot.waiters.leave(number), Some(waker)])
            }
            None => {
                slot.missed |= up;
                let look = match slot.phase {
                    Phase::Up => Look::Lent,
                    Phase::Stopping => Look::Stopping,
                    Phase::Down => Look::Down {
                        generation: slot.generation,
                        since: slot.since,
                    },
                };
                (look, [slot.waiters.wait(number, waker), None])
            }
        };
        drop(slot);
        drop(unused);
        look
    }

    /// Ends a loan.
    pub(super) fn give_back(&self, generation: u64, master: S) {
        let mut master = Some(master);
        let mut slot = self.slot.lock();
        let mut missed = Waiters::default();
        if slot.phase == Phase::Up && slot.generation == generation {
            slot.master = master.take();
            if std::mem::take(&mut slot.missed) {
                missed = slot.waiters.take();
            }
        }
        drop(slot);
        missed.wake();
        panic::drop_quietly(master);
    }

    /// Waits in line for the end of `generation`; false if it is not up any more.
    pub(super) fn watch(&self, generation: u64, number: &mut u64, waker: &Waker) -> bool {
        let waker = waker.clone();
        let mut slot = self.slot.lock();
        let up = slot.phase == Phase::Up && slot.generation == generation;
        let unused = if up {
            slot.waiters.wait(number, waker)
        } else {
            Some(waker)
        };
        drop(slot);
        drop(unused);
        up
    }

    /// Waits no more.
    pub(super) fn leave(&self, number: &mut u64) {
        if *number != 0 {
            let unused = self.slot.lock().waiters.leave(number);
            drop(unused);
        }
    }

    /// `generation` is not to go on. If it has ended already, or was asked to end, that is no news.
    #[cold]
    pub(super) fn crash(&self, generation: u64, reason: ExitReason) {
        let mut reason = Some(reason);
        let now = clock::exact();
        let mut slot = self.slot.lock();
        if slot.phase != Phase::Up || slot.generation != generation {
            drop(slot);
            return panic::drop_quietly(reason);
        }
        let left = slot.go_down(&self.current, now);
        slot.verdict = reason.take();
        let task = slot.task.take();
        drop(slot);
        if let Some(task) = task {
            task.wake();
        }
        left.dispose();
    }

    /// What is to be said to a call that ended with its incarnation.
    pub(super) fn cut_off(&self, generation: u64) -> Rejected {
        let slot = self.slot.lock();
        let asked = slot.generation == generation && slot.asked;
        drop(slot);
        if asked {
            self.rejected(Reason::ShuttingDown).maybe_executed()
        } else {
            self.rejected(Reason::Crashed)
        }
    }

    /// Why a call to `generation` cannot be begun.
    #[cold]
    pub(super) fn turned_away(&self) -> Reason {
        let stopping = self.slot.lock().phase == Phase::Stopping;
        match self.fate() {
            _ if stopping => Reason::ShuttingDown,
            Fate::Lost => Reason::Stopped,
            Fate::Coming(_) => Reason::Restarting,
        }
    }

    /// Starts the child of a layer, if that is to be done.
    pub(super) fn tend(&self) {
        if let Some(nursery) = &self.nursery
            && nursery.start()
        {
            // Whoever asks now waits for a start, as others do for a restart.
            let now = clock::exact();
            self.slot.lock().since = now;
        }
    }

    /// Whether something will bring the service back.
    pub(super) fn fate(&self) -> Fate {
        let slot = self.slot.lock();
        let extinct = slot.lineage.strong_count() == 0;
        let (ancestry, begun) = (Arc::clone(&slot.ancestry), slot.generation != 0);
        drop(slot);
        match &self.nursery {
            Some(nursery) if !begun || extinct => nursery.fate(&ancestry, extinct),
            _ if extinct => Fate::Lost,
            _ if begun => Fate::of(&ancestry),
            _ => Fate::Coming(None),
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.slot.lock().phase == Phase::Stopping
    }
}

impl<S> Slot<S> {
    fn go_down(&mut self, current: &AtomicU64, now: Instant) -> Left<S> {
        self.phase = Phase::Down;
        self.since = now;
        current.store(0, Ordering::Release);
        Left {
            master: self.master.take(),
            grant: self.grant.take(),
            waiters: self.waiters.take(),
        }
    }
}

/// What an incarnation that went down leaves behind, to be dealt with outside the lock.
struct Left<S> {
    master: Option<S>,
    grant: Option<Arc<Grant>>,
    waiters: Waiters,
}

impl<S> Left<S> {
    fn dispose(self) {
        self.waiters.wake();
        drop(self.grant);
        panic::drop_quietly(self.master);
    }
}
