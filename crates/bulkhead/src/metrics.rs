//! What a bulkhead counts, with its name as the label `name`, and that of a partition as `partition`.

use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::metrics::{Counter, Gauge, Histogram};

/// The counters of one class of calls; without the feature `metrics` they have no size.
#[derive(Debug)]
pub(crate) struct Metrics {
    admitted: Counter,
    rejected: Counter,
    in_flight: Gauge,
    waiting: Gauge,
    wait: Histogram,
}

impl Metrics {
    pub(crate) fn new(name: &Arc<str>, partition: Option<&str>) -> Self {
        let name = ("name", Arc::clone(name));
        let labels = match partition {
            Some(partition) => vec![name, ("partition", partition.into())],
            None => vec![name],
        };
        Self {
            admitted: Counter::new("seaworthy_bulkhead_admitted_total", &labels),
            rejected: Counter::new("seaworthy_bulkhead_rejected_total", &labels),
            in_flight: Gauge::new("seaworthy_bulkhead_in_flight", &labels),
            waiting: Gauge::new("seaworthy_bulkhead_waiting", &labels),
            wait: Histogram::new("seaworthy_bulkhead_wait_seconds", &labels),
        }
    }

    #[inline]
    pub(crate) fn admitted(&self, charge: u32) {
        self.admitted.increment(1);
        self.in_flight.add(f64::from(charge));
    }

    #[inline]
    pub(crate) fn left(&self, charge: u32) {
        self.in_flight.add(-f64::from(charge));
    }

    #[inline]
    pub(crate) fn rejected(&self) {
        self.rejected.increment(1);
    }

    pub(crate) fn waits(&self) {
        self.waiting.add(1.0);
    }

    /// Whoever waited does not any more, after this time.
    pub(crate) fn waited(&self, time: Duration) {
        self.waiting.add(-1.0);
        self.wait.record(time.as_secs_f64());
    }
}

/// The limit, as it was told last.
#[derive(Debug)]
pub(crate) struct LimitGauge(Gauge);

impl LimitGauge {
    pub(crate) fn new(name: &Arc<str>) -> Self {
        let labels = [("name", Arc::clone(name))];
        Self(Gauge::new("seaworthy_bulkhead_limit", &labels))
    }

    pub(crate) fn set(&self, limit: u32) {
        self.0.set(f64::from(limit));
    }
}
