//! How many of the breakers that belong together are open.

use seaworthy_core::sync::atomic::{AtomicUsize, Ordering};

/// Counts the breakers of one [`CircuitBreakers`](crate::CircuitBreakers).
#[derive(Debug)]
pub(crate) struct Group {
    keys: AtomicUsize,
    open: AtomicUsize,
    /// With more than this share open, nothing is turned away.
    max_open: f64,
}

impl Group {
    pub(crate) fn new(max_open: f64) -> Self {
        Self {
            keys: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            max_open,
        }
    }

    pub(crate) fn joined(&self) {
        self.keys.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn left(&self) {
        self.keys.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn opened(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn closed(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Whether so many are open that it says more about the caller than about those it calls. One always may be.
    pub(crate) fn fails_open(&self) -> bool {
        let keys = self.keys.load(Ordering::Relaxed);
        let open = self.open();
        open > 1 && open as f64 > keys as f64 * self.max_open
    }
}
