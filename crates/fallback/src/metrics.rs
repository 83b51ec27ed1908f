//! What a fallback counts, with its name as the label `name`, and who was asked as `source`.

use std::sync::Arc;

use seaworthy_core::metrics::Counter;

use crate::miss::Miss;

/// The counters of a fallback; without the feature `metrics` they have no size.
#[derive(Debug)]
pub(crate) struct Metrics {
    primary: Counter,
    unanswered: Counter,
}

/// Those of one strategy.
#[derive(Debug)]
pub(crate) struct StrategyMetrics {
    answers: Counter,
    nothing: Counter,
    busy: Counter,
    failed: Counter,
    panicked: Counter,
}

const ANSWERS: &str = "seaworthy_fallback_answers_total";

impl Metrics {
    pub(crate) fn new(name: &Arc<str>) -> Self {
        let name = ("name", Arc::clone(name));
        Self {
            primary: Counter::new(ANSWERS, &[name.clone(), ("source", "primary".into())]),
            unanswered: Counter::new("seaworthy_fallback_unanswered_total", &[name]),
        }
    }

    #[inline]
    pub(crate) fn primary(&self) {
        self.primary.increment(1);
    }

    pub(crate) fn unanswered(&self) {
        self.unanswered.increment(1);
    }
}

impl StrategyMetrics {
    pub(crate) fn new(name: &Arc<str>, source: &Arc<str>) -> Self {
        let labels = || vec![("name", Arc::clone(name)), ("source", Arc::clone(source))];
        let missed = |reason: &str| {
            let mut labels = labels();
            labels.push(("reason", reason.into()));
            Counter::new("seaworthy_fallback_misses_total", &labels)
        };
        Self {
            answers: Counter::new(ANSWERS, &labels()),
            nothing: missed("nothing"),
            busy: missed("busy"),
            failed: missed("failed"),
            panicked: missed("panicked"),
        }
    }

    pub(crate) fn answered(&self) {
        self.answers.increment(1);
    }

    pub(crate) fn missed(&self, miss: &Miss) {
        let counter = match miss {
            Miss::Nothing => &self.nothing,
            Miss::Busy { .. } => &self.busy,
            Miss::Failed(_) => &self.failed,
            Miss::Panicked(_) => &self.panicked,
        };
        counter.increment(1);
    }
}
