//! What has changed in a queue, for those who are told outside the lock.

use crate::letter::Failure;
use crate::store::{Counts, Store};

/// What a queue has done so far, and how much is in it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Standing {
    pub(crate) counts: Counts,
    pub(crate) waiting: usize,
    pub(crate) in_flight: usize,
}

/// What happened under the lock, once.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) from: Standing,
    pub(crate) to: Standing,
    /// How often each of those was delivered that are dead letters now, and how that ended.
    pub(crate) buried: Vec<(u32, Failure)>,
}

/// What was reported last.
#[derive(Debug, Default)]
pub(crate) struct Reported {
    #[cfg(any(feature = "metrics", feature = "tracing"))]
    standing: Standing,
}

impl Reported {
    /// What has happened since the last report; none if nobody wants one. Under the lock.
    #[cfg(any(feature = "metrics", feature = "tracing"))]
    #[inline]
    pub(crate) fn next<T>(&mut self, store: &mut Store<T>) -> Option<Report> {
        let to = Standing {
            counts: store.counts(),
            waiting: store.len(),
            in_flight: store.in_flight(),
        };
        let from = std::mem::replace(&mut self.standing, to);
        let buried = store.take_buried();
        Some(Report { from, to, buried })
    }

    #[cfg(not(any(feature = "metrics", feature = "tracing")))]
    #[inline]
    pub(crate) fn next<T>(&mut self, _store: &mut Store<T>) -> Option<Report> {
        None
    }
}
