//! The side of the child: what an incarnation says of itself.

use seaworthy_core::waiters::Waiters;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::task::Waker;

use seaworthy_core::{clock, panic};

use super::{Core, Phase};
use crate::exit::ExitReason;
use crate::service::fate::Rung;
use crate::service::owned::Grant;

impl<S> Core<S> {
    /// A specification of the child was made.
    pub(in crate::service) fn conceived(&self, lineage: Weak<()>) {
        self.slot.lock().lineage = lineage;
    }

    /// The last specification of the child is gone.
    pub(in crate::service) fn extinct(&self) {
        let waiters = self.slot.lock().waiters.take();
        waiters.wake();
    }

    /// An incarnation begins to be built.
    pub(in crate::service) fn begin(
        &self,
        generation: u64,
        nearest: &Rung,
        ancestry: impl FnOnce() -> Arc<[Rung]>,
    ) {
        let known = self
            .slot
            .lock()
            .ancestry
            .first()
            .is_some_and(|rung| rung == nearest);
        // A specification has one place only, so what is above the nearest supervisor is as it was.
        let ancestry = (!known).then(ancestry);
        let now = clock::exact();
        let mut slot = self.slot.lock();
        if slot.generation == 0 {
            // Until now nobody could know when it would be started.
            slot.since = now;
        }
        slot.generation = generation;
        slot.asked = false;
        slot.built = false;
        let replaced = ancestry.map(|ancestry| std::mem::replace(&mut slot.ancestry, ancestry));
        drop(slot);
        drop(replaced);
    }

    /// It is built: calls may come.
    pub(in crate::service) fn publish(&self, generation: u64, master: S, grant: Arc<Grant>) {
        let mut slot = self.slot.lock();
        slot.phase = Phase::Up;
        slot.built = true;
        slot.master = Some(master);
        slot.grant = Some(grant);
        self.current.store(generation, Ordering::Release);
        let waiters = slot.waiters.take();
        drop(slot);
        waiters.wake();
    }

    /// Why the incarnation is to end, if it is; otherwise its task will be woken.
    pub(in crate::service) fn verdict(&self, task: &Waker) -> Option<ExitReason> {
        let task = task.clone();
        let mut slot = self.slot.lock();
        let verdict = slot.verdict.take();
        let replaced = slot.task.replace(task);
        drop(slot);
        drop(replaced);
        verdict
    }

    /// The incarnation was asked to end: no new calls.
    pub(in crate::service) fn stop(&self) {
        let now = clock::exact();
        let mut slot = self.slot.lock();
        if slot.phase != Phase::Up {
            return;
        }
        let left = slot.go_down(&self.current, now);
        slot.phase = Phase::Stopping;
        slot.asked = true;
        drop(slot);
        left.dispose();
    }

    /// The incarnation is over, however that came.
    pub(in crate::service) fn over(&self) {
        let now = clock::exact();
        let mut slot = self.slot.lock();
        let left = match slot.phase {
            Phase::Up => Some(slot.go_down(&self.current, now)),
            _ => None,
        };
        slot.phase = Phase::Down;
        let unused = (slot.verdict.take(), slot.task.take());
        // Whoever waits and knows of an earlier incarnation only has to look anew. (After one that was up they
        // have been told already.)
        let waiters = if slot.built {
            Waiters::default()
        } else {
            slot.waiters.take()
        };
        drop(slot);
        waiters.wake();
        if let Some(left) = left {
            left.dispose();
        }
        panic::drop_quietly(unused);
    }
}
