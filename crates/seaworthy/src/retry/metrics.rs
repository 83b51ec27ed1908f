//! What retries count, with their name as the label `name`.

use std::sync::Arc;

use seaworthy_core::metrics::Counter;

use super::given_up::GivenUp;

/// The handles of one [`Retry`](super::Retry); without the feature `metrics` they have no size.
#[derive(Debug)]
pub(crate) struct Metrics {
    retries: Counter,
    recovered: Counter,
    given_up: [Counter; GivenUp::ALL.len()],
}

impl Metrics {
    pub(crate) fn new(name: &Arc<str>) -> Self {
        let label = || ("name", Arc::clone(name));
        let given_up = |reason: GivenUp| {
            let labels = [label(), ("reason", reason.label().into())];
            Counter::new("seaworthy_retry_given_up_total", &labels)
        };
        Self {
            retries: Counter::new("seaworthy_retry_retries_total", &[label()]),
            recovered: Counter::new("seaworthy_retry_recovered_total", &[label()]),
            given_up: GivenUp::ALL.map(given_up),
        }
    }

    pub(crate) fn retried(&self) {
        self.retries.increment(1);
    }

    pub(crate) fn recovered(&self) {
        self.recovered.increment(1);
    }

    pub(crate) fn given_up(&self, reason: GivenUp) {
        self.given_up[reason as usize].increment(1);
    }
}
