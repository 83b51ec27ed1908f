//! What a queue counts, with its name as the label `name`.

use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::clock::{self, Coarse};
use seaworthy_core::metrics::{Counter, Gauge, Histogram};
use seaworthy_core::panic;

use crate::error::SendError;
use crate::report::Report;
use crate::why::Why;

/// The handles of one queue; without the feature `metrics` they have no size.
///
/// None is used under a lock: a recorder is code of the user. One that panics harms nobody, and keeps no other figure
/// from being told.
#[derive(Debug)]
pub(crate) struct Metrics {
    sent: Counter,
    received: Counter,
    redelivered: Counter,
    acknowledged: Counter,
    dead_letters: Counter,
    leases_over: Counter,
    withdrawn: Counter,
    gave_up: Counter,
    full: Counter,
    closed: Counter,
    too_heavy: Counter,
    dropped: [Counter; Why::ALL.len()],
    waiting: Gauge,
    in_flight: Gauge,
    waited: Histogram,
    served: Histogram,
}

/// Whether anything is told at all.
const ON: bool = cfg!(feature = "metrics");

impl Metrics {
    pub(crate) fn new(name: &Arc<str>) -> Self {
        let label = || ("name", Arc::clone(name));
        let counter = |metric| Counter::new(metric, &[label()]);
        let by = |metric, key, value: &str| Counter::new(metric, &[label(), (key, value.into())]);
        let rejected = |reason| by("seaworthy_queue_rejected_total", "reason", reason);
        let withdrawn = |from| by("seaworthy_queue_withdrawn_total", "from", from);
        Self {
            sent: counter("seaworthy_queue_sent_total"),
            received: counter("seaworthy_queue_received_total"),
            redelivered: counter("seaworthy_queue_redelivered_total"),
            acknowledged: counter("seaworthy_queue_acknowledged_total"),
            dead_letters: counter("seaworthy_queue_dead_letters_total"),
            leases_over: counter("seaworthy_queue_leases_over_total"),
            withdrawn: withdrawn("queue"),
            gave_up: withdrawn("line"),
            full: rejected("full"),
            closed: rejected("closed"),
            too_heavy: rejected("too_heavy"),
            dropped: Why::ALL.map(|why| by("seaworthy_queue_dropped_total", "reason", why.name())),
            waiting: Gauge::new("seaworthy_queue_waiting", &[label()]),
            in_flight: Gauge::new("seaworthy_queue_in_flight", &[label()]),
            waited: Histogram::new("seaworthy_queue_waited_seconds", &[label()]),
            served: Histogram::new("seaworthy_queue_served_seconds", &[label()]),
        }
    }

    /// What has happened in the queue.
    #[inline]
    pub(crate) fn moved(&self, report: &Report) {
        let counts = &report.counts;
        count(&self.sent, counts.sent);
        count(&self.received, counts.received);
        count(&self.redelivered, counts.redelivered);
        count(&self.acknowledged, counts.acknowledged);
        count(&self.dead_letters, counts.dead_letters);
        count(&self.leases_over, counts.leases_over);
        count(&self.withdrawn, counts.withdrawn);
        count(&self.gave_up, counts.gave_up);
        add(&self.waiting, report.waiting);
        add(&self.in_flight, report.in_flight);
    }

    /// An item is handed back.
    #[inline]
    pub(crate) fn rejected<T>(&self, error: &SendError<T>) {
        let counter = match error {
            SendError::Full(_) => &self.full,
            SendError::Closed(_) => &self.closed,
            SendError::TooHeavy(_) => &self.too_heavy,
        };
        count(counter, 1);
    }

    /// An item leaves otherwise than to a receiver.
    pub(crate) fn dropped(&self, why: Why) {
        count(&self.dropped[why as usize], 1);
    }

    /// An item that was sent at this time, or several, goes to a receiver for the first time.
    #[inline]
    pub(crate) fn waited(&self, since: Coarse, items: u64) {
        if ON {
            let waited = clock::coarse().since(since).as_secs_f64();
            (0..items).for_each(|_| quietly(|| self.waited.record(waited)));
        }
    }

    /// A worker had so many requests that are in the queue no more, and has so many of them now.
    #[inline]
    pub(crate) fn on_desks(&self, before: usize, now: usize) {
        add(&self.in_flight, now as i64 - before as i64);
    }

    /// A service has answered a request.
    #[inline]
    pub(crate) fn served(&self, began: Began) {
        if let Some(took) = began.took() {
            quietly(|| self.served.record(took.as_secs_f64()));
        }
    }
}

/// When a service was called, if anybody wants to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Began {
    #[cfg(feature = "metrics")]
    at: Coarse,
}

impl Began {
    #[inline]
    pub(crate) fn now() -> Self {
        Self {
            #[cfg(feature = "metrics")]
            at: clock::coarse(),
        }
    }

    #[inline]
    fn took(self) -> Option<Duration> {
        #[cfg(feature = "metrics")]
        return Some(clock::coarse().since(self.at));
        #[cfg(not(feature = "metrics"))]
        return None;
    }
}

#[inline]
fn count(counter: &Counter, times: u64) {
    if ON && times > 0 {
        quietly(|| counter.increment(times));
    }
}

/// By how much it has changed, and not what it is: so it does not matter who of several threads tells first, and queues
/// of the same name add up.
#[inline]
fn add(gauge: &Gauge, more: i64) {
    if ON && more != 0 {
        quietly(|| gauge.add(more as f64));
    }
}

#[inline]
fn quietly(tell: impl FnOnce()) {
    // The panic hook has reported it.
    let _ = panic::catch(tell);
}
