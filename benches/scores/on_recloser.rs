//! recloser. It tells its state to tracing only.

use std::cell::RefCell;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};

use ::recloser::{AsyncRecloser, Error, RECLOSER_EVENT, Recloser};
use seaworthy_circuit_breaker::Window;
use seaworthy_circuit_breaker::machine::State;
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber, span};

use crate::asked::{Asked, Rule, orders_are_among};
use crate::format::{Record, Step};
use crate::gate::{Call, Fault};
use crate::{Breaker, Did};

type Rejected = Pin<Box<dyn Future<Output = bool>>>;

struct Reclosed {
    breaker: AsyncRecloser,
    name: String,
    calls: HashMap<u64, Call<Rejected>>,
}

/// With all times as many times as long.
pub(crate) fn make(record: &Record, times: f64) -> Option<Box<dyn Breaker>> {
    let asked = Asked::of(record);
    let other = asked.config.slow_calls.is_some() || asked.slides_over_time();
    if other || asked.is_beyond_all(record) || !orders_are_among(record, &[]) {
        return None;
    }
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let name = NUMBER.fetch_add(1, Ordering::Relaxed).to_string();
    listen();
    // It judges once as many calls are there as it looks at, and has no minimum of its own.
    let (calls, rate) = match (asked.rule, asked.config.window) {
        (Rule::Consecutive(failures), _) => (failures, 1.0),
        // One whose calls are never forgotten.
        (Rule::Rate(rate), _) if !asked.by_rates => (asked.config.minimum_calls, rate),
        (Rule::Rate(rate), Window::Calls(calls)) => (calls, rate),
        _ => return None,
    };
    // Any failure at all.
    let half_open_rate = if asked.by_rates {
        rate as f32
    } else {
        f32::EPSILON
    };
    let breaker = Recloser::custom()
        .name(name.clone())
        .closed_len(calls as usize)
        .error_rate_closed(rate as f32)
        .half_open_len(asked.probes as usize)
        .error_rate_half_open(half_open_rate)
        .open_wait(asked.config.open.first.mul_f64(times))
        .build();
    Some(Box::new(Reclosed {
        breaker: breaker.into(),
        name,
        calls: HashMap::new(),
    }))
}

impl Reclosed {
    fn acquire(&mut self, call: u64) -> bool {
        let begun = Call::begin(|end| -> Rejected {
            // An error that its predicate does not take for one counts as a success.
            let counts = |fault: &Fault| *fault == Fault::Failed;
            let future = self.breaker.call_with(counts, end);
            Box::pin(async { matches!(future.await, Err(Error::Rejected)) })
        });
        let admitted = begun.is_some();
        self.calls.extend(begun.map(|begun| (call, begun)));
        admitted
    }

    fn state(&self) -> State {
        STATES.with_borrow(|states| states.get(&self.name).copied().unwrap_or(State::Closed))
    }
}

impl Breaker for Reclosed {
    fn act(&mut self, step: &Step) -> Did {
        let mut admitted = None;
        match (step.what.as_str(), step.call) {
            ("acquire", Some(call)) => admitted = Some(self.acquire(call)),
            (how, Some(call)) => {
                if let Some(call) = self.calls.remove(&call) {
                    call.finish(how);
                }
            }
            _ => {}
        }
        Did {
            admitted,
            state: self.state(),
            illegal: false,
        }
    }
}

thread_local! {
    /// In what state each of them is, by its name.
    static STATES: RefCell<HashMap<String, State>> = RefCell::default();
}

fn listen() {
    // Only the first time.
    let _ = tracing::subscriber::set_global_default(Ear);
}

/// Hears of the states that begin.
struct Ear;

impl Subscriber for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == RECLOSER_EVENT
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut heard = Heard::default();
        event.record(&mut heard);
        if heard.begins {
            let state = match heard.state.as_str() {
                "Closed" => State::Closed,
                "Open" => State::Open,
                _ => State::HalfOpen,
            };
            STATES.with_borrow_mut(|states| states.insert(heard.name, state));
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Heard {
    name: String,
    state: String,
    begins: bool,
}

impl Visit for Heard {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "name" => value.clone_into(&mut self.name),
            "state" => value.clone_into(&mut self.state),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, _: u64) {
        self.begins |= field.name() == "started_ts";
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
