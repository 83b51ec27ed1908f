//! What became of the orders on their way to the database: both builds write one.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use seaworthy_queue::Why;
use serde::Serialize;

/// Counts orders.
#[derive(Default)]
pub(crate) struct Ledger {
    queued: AtomicU64,
    peak: AtomicUsize,
    rejected: AtomicU64,
    expired: AtomicU64,
    redelivered: AtomicU64,
    dead_lettered: AtomicU64,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Queued {
    /// Orders that came into the queue.
    pub(crate) queued: u64,
    /// How many waited in it at the most.
    pub(crate) peak: usize,
    /// Turned away at once, as the queue was full.
    pub(crate) rejected: u64,
    /// Dropped when it was their turn: they had waited for too long by then.
    pub(crate) expired: u64,
    /// Deliveries of orders that a worker had had before, and not acknowledged.
    pub(crate) redelivered: u64,
    /// Put aside, as no worker could handle them.
    pub(crate) dead_lettered: u64,
}

impl Ledger {
    /// An order is in the queue, as one of so many that wait.
    pub(crate) fn queued(&self, waiting: usize) {
        self.queued.fetch_add(1, Ordering::Relaxed);
        self.peak.fetch_max(waiting, Ordering::Relaxed);
    }

    /// There was no room for an order.
    pub(crate) fn rejected(&self) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
    }

    /// An order has left the queue, and not to a worker.
    pub(crate) fn dropped(&self, why: Why) {
        // The others are those that are left when the shop closes.
        if matches!(why, Why::Expired | Why::WaitedTooLong) {
            self.expired.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A worker has an order that another one had before.
    pub(crate) fn redelivered(&self) {
        self.redelivered.fetch_add(1, Ordering::Relaxed);
    }

    /// An order is put aside.
    pub(crate) fn dead_lettered(&self) {
        self.dead_lettered.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Queued {
        Queued {
            queued: self.queued.load(Ordering::Relaxed),
            peak: self.peak.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
            expired: self.expired.load(Ordering::Relaxed),
            redelivered: self.redelivered.load(Ordering::Relaxed),
            dead_lettered: self.dead_lettered.load(Ordering::Relaxed),
        }
    }
}
