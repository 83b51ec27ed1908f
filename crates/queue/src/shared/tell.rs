//! What is told outside the lock.

#[cfg(feature = "metrics")]
use seaworthy_core::shard::Count;
use seaworthy_core::sync::atomic::{AtomicU64, Ordering};

use super::Shared;
use crate::error::SendError;
use crate::report::Report;
use crate::store::Overboard;
use crate::store::entry::Entry;
use crate::why::Why;

/// What has happened so far without the lock.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Items that were handed back, by any number of threads at a time. Where nobody looks at it, that takes less time
    /// than to count it.
    #[cfg(feature = "metrics")]
    rejected: Count,
    /// Items that left otherwise than to a receiver, by why.
    dropped: [AtomicU64; Why::ALL.len()],
}

impl<T> Shared<T> {
    /// What has happened under the lock.
    #[inline]
    pub(super) fn tell(&self, report: &Report) {
        self.metrics.moved(report);
        if report.counts.leases_over > 0 {
            self.log.leases_over(report.counts.leases_over);
        }
        for (attempts, last) in &report.buried {
            self.log.dead_letter(*attempts, last);
        }
    }

    /// The same; if an item is handed back, that is counted.
    #[inline]
    pub(crate) fn counted<R, U>(&self, sent: Result<R, SendError<U>>) -> Result<R, SendError<U>> {
        if cfg!(feature = "metrics")
            && let Err(error) = &sent
        {
            self.refuses(error);
        }
        sent
    }

    /// Somebody is told that there is no room.
    #[inline(never)]
    pub(crate) fn refuses<U>(&self, error: &SendError<U>) {
        #[cfg(feature = "metrics")]
        self.ledger.rejected.increment();
        self.metrics.rejected(error);
    }

    /// How many items were handed back, if that is counted.
    pub(crate) fn rejected(&self) -> Option<u64> {
        #[cfg(feature = "metrics")]
        return Some(self.ledger.rejected.get());
        #[cfg(not(feature = "metrics"))]
        return None;
    }

    /// How many items left otherwise than to a receiver, for one of these reasons.
    pub(crate) fn dropped(&self, reasons: &[Why]) -> u64 {
        let count = |why: &Why| self.ledger.dropped[*why as usize].load(Ordering::Relaxed);
        reasons.iter().map(count).sum()
    }

    /// Items leave otherwise than to a receiver.
    #[inline]
    pub(super) fn throw(&self, overboard: Vec<Overboard<T>>) {
        for (entry, why) in overboard {
            self.throw_one(entry, why);
            self.log.dropped(why, 1);
        }
    }

    pub(super) fn throw_one(&self, entry: Entry<T>, why: Why) {
        self.ledger.dropped[why as usize].fetch_add(1, Ordering::Relaxed);
        self.metrics.dropped(why);
        self.functions.throw(entry, why, &self.log);
    }
}
