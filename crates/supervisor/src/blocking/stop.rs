//! How a thread is told to stop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A flag that is raised once, and that can be waited for.
#[derive(Debug, Default)]
pub(super) struct Stop {
    raised: AtomicBool,
    /// Held while the flag is raised, so that nobody falls asleep in between.
    gate: Mutex<()>,
    bell: Condvar,
}

impl Stop {
    pub(super) fn raise(&self) {
        let _gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        self.raised.store(true, Ordering::Release);
        self.bell.notify_all();
    }

    pub(super) fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Acquire)
    }

    pub(super) fn wait(&self) {
        let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.bell.wait_while(gate, |()| !self.is_raised());
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits at most `limit`; whether it was raised.
    pub(super) fn wait_for(&self, limit: Duration) -> bool {
        let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .bell
            .wait_timeout_while(gate, limit, |()| !self.is_raised());
        drop(waited.unwrap_or_else(PoisonError::into_inner));
        self.is_raised()
    }
}

/// Raises the flag when it is dropped.
#[derive(Debug)]
pub(super) struct StopOnDrop(pub(super) Arc<Stop>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.raise();
    }
}
