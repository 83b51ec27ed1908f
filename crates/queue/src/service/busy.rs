//! How many requests workers have under way, which are in the queue no more.

use std::future::poll_fn;
use std::sync::{Arc, Weak};
use std::task::{Poll, Waker};

use seaworthy_core::panic;
use seaworthy_core::shard::Padded;
use seaworthy_core::sync::Lock;
use seaworthy_core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The sum over all workers, which can be waited for to be zero.
#[derive(Debug, Default)]
pub(super) struct Busy {
    desks: Lock<Vec<Weak<Desk>>>,
    /// Somebody waits, or has waited.
    watched: AtomicBool,
    watchers: Lock<Vec<Waker>>,
}

/// What is on the desk of one worker, who alone puts it there.
#[derive(Debug, Default)]
pub(super) struct Desk {
    calls: Padded<AtomicUsize>,
}

impl Desk {
    /// So many will be here, if there is one to take out of the queue: said before that, so that whoever finds the queue
    /// empty finds it here.
    #[inline]
    pub(super) fn expect(&self, calls: usize) {
        self.calls.0.store(calls, Ordering::Relaxed);
    }
}

impl Busy {
    /// Of a worker that begins.
    pub(super) fn desk(&self) -> Arc<Desk> {
        let desk = Arc::new(Desk::default());
        let mut desks = self.desks.lock();
        desks.retain(|desk| desk.strong_count() > 0);
        desks.push(Arc::downgrade(&desk));
        desk
    }

    pub(super) fn calls(&self) -> usize {
        let desks: Vec<_> = self.desks.lock().iter().filter_map(Weak::upgrade).collect();
        let calls = |desk: Arc<Desk>| desk.calls.0.load(Ordering::SeqCst);
        desks.into_iter().map(calls).sum()
    }

    /// A worker takes nothing more for now, and has so many on its desk.
    #[inline]
    pub(super) fn rests(&self, desk: &Desk, calls: usize) {
        if desk.calls.0.load(Ordering::Relaxed) == calls {
            return;
        }
        desk.calls.0.swap(calls, Ordering::SeqCst);
        if calls == 0 && self.watched.load(Ordering::SeqCst) {
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
            let watches = |other: &Waker| other.will_wake(cx.waker());
            if !self.watchers.lock().iter().any(watches) {
                let waker = cx.waker().clone();
                self.watchers.lock().push(waker);
            }
            if self.calls() == 0 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}
