//! What has changed in a queue, for those who are told outside the lock.

use crate::letter::Failure;
use crate::store::{Counts, Store};

/// What happened under the lock, once.
#[derive(Debug)]
pub(crate) struct Report {
    /// How often, each.
    pub(crate) counts: Counts,
    /// How many more items wait.
    pub(crate) waiting: i64,
    /// How many more are with workers.
    pub(crate) in_flight: i64,
    /// How often each of those was delivered that are dead letters now, and how that ended.
    pub(crate) buried: Vec<(u32, Failure)>,
}

/// What was reported last.
#[derive(Debug, Default)]
pub(crate) struct Reported {
    #[cfg(any(feature = "metrics", feature = "tracing"))]
    counts: Counts,
    #[cfg(feature = "metrics")]
    waiting: i64,
    #[cfg(feature = "metrics")]
    in_flight: i64,
}

impl Reported {
    /// What has happened since the last report; none if nobody wants one. Under the lock.
    #[cfg(feature = "metrics")]
    #[inline]
    pub(crate) fn next<T>(&mut self, store: &mut Store<T>) -> Option<Report> {
        let (waiting, in_flight) = (store.len() as i64, store.in_flight() as i64);
        Some(Report {
            counts: self.counts.go_on(store.counts()),
            waiting: waiting - std::mem::replace(&mut self.waiting, waiting),
            in_flight: in_flight - std::mem::replace(&mut self.in_flight, in_flight),
            buried: store.take_buried(),
        })
    }

    /// Logs tell of trouble only.
    #[cfg(all(feature = "tracing", not(feature = "metrics")))]
    #[inline]
    pub(crate) fn next<T>(&mut self, store: &mut Store<T>) -> Option<Report> {
        let troubles = |counts: &Counts| counts.leases_over + counts.dead_letters;
        let more = troubles(store.counts()) > troubles(&self.counts);
        more.then(|| Report {
            counts: self.counts.go_on(store.counts()),
            waiting: 0,
            in_flight: 0,
            buried: store.take_buried(),
        })
    }

    #[cfg(not(any(feature = "metrics", feature = "tracing")))]
    #[inline]
    pub(crate) fn next<T>(&mut self, _store: &mut Store<T>) -> Option<Report> {
        None
    }
}
