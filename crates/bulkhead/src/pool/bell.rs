//! What threads without work wait for: `std`'s condition variable, or loom's.

#[cfg(seaworthy_loom)]
use loom::sync::Condvar;
#[cfg(not(seaworthy_loom))]
use std::sync::Condvar;
use std::sync::PoisonError;

use seaworthy_core::sync::MutexGuard;

#[derive(Debug, Default)]
pub(crate) struct Bell {
    condvar: Condvar,
}

impl Bell {
    /// Lets go of the lock until it rings, or for no reason.
    pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        let woken = self.condvar.wait(guard);
        woken.unwrap_or_else(PoisonError::into_inner)
    }

    /// For one that waits.
    pub(crate) fn ring(&self) {
        self.condvar.notify_one();
    }

    /// For all that wait.
    pub(crate) fn ring_for_all(&self) {
        self.condvar.notify_all();
    }
}
