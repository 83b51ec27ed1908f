//! What is known about items that are received together.

use seaworthy_core::clock::Coarse;

use crate::carried::Carried;
use crate::metrics::Metrics;
use crate::store::entry::Entry;

/// When items were sent that are received for the first time, and the spans that they carry, which are not dropped under
/// the lock. Without the features `metrics` and `tracing`, nothing.
///
/// The clock is coarse: items that are received together were mostly sent at a few times, or at one, for which nothing is
/// allocated.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    last: Option<(Coarse, u64)>,
    before: Vec<(Coarse, u64)>,
    carried: Vec<Carried>,
}

impl Receipts {
    /// The item of an entry. Under the lock.
    #[inline]
    pub(crate) fn sign<T>(&mut self, entry: Entry<T>) -> T {
        if cfg!(feature = "metrics") && entry.is_new() {
            let since = entry.tag.since;
            match &mut self.last {
                Some((time, items)) if *time == since => *items += 1,
                last => self.before.extend(last.replace((since, 1))),
            }
        }
        if !entry.carried.is_none() {
            self.carried.push(entry.carried);
        }
        entry.item
    }

    /// Outside the lock.
    #[inline]
    pub(crate) fn tell(self, metrics: &Metrics) {
        for (since, items) in self.before.into_iter().chain(self.last) {
            metrics.waited(since, items);
        }
    }
}
