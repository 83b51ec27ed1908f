//! For threads that may be blocked until something wakes them.

use std::sync::Arc;
use std::task::{Wake, Waker};
use std::thread::{self, Thread};

/// Wakes a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// A waker that ends the [`park`](thread::park) of this thread, or the next one.
#[must_use]
pub fn waker() -> Waker {
    Waker::from(Arc::new(Unpark(thread::current())))
}
