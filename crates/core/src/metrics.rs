//! Metric handles that a component makes once, and that cost nothing without the feature `metrics`.
//!
//! A handle is resolved at its first use, not when it is made: a recorder that was installed before
//! the first call of a component is seen, even if the component was built before. One installed later
//! is not. A recorder that uses a handle for the first time while it is asked for another one, or for the same, finds that
//! one idle: it counts nothing until it is resolved. Without the feature the handles have no size, and nothing is stored or allocated.
//!
//! Names follow the practice of Prometheus: `seaworthy_<crate>_<thing>_<unit|total>`, with seconds for
//! durations. Labels are fixed when the handle is made, so there are as many series as components.
//!
//! ```
//! use std::sync::Arc;
//! use seaworthy_core::metrics::Counter;
//!
//! let name: Arc<str> = "app".into();
//! let restarts = Counter::new("seaworthy_supervisor_restarts_total", &[("name", name)]);
//! restarts.increment(1);
//! ```

#[cfg(not(feature = "metrics"))]
mod off;
#[cfg(feature = "metrics")]
mod on;

use std::sync::Arc;

#[cfg(not(feature = "metrics"))]
use off as imp;
#[cfg(feature = "metrics")]
use on as imp;

/// The labels of a handle: names and values.
pub type Labels<'a> = &'a [(&'static str, Arc<str>)];

/// How often something has happened.
#[derive(Clone, Debug)]
pub struct Counter {
    handle: imp::Counter,
}

impl Counter {
    /// A counter that is resolved at its first use.
    #[must_use]
    pub fn new(name: &'static str, labels: Labels<'_>) -> Self {
        Self {
            handle: imp::Counter::new(name, labels),
        }
    }

    /// Counts `by` more.
    pub fn increment(&self, by: u64) {
        self.handle.increment(by);
    }
}

/// How much there is of something.
#[derive(Clone, Debug)]
pub struct Gauge {
    handle: imp::Gauge,
}

impl Gauge {
    /// A gauge that is resolved at its first use.
    #[must_use]
    pub fn new(name: &'static str, labels: Labels<'_>) -> Self {
        Self {
            handle: imp::Gauge::new(name, labels),
        }
    }

    /// There is this much of it.
    pub fn set(&self, value: f64) {
        self.handle.set(value);
    }

    /// There is so much more of it, or less if `by` is negative.
    pub fn add(&self, by: f64) {
        self.handle.add(by);
    }
}

/// How something is distributed.
#[derive(Clone, Debug)]
pub struct Histogram {
    handle: imp::Histogram,
}

impl Histogram {
    /// A histogram that is resolved at its first use.
    #[must_use]
    pub fn new(name: &'static str, labels: Labels<'_>) -> Self {
        Self {
            handle: imp::Histogram::new(name, labels),
        }
    }

    /// One more observation; a duration in seconds.
    pub fn record(&self, value: f64) {
        self.handle.record(value);
    }
}
