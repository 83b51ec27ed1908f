//! What a pool counts, with its name as the label `name`.

use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::metrics::{Counter, Gauge, Histogram};
use seaworthy_core::panic;

use super::crew::{Levels, Tell};
use super::store::Ended;

/// The handles of one pool; without the feature `metrics` they have no size.
///
/// None is used under a lock: a recorder is code of the user, and one that panics harms nobody. The gauges are added to,
/// so that it does not matter who is first.
#[derive(Debug)]
pub(crate) struct Metrics {
    done: Counter,
    panicked: Counter,
    full: Counter,
    shutting_down: Counter,
    discarded: Counter,
    withdrawn: Counter,
    threads: Gauge,
    busy: Gauge,
    queued: Gauge,
    waiting: Gauge,
    waited: Histogram,
    ran: Histogram,
}

/// Whether anything is told at all.
const ON: bool = cfg!(feature = "metrics");

impl Metrics {
    pub(crate) fn new(name: &Arc<str>) -> Self {
        let label = || ("name", Arc::clone(name));
        let counter = |metric| Counter::new(metric, &[label()]);
        let gauge = |metric| Gauge::new(metric, &[label()]);
        let histogram = |metric| Histogram::new(metric, &[label()]);
        let by = |metric, key, value: &str| Counter::new(metric, &[label(), (key, value.into())]);
        let jobs = |outcome| by("seaworthy_bulkhead_pool_jobs_total", "outcome", outcome);
        let rejected = |reason| by("seaworthy_bulkhead_pool_rejected_total", "reason", reason);
        Self {
            done: jobs("done"),
            panicked: jobs("panicked"),
            full: rejected("full"),
            shutting_down: rejected("shutting_down"),
            discarded: counter("seaworthy_bulkhead_pool_discarded_total"),
            withdrawn: counter("seaworthy_bulkhead_pool_withdrawn_total"),
            threads: gauge("seaworthy_bulkhead_pool_threads"),
            busy: gauge("seaworthy_bulkhead_pool_busy"),
            queued: gauge("seaworthy_bulkhead_pool_queued"),
            waiting: gauge("seaworthy_bulkhead_pool_waiting"),
            waited: histogram("seaworthy_bulkhead_pool_wait_seconds"),
            ran: histogram("seaworthy_bulkhead_pool_run_seconds"),
        }
    }

    pub(crate) fn begun(&self, queued_for: Duration) {
        tell(|| self.waited.record(queued_for.as_secs_f64()));
    }

    pub(crate) fn ended(&self, ended: Ended, took: Duration) {
        tell(|| {
            self.ran.record(took.as_secs_f64());
            match ended {
                Ended::Well => self.done.increment(1),
                Ended::Panicked => self.panicked.increment(1),
            }
        });
    }

    pub(crate) fn full(&self) {
        tell(|| self.full.increment(1));
    }

    pub(crate) fn shutting_down(&self, jobs: u64) {
        if jobs > 0 {
            tell(|| self.shutting_down.increment(jobs));
        }
    }

    pub(crate) fn discarded(&self, jobs: u64) {
        if jobs > 0 {
            tell(|| self.discarded.increment(jobs));
        }
    }

    pub(crate) fn withdrawn(&self) {
        tell(|| self.withdrawn.increment(1));
    }
}

impl Tell for Metrics {
    fn levels(&self, before: Levels, after: Levels) {
        tell(|| {
            shift(&self.threads, before.threads, after.threads);
            shift(&self.busy, before.busy, after.busy);
            shift(&self.queued, before.queued, after.queued);
            shift(&self.waiting, before.waiting, after.waiting);
        });
    }
}

/// Neither of them is ever more than a few millions.
fn shift(gauge: &Gauge, before: u32, after: u32) {
    if before != after {
        gauge.add(f64::from(after) - f64::from(before));
    }
}

fn tell(tell: impl FnOnce()) {
    if ON {
        let _ = panic::catch(tell);
    }
}
