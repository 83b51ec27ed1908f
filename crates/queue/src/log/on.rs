//! What is logged, and how often.

use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::clock::{self, Coarse};
use seaworthy_core::panic::{self, Panicked};
use seaworthy_core::sync::Lock;

use crate::letter::Failure;
use crate::why::Why;

/// Between two lines that say the same of one queue.
const PAUSE: Duration = Duration::from_secs(1);

/// Writes in the name of a queue. Not under its lock: a subscriber is code of the user, and one that panics harms nobody.
///
/// A line for each item that is dropped would be an overload of its own. So the first is told at once, and those after it
/// are counted for a second; what is left is told when the queue is gone.
#[derive(Debug)]
pub(crate) struct Log {
    queue: Arc<str>,
    dropped: Lock<[Unsaid; Why::ALL.len()]>,
    panicked: Lock<Unsaid>,
}

/// What was not told yet.
#[derive(Clone, Copy, Debug, Default)]
struct Unsaid {
    times: u64,
    /// When something was told last.
    last: Option<Coarse>,
}

impl Unsaid {
    /// It has happened so many times more: how many are to be told now.
    fn count(&mut self, times: u64, now: Coarse) -> Option<u64> {
        self.times += times;
        if self.last.is_some_and(|last| now.since(last) < PAUSE) {
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.times))
    }
}

impl Log {
    pub(crate) fn new(queue: &Arc<str>) -> Self {
        Self {
            queue: Arc::clone(queue),
            dropped: Lock::default(),
            panicked: Lock::default(),
        }
    }

    pub(crate) fn dead_letter(&self, attempts: u32, last: &Failure) {
        let queue = &self.queue;
        quietly(|| tracing::warn!(%queue, attempts, %last, "dead letter"));
    }

    pub(crate) fn leases_over(&self, deliveries: u64) {
        let queue = &self.queue;
        quietly(|| tracing::warn!(%queue, deliveries, "lease over"));
    }

    /// Items left otherwise than to a receiver.
    pub(crate) fn dropped(&self, why: Why, items: u64) {
        let told = self.dropped.lock()[why as usize].count(items, clock::coarse());
        if let Some(items) = told {
            self.tell_dropped(why, items);
        }
    }

    fn tell_dropped(&self, why: Why, items: u64) {
        let queue = &self.queue;
        quietly(|| tracing::warn!(%queue, %why, items, "items dropped"));
    }

    /// A function or a hook of the queue has panicked.
    pub(crate) fn panicked(&self, function: &'static str, panicked: &Panicked) {
        let told = self.panicked.lock().count(1, clock::coarse());
        let (queue, message) = (&self.queue, &panicked.message);
        if let Some(times) = told {
            quietly(
                || tracing::warn!(%queue, function, panic = %message, times, "function panicked"),
            );
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let unsaid = *self.dropped.lock();
        for (why, unsaid) in Why::ALL.into_iter().zip(unsaid) {
            if unsaid.times > 0 {
                self.tell_dropped(why, unsaid.times);
            }
        }
        let (queue, times) = (&self.queue, self.panicked.lock().times);
        if times > 0 {
            quietly(|| tracing::warn!(%queue, times, "functions panicked"));
        }
    }
}

fn quietly(tell: impl FnOnce()) {
    let _ = panic::catch(tell);
}
