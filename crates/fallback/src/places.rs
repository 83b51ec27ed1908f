//! How many fallbacks are under way at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A number of places.
#[derive(Debug)]
pub(crate) struct Places {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    taken: AtomicU32,
    limit: AtomicU32,
}

/// One of them, which is free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    shared: Arc<Shared>,
}

impl Places {
    pub(crate) fn new(limit: u32) -> Self {
        Self {
            shared: Arc::new(Shared {
                taken: AtomicU32::new(0),
                limit: AtomicU32::new(limit),
            }),
        }
    }

    /// One of them, if there is one.
    pub(crate) fn enter(&self) -> Option<Place> {
        let limit = self.limit();
        let more = |taken| (taken < limit).then_some(taken + 1);
        let taken = &self.shared.taken;
        let entered = taken.fetch_update(Ordering::AcqRel, Ordering::Relaxed, more);
        entered.ok().map(|_| Place {
            shared: Arc::clone(&self.shared),
        })
    }

    pub(crate) fn taken(&self) -> u32 {
        self.shared.taken.load(Ordering::Acquire)
    }

    pub(crate) fn limit(&self) -> u32 {
        self.shared.limit.load(Ordering::Relaxed)
    }

    /// From now on. Those who are in stay in.
    pub(crate) fn set_limit(&self, limit: u32) {
        self.shared.limit.store(limit, Ordering::Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.taken.fetch_sub(1, Ordering::AcqRel);
    }
}
