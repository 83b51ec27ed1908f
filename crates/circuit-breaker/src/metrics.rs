//! What a breaker counts, with its name as the label `name`.

use std::sync::Arc;

use seaworthy_core::Verdict;
use seaworthy_core::metrics::{Counter, Gauge};
use seaworthy_core::serial::Serial;

use crate::event::BreakerEvent;
use crate::machine::{Ending, State};

/// The counters of one breaker; without the feature `metrics` they have no size.
#[derive(Debug)]
pub(crate) struct Metrics {
    success: Counter,
    failure: Counter,
    overload: Counter,
    ignored: Counter,
    cancelled: Counter,
    panicked: Counter,
    rejected: Counter,
    opened: Counter,
    would_open: Counter,
    overdue: Counter,
    /// None for breakers by key: they are in as many states as there are keys.
    states: Option<[(State, Gauge); 7]>,
    /// What they are to show, if it is not that.
    next: Serial<Option<State>>,
}

const STATES: [State; 7] = [
    State::Closed,
    State::Recovering,
    State::Open,
    State::HalfOpen,
    State::ForcedOpen,
    State::Disabled,
    State::MetricsOnly,
];

impl Metrics {
    pub(crate) fn new(name: &Arc<str>) -> Self {
        let label = || ("name", Arc::clone(name));
        let counter = |metric| Counter::new(metric, &[label()]);
        let calls = |outcome: &str| {
            let labels = [label(), ("outcome", outcome.into())];
            Counter::new("seaworthy_circuit_breaker_calls_total", &labels)
        };
        let state = |state: State| {
            let labels = [label(), ("state", state.name().into())];
            (
                state,
                Gauge::new("seaworthy_circuit_breaker_state", &labels),
            )
        };
        Self {
            success: calls("success"),
            failure: calls("failure"),
            overload: calls("overload"),
            ignored: calls("ignored"),
            cancelled: calls("cancelled"),
            panicked: calls("panicked"),
            rejected: counter("seaworthy_circuit_breaker_rejected_total"),
            opened: counter("seaworthy_circuit_breaker_opened_total"),
            would_open: counter("seaworthy_circuit_breaker_would_open_total"),
            overdue: counter("seaworthy_circuit_breaker_probes_overdue_total"),
            states: Some(STATES.map(state)),
            next: Serial::new(None),
        }
    }

    /// Of breakers by key, which count together.
    pub(crate) fn keyed(name: &Arc<str>) -> Self {
        Self {
            states: None,
            ..Self::new(name)
        }
    }

    #[inline]
    pub(crate) fn ended(&self, how: Ending) {
        let counter = match how {
            Ending::Verdict(Verdict::Success) => &self.success,
            Ending::Verdict(Verdict::Failure) => &self.failure,
            Ending::Verdict(Verdict::Overload) => &self.overload,
            Ending::Verdict(Verdict::Ignored) => &self.ignored,
            Ending::Cancelled => &self.cancelled,
            Ending::Panicked => &self.panicked,
        };
        counter.increment(1);
    }

    #[inline]
    pub(crate) fn rejected(&self) {
        self.rejected.increment(1);
    }

    /// The state is this from now on. Under the lock of the breaker; told with the next [`tell`](Self::tell).
    pub(crate) fn turn(&self, now: State) {
        if cfg!(feature = "metrics") {
            self.next.with(|next| *next = Some(now));
        }
    }

    /// What has happened. Outside the lock: a recorder is code of the user.
    pub(crate) fn tell(&self, events: &[BreakerEvent]) {
        for event in events {
            match event {
                BreakerEvent::StateChanged { to, .. } => {
                    if *to == State::Open {
                        self.opened.increment(1);
                    }
                }
                BreakerEvent::WouldOpen { .. } => self.would_open.increment(1),
                BreakerEvent::ProbeOverdue => self.overdue.increment(1),
                BreakerEvent::Reconfigured { .. } | BreakerEvent::MayWedge => {}
            }
        }
        self.next.run(Option::take, |state| self.show(state));
    }

    /// One of the gauges is 1, the others are 0.
    fn show(&self, now: State) {
        for (state, gauge) in self.states.iter().flatten() {
            gauge.set(f64::from(u8::from(*state == now)));
        }
    }
}
