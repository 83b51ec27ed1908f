//! Having a worker started.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use seaworthy_core::{Reason, Rejected};
use seaworthy_supervisor::Supervisor;

use super::Inner;
use super::slots::{Id, Start};

/// Keeps the slots, as those see it who only know the slot that they are about.
pub(super) trait Keeper: Send + Sync {
    /// The worker of this slot is gone, and of no use if it `failed`.
    fn fallen(&self, slot: Id, failed: Option<Rejected>);
    /// A child was started for this slot, and killed before it was a worker.
    fn stillborn(&self, slot: Id);
    /// None can be started.
    fn give_up(&self, slot: Id, reason: Reason);
}

/// What a child is made of. Dropped with the child, which may have been killed before it did anything.
pub(super) struct Birth<K> {
    keeper: Weak<dyn Keeper>,
    pub(super) start: Start<K>,
    /// Somebody else sees to those who wait.
    settled: AtomicBool,
}

impl<K> Birth<K> {
    pub(super) fn settle(&self) {
        self.settled.store(true, Ordering::Relaxed);
    }
}

impl<K> Drop for Birth<K> {
    fn drop(&mut self) {
        if !*self.settled.get_mut()
            && let Some(keeper) = self.keeper.upgrade()
        {
            keeper.stillborn(self.start.id);
        }
    }
}

impl<K, Req, Res, E> Keeper for Inner<K, Req, Res, E>
where
    K: Send + Sync + 'static,
    Req: Send + 'static,
    Res: Send + 'static,
    E: Send + 'static,
{
    fn fallen(&self, slot: Id, failed: Option<Rejected>) {
        if let Some(next) = self.slots.fall(slot, failed) {
            self.start(next);
        }
    }

    fn stillborn(&self, slot: Id) {
        if let Some(next) = self.slots.again(slot) {
            self.start(next);
        }
    }

    fn give_up(&self, slot: Id, reason: Reason) {
        let rejected = Rejected::new(reason, self.component);
        self.slots.give_up(slot, rejected);
    }
}

impl<K, Req, Res, E> Inner<K, Req, Res, E>
where
    K: Send + Sync + 'static,
    Req: Send + 'static,
    Res: Send + 'static,
    E: Send + 'static,
{
    /// Has a worker started, in a task of its own: whoever calls may give up meanwhile, and others wait.
    pub(super) fn start(&self, start: Start<K>) {
        let Some(inner) = self.me.upgrade() else {
            return;
        };
        let attempt = Attempt {
            slot: start.id,
            keeper: Arc::clone(&inner) as Arc<dyn Keeper>,
            over: false,
        };
        // Its own runtime: whoever calls may have none.
        match self.supervisor.runtime() {
            Some(runtime) => drop(runtime.spawn(inner.have_started(start, attempt))),
            None => attempt.fails(&self.supervisor),
        }
    }

    async fn have_started(self: Arc<Self>, start: Start<K>, mut attempt: Attempt) {
        let birth = Arc::new(Birth {
            keeper: Arc::downgrade(&attempt.keeper),
            start,
            settled: AtomicBool::new(false),
        });
        let started = self.supervisor.start_child(Arc::clone(&birth)).await;
        if started.is_err() {
            birth.settle();
            attempt.fails(&self.supervisor);
        } else {
            attempt.over = true;
        }
    }
}

/// An attempt to have a worker started. If it is dropped before it is over, its runtime is gone.
struct Attempt {
    keeper: Arc<dyn Keeper>,
    slot: Id,
    over: bool,
}

impl Attempt {
    /// The supervisor cannot do it, for now or for ever.
    fn fails(mut self, supervisor: &Supervisor) {
        self.over = true;
        let reason = if supervisor.is_expected() {
            Reason::Restarting
        } else {
            Reason::Stopped
        };
        self.keeper.give_up(self.slot, reason);
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.over {
            self.keeper.give_up(self.slot, Reason::Stopped);
        }
    }
}
