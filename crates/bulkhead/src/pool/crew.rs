//! The threads of a pool and those who bring them work, around one lock.

use std::task::Waker;

use seaworthy_core::sync::atomic::{AtomicBool, Ordering};
use seaworthy_core::sync::{Lock, MutexGuard};
use seaworthy_core::waiters::Waiters;

use super::bell::Bell;
use super::config::PoolConfig;
use super::report::PoolReport;
use super::store::{Brought, Ended, Number, Store};

/// A [`Store`] that threads take from. What it hands back is to be dropped by whoever gets it, outside the lock.
#[derive(Debug)]
pub(crate) struct Crew<T> {
    inner: Lock<Inner<T>>,
    /// Rings when there may be something to do, or to end, for threads without work.
    bell: Bell,
    /// Whether nobody would have come in, not even into the line, when the lock was last released. Only a hint, so that
    /// a job need not be made to be turned away.
    refuses: AtomicBool,
}

#[derive(Debug)]
struct Inner<T> {
    store: Store<T>,
    /// Those who wait for the last thread to go.
    waiters: Waiters,
}

/// How much there is of what, as gauges show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Levels {
    pub(crate) threads: u32,
    pub(crate) busy: u32,
    pub(crate) queued: u32,
    pub(crate) waiting: u32,
}

/// Is told how the levels were and are, outside the lock.
pub(crate) trait Tell {
    fn levels(&self, before: Levels, after: Levels);
}

impl<T> Store<T> {
    pub(crate) fn levels(&self) -> Levels {
        Levels {
            threads: self.alive(),
            busy: self.running(),
            queued: self.queued(),
            waiting: self.waiting(),
        }
    }
}

impl<T> Crew<T> {
    pub(crate) fn new(config: PoolConfig) -> Self {
        Self {
            inner: Lock::new(Inner {
                store: Store::new(config),
                waiters: Waiters::default(),
            }),
            bell: Bell::default(),
            refuses: AtomicBool::new(false),
        }
    }

    /// Changes it under the lock.
    pub(crate) fn with<R>(&self, tell: &impl Tell, change: impl FnOnce(&mut Store<T>) -> R) -> R {
        let mut inner = self.inner.lock();
        let before = inner.store.levels();
        let result = change(&mut inner.store);
        self.leave(inner, before, tell);
        result
    }

    pub(crate) fn look<R>(&self, look: impl FnOnce(&Store<T>) -> R) -> R {
        look(&self.inner.lock().store)
    }

    /// Turns a job away that is not made yet, if nobody comes in.
    pub(crate) fn turn_away(&self) -> Option<Brought<()>> {
        if !self.refuses.load(Ordering::Relaxed) {
            return None;
        }
        self.inner.lock().store.turn_away()
    }

    /// Takes a job in; it is asked whether its caller can wait in line only if he would have to.
    pub(crate) fn bring(
        &self,
        tell: &impl Tell,
        job: T,
        can_wait: impl FnOnce() -> bool,
    ) -> Brought<T> {
        let brought = self.with(tell, |store| {
            let can_wait = store.is_full() && can_wait();
            store.bring(job, can_wait)
        });
        if matches!(brought, Brought::Queued(_)) {
            self.bell.ring();
        }
        brought
    }

    /// Takes back a job that was not begun. Whoever came in from the line for it is queued behind others, so there is
    /// no thread without work that would have to know.
    pub(crate) fn withdraw(&self, tell: &impl Tell, number: Number) -> Option<T> {
        self.with(tell, |store| store.withdraw(number))
    }

    pub(crate) fn give_up(&self, tell: &impl Tell, number: Number) -> Option<T> {
        self.with(tell, |store| store.give_up(number))
    }

    /// A job has ended. Returns the next, if there is one.
    pub(crate) fn end(&self, tell: &impl Tell, ended: Ended) -> Option<T> {
        self.with(tell, |store| {
            store.end(ended);
            store.take()
        })
    }

    /// The next job, for which the thread waits; `None` if it is to go.
    pub(crate) fn next(&self, tell: &impl Tell) -> Option<T> {
        let mut inner = self.inner.lock();
        loop {
            let before = inner.store.levels();
            let job = inner.store.take();
            if job.is_some() || inner.store.retire() {
                self.leave(inner, before, tell);
                return job;
            }
            inner = self.bell.wait(inner);
        }
    }

    /// Goes by another configuration.
    pub(crate) fn reconfigure(&self, tell: &impl Tell, config: PoolConfig) {
        self.with(tell, |store| store.reconfigure(config));
        self.bell.ring_for_all();
    }

    /// Takes no more jobs. Returns those that waited in line.
    pub(crate) fn drain(&self, tell: &impl Tell) -> Vec<T> {
        let refused = self.with(tell, Store::drain);
        self.bell.ring_for_all();
        refused
    }

    /// Takes no more jobs. Returns those that were not begun, and what became of the others.
    pub(crate) fn close(&self, tell: &impl Tell) -> (Vec<T>, PoolReport) {
        let closed = self.with(tell, |store| (store.close(), store.report()));
        self.bell.ring_for_all();
        closed
    }

    /// Waits as `place` for the last thread to go; whether it has. Hands back a waker to be dropped.
    pub(crate) fn poll_gone(&self, place: &mut u64, waker: Waker) -> (bool, Option<Waker>) {
        let mut inner = self.inner.lock();
        if inner.store.alive() == 0 {
            return (true, Some(waker));
        }
        (false, inner.waiters.wait(place, waker))
    }

    /// Waits no more.
    #[must_use]
    pub(crate) fn stop_waiting(&self, place: &mut u64) -> Option<Waker> {
        self.inner.lock().waiters.leave(place)
    }

    /// Lets go of the lock, and then tells whom it concerns.
    fn leave(&self, mut inner: MutexGuard<'_, Inner<T>>, before: Levels, tell: &impl Tell) {
        let after = inner.store.levels();
        self.refuses.store(inner.store.refuses(), Ordering::Relaxed);
        let are_gone = after.threads == 0 && before.threads > 0;
        let waiters = are_gone.then(|| inner.waiters.take());
        drop(inner);
        if before != after {
            tell.levels(before, after);
        }
        if let Some(waiters) = waiters {
            waiters.wake();
        }
    }
}
