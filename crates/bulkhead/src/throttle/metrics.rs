//! What a throttle counts, with its name as the label `name`.

use std::sync::Arc;

use seaworthy_core::metrics::{Counter, Gauge};
use seaworthy_core::panic;

/// The handles of one throttle; without the feature `metrics` they have no size.
#[derive(Debug)]
pub(crate) struct Metrics {
    accepted: Counter,
    overload: Counter,
    throttled: Counter,
    chance: Gauge,
}

impl Metrics {
    pub(crate) fn new(name: &Arc<str>) -> Self {
        let label = || ("name", Arc::clone(name));
        let requests = |outcome: &str| {
            let labels = [label(), ("outcome", outcome.into())];
            Counter::new("seaworthy_bulkhead_throttle_requests_total", &labels)
        };
        Self {
            accepted: requests("accepted"),
            overload: requests("overload"),
            throttled: requests("throttled"),
            chance: Gauge::new("seaworthy_bulkhead_throttle_chance_ratio", &[label()]),
        }
    }

    #[inline]
    pub(crate) fn ended(&self, accepted: bool) {
        let counter = if accepted {
            &self.accepted
        } else {
            &self.overload
        };
        counter.increment(1);
    }

    pub(crate) fn throttled(&self) {
        self.throttled.increment(1);
    }

    /// By one thread at a time.
    pub(crate) fn chance(&self, chance: f64) {
        if cfg!(feature = "metrics") {
            let _ = panic::catch(|| self.chance.set(chance));
        }
    }
}
