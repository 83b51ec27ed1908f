//! How many requests workers have under way, which are in the queue no more.

use std::future::poll_fn;
use std::task::{Poll, Waker};

use seaworthy_core::panic;
use seaworthy_core::shard::Padded;
use seaworthy_core::sync::Lock;
use seaworthy_core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A count that can be waited for to be zero.
#[derive(Debug, Default)]
pub(super) struct Busy {
    /// Away from what callers read.
    calls: Padded<AtomicUsize>,
    /// Somebody waits, or has waited.
    watched: AtomicBool,
    watchers: Lock<Vec<Waker>>,
}

impl Busy {
    pub(super) fn calls(&self) -> usize {
        self.calls.0.load(Ordering::SeqCst)
    }

    #[inline]
    pub(super) fn begins(&self) {
        self.calls.0.fetch_add(1, Ordering::SeqCst);
    }

    #[inline]
    pub(super) fn ends(&self, calls: usize) {
        let before = self.calls.0.fetch_sub(calls, Ordering::SeqCst);
        if before == calls && self.watched.load(Ordering::SeqCst) {
            self.tell();
        }
    }

    #[cold]
    fn tell(&self) {
        for watcher in std::mem::take(&mut *self.watchers.lock()) {
            let _ = panic::catch(|| watcher.wake());
        }
    }

    /// Until nothing is under way.
    pub(super) async fn idle(&self) {
        poll_fn(|cx| {
            // Told from now on, then asked: an end in between is not missed.
            self.watched.store(true, Ordering::SeqCst);
            let waker = cx.waker().clone();
            self.watchers.lock().push(waker);
            if self.calls() == 0 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}
