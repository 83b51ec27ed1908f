//! What a timeout counts, with its name as the label `name`.

use std::sync::Arc;

use seaworthy_core::metrics::Counter;

/// The handles of one timeout; without the feature `metrics` they have no size.
#[derive(Debug)]
pub(crate) struct Metrics {
    timed_out: Counter,
    expired: Counter,
}

impl Metrics {
    pub(crate) fn new(name: &Arc<str>) -> Self {
        let rejected = |reason: &str| {
            let labels = [("name", Arc::clone(name)), ("reason", reason.into())];
            Counter::new("seaworthy_timeout_rejected_total", &labels)
        };
        Self {
            timed_out: rejected("timed_out"),
            expired: rejected("expired"),
        }
    }

    pub(crate) fn timed_out(&self) {
        self.timed_out.increment(1);
    }

    pub(crate) fn expired(&self) {
        self.expired.increment(1);
    }
}
