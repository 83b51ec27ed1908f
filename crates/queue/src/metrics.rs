//! What a queue counts, with its name as the label `name`.

use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::metrics::{Counter, Gauge, Histogram};

use crate::why::Why;

/// The handles of one queue; without the feature `metrics` they have no size.
#[derive(Debug)]
pub(crate) struct Metrics {
    sent: Counter,
    received: Counter,
    full: Counter,
    closed: Counter,
    too_heavy: Counter,
    dropped: [(Why, Counter); 7],
    redelivered: Counter,
    dead: Counter,
    waiting: Gauge,
    in_flight: Gauge,
    waited: Histogram,
}

const REASONS: [Why; 7] = [
    Why::Evicted,
    Why::NoRoom,
    Why::Expired,
    Why::WaitedTooLong,
    Why::NoRoomForDeadLetters,
    Why::Drained,
    Why::Abandoned,
];

impl Metrics {
    pub(crate) fn new(name: &Arc<str>) -> Self {
        let label = || ("name", Arc::clone(name));
        let counter = |metric| Counter::new(metric, &[label()]);
        let reason = |metric, reason: &str| {
            let labels = [label(), ("reason", reason.into())];
            Counter::new(metric, &labels)
        };
        let rejected = |why| reason("seaworthy_queue_rejected_total", why);
        Self {
            sent: counter("seaworthy_queue_sent_total"),
            received: counter("seaworthy_queue_received_total"),
            full: rejected("full"),
            closed: rejected("closed"),
            too_heavy: rejected("too_heavy"),
            dropped: REASONS.map(|why| (why, reason("seaworthy_queue_dropped_total", why.name()))),
            redelivered: counter("seaworthy_queue_redelivered_total"),
            dead: counter("seaworthy_queue_dead_letters_total"),
            waiting: Gauge::new("seaworthy_queue_waiting", &[label()]),
            in_flight: Gauge::new("seaworthy_queue_in_flight", &[label()]),
            waited: Histogram::new("seaworthy_queue_waited_seconds", &[label()]),
        }
    }

    /// An item came in.
    #[inline]
    pub(crate) fn sent(&self) {
        self.sent.increment(1);
    }

    /// An item went to a receiver, for whom it had waited so long.
    #[inline]
    pub(crate) fn received(&self, waited: Duration) {
        self.received.increment(1);
        self.waited.record(waited.as_secs_f64());
    }

    pub(crate) fn full(&self) {
        self.full.increment(1);
    }

    pub(crate) fn closed(&self) {
        self.closed.increment(1);
    }

    pub(crate) fn too_heavy(&self) {
        self.too_heavy.increment(1);
    }

    pub(crate) fn dropped(&self, why: Why) {
        let counter = self.dropped.iter().find(|(reason, _)| *reason == why);
        counter.inspect(|(_, counter)| counter.increment(1));
    }

    pub(crate) fn redelivered(&self) {
        self.redelivered.increment(1);
    }

    pub(crate) fn dead(&self) {
        self.dead.increment(1);
    }

    /// How many wait, and how many are with workers.
    #[inline]
    pub(crate) fn show(&self, waiting: usize, in_flight: usize) {
        self.waiting.set(waiting as f64);
        self.in_flight.set(in_flight as f64);
    }
}
