//! Those who wait for a component to change.

use std::collections::HashMap;
use std::task::Waker;

use crate::panic;

/// One waker for each handle that waits, so at most as many as there are handles. Kept under a lock; what it
/// returns is to be dropped or woken outside.
#[derive(Debug, Default)]
pub struct Waiters {
    wakers: HashMap<u64, Waker>,
    last: u64,
}

impl Waiters {
    /// Waits as `number`, which is given out if it is 0. Returns what is to be dropped outside the lock.
    #[must_use]
    pub fn wait(&mut self, number: &mut u64, waker: Waker) -> Option<Waker> {
        if *number == 0 {
            self.last += 1;
            *number = self.last;
        }
        self.wakers.insert(*number, waker)
    }

    /// Waits no more.
    #[must_use]
    pub fn leave(&mut self, number: &mut u64) -> Option<Waker> {
        self.wakers.remove(&std::mem::take(number))
    }

    /// All of them. Their numbers stay theirs.
    #[must_use]
    pub fn take(&mut self) -> Self {
        Self {
            wakers: std::mem::take(&mut self.wakers),
            last: self.last,
        }
    }

    /// A waker is code of whoever polls: one that panics keeps nobody else waiting.
    pub fn wake(self) {
        for waker in self.wakers.into_values() {
            let _ = panic::catch(|| waker.wake());
        }
    }
}
