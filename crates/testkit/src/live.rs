//! Counting what is alive.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Counts guards: how many were made, how many are alive, how many ever were at once.
///
/// Clones share their counts. Put a guard into whatever must not leak or overlap: a future, a task, a
/// service, an incarnation.
///
/// ```
/// use seaworthy_testkit::Live;
///
/// let live = Live::new();
/// let first = live.guard();
/// drop(live.guard());
/// drop(first);
/// assert_eq!((live.created(), live.dropped(), live.alive()), (2, 2, 0));
/// assert_eq!(live.peak(), 2, "they overlapped");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Live {
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    created: AtomicUsize,
    dropped: AtomicUsize,
    alive: AtomicUsize,
    peak: AtomicUsize,
}

impl Live {
    /// Counts that start at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Something that is alive until it is dropped.
    #[must_use = "it is dropped at once"]
    pub fn guard(&self) -> LiveGuard {
        self.counts.created.fetch_add(1, SeqCst);
        let alive = self.counts.alive.fetch_add(1, SeqCst) + 1;
        self.counts.peak.fetch_max(alive, SeqCst);
        LiveGuard {
            counts: Arc::clone(&self.counts),
        }
    }

    /// How many guards were made.
    #[must_use]
    pub fn created(&self) -> usize {
        self.counts.created.load(SeqCst)
    }

    /// How many of them are gone.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.counts.dropped.load(SeqCst)
    }

    /// How many of them are alive.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.counts.alive.load(SeqCst)
    }

    /// How many were alive at once, at most. Above one means that two lives overlapped.
    #[must_use]
    pub fn peak(&self) -> usize {
        self.counts.peak.load(SeqCst)
    }
}

/// One that is alive, as [`Live`] counts.
#[derive(Debug)]
pub struct LiveGuard {
    counts: Arc<Counts>,
}

impl Drop for LiveGuard {
    fn drop(&mut self) {
        self.counts.alive.fetch_sub(1, SeqCst);
        self.counts.dropped.fetch_add(1, SeqCst);
    }
}
