//! A timer on somebody else's runtime.

use std::pin::Pin;
use std::task::{Context as Waking, Poll};

use seaworthy_core::clock::Instant;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// Rings once. It is a task, because tokio's own timer panics if its runtime is gone when it is polled, and handles
/// of tasks may be awaited outside of it.
pub(super) struct Alarm {
    task: JoinHandle<()>,
}

impl Alarm {
    pub(super) fn new(runtime: &Handle, at: Instant) -> Self {
        Self {
            // The timer is made in there: here there may be no runtime, or another.
            task: runtime.spawn(async move { tokio::time::sleep_until(at).await }),
        }
    }

    /// Ready once: true if it is time, false if the runtime is gone.
    pub(super) fn poll_rung(&mut self, waker: &mut Waking<'_>) -> Poll<bool> {
        Pin::new(&mut self.task)
            .poll(waker)
            .map(|rung| rung.is_ok())
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.task.abort();
    }
}
