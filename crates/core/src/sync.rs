//! The locks and atomics of code that loom checks: `std`'s, or loom's under `--cfg seaworthy_loom`.
//!
//! The cfg is our own because plain `--cfg loom` changes tokio itself and breaks its runtime in the
//! same build. What a model claims may use nothing outside this module: loom cannot see into others.

#[cfg(seaworthy_loom)]
use loom::sync as imp;
#[cfg(not(seaworthy_loom))]
use std::sync as imp;

use imp::Mutex;
pub use imp::{MutexGuard, atomic};

/// A mutex that a panic does not poison.
///
/// Poisoning turns one panic into many. Where it matters that a critical section ran to its end, the
/// section itself is written so that it cannot panic half way.
#[derive(Debug, Default)]
pub struct Lock<T> {
    inner: Mutex<T>,
}

impl<T> Lock<T> {
    /// Wraps `value`.
    pub fn new(value: T) -> Self {
        Self {
            inner: Mutex::new(value),
        }
    }

    /// Waits for the lock. Never hold it across an await point.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.inner
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
