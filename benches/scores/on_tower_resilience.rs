//! tower-resilience, as a tower layer with its handle.

use std::collections::HashMap;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use seaworthy_circuit_breaker::Window;
use seaworthy_circuit_breaker::machine::State;
use tower_layer::Layer;
use tower_resilience::circuitbreaker::{
    CircuitBreaker, CircuitBreakerConfigBuilder, CircuitBreakerError, CircuitBreakerHandle,
    CircuitBreakerLayer, CircuitState, FailureClassifier, SlidingWindowType,
};
use tower_service::Service;

use crate::asked::{Asked, Rule, orders_are_among};
use crate::format::{Record, Step};
use crate::gate::{Call, End, Fault, poll};
use crate::{Breaker, Did};

/// Errors that do not count are no failures.
#[derive(Clone, Copy)]
struct Judge;

impl FailureClassifier<(), Fault> for Judge {
    fn classify(&self, result: &Result<(), Fault>) -> bool {
        matches!(result, Err(Fault::Failed))
    }
}

/// A service whose calls end when their requests say.
#[derive(Clone, Copy)]
struct Waits;

impl Service<End> for Waits {
    type Response = ();
    type Error = Fault;
    type Future = End;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, end: End) -> End {
        end
    }
}

type Rejected = Pin<Box<dyn Future<Output = bool>>>;

struct Resilience {
    service: CircuitBreaker<Waits, Judge>,
    handle: CircuitBreakerHandle<Judge>,
    calls: HashMap<u64, Call<Rejected>>,
    /// It was the last to be ordered.
    forced: bool,
}

/// With all times as many times as long.
pub(crate) fn make(record: &Record, times: f64) -> Option<Box<dyn Breaker>> {
    let asked = Asked::of(record);
    let known = ["close", "reset", "open", "force_open"];
    if asked.is_beyond_all(record) || !orders_are_among(record, &known) {
        return None;
    }
    let scaled = |time: Duration| time.mul_f64(times);
    let builder = CircuitBreakerConfigBuilder::new().failure_classifier_type(Judge);
    let config = &asked.config;
    let mut builder = builder
        .wait_duration_in_open(scaled(config.open.first))
        .permitted_calls_in_half_open(asked.probes as usize);
    builder = match config.window {
        Window::Calls(calls) => builder.sliding_window_size(calls as usize),
        Window::Time { span, .. } => builder
            .sliding_window_type(SlidingWindowType::TimeBased)
            .sliding_window_duration(scaled(span)),
    };
    builder = match asked.rule {
        Rule::Consecutive(failures) => builder.consecutive_failures(failures as usize),
        Rule::Rate(rate) => builder
            .failure_rate_threshold(rate)
            .minimum_number_of_calls(config.minimum_calls as usize),
    };
    if let Some(slow) = config.slow_calls {
        builder = builder
            .slow_call_duration_threshold(scaled(slow.longer_than))
            .slow_call_rate_threshold(slow.rate);
    }
    let (layer, handle): (CircuitBreakerLayer<Judge>, _) = builder.build_with_handle().ok()?;
    Some(Box::new(Resilience {
        service: layer.layer(Waits),
        handle,
        calls: HashMap::new(),
        forced: false,
    }))
}

impl Resilience {
    fn acquire(&mut self, call: u64) -> bool {
        let service = &mut self.service;
        let begun = Call::begin(|end| -> Rejected {
            // Ready, or a rejection is: nobody else holds its lock.
            let _ = service.poll_ready(&mut Context::from_waker(Waker::noop()));
            let future = service.call(end);
            Box::pin(async { matches!(future.await, Err(CircuitBreakerError::OpenCircuit)) })
        });
        let admitted = begun.is_some();
        self.calls.extend(begun.map(|begun| (call, begun)));
        admitted
    }

    fn order(&mut self, what: &str) {
        self.forced = what == "force_open";
        let _ = match what {
            "close" => poll(pin!(self.handle.force_closed())),
            "reset" => poll(pin!(self.handle.reset())),
            _ => poll(pin!(self.handle.force_open())),
        };
    }

    fn state(&self) -> State {
        match self.handle.state() {
            CircuitState::Closed => State::Closed,
            CircuitState::HalfOpen => State::HalfOpen,
            CircuitState::Open if self.forced => State::ForcedOpen,
            CircuitState::Open => State::Open,
        }
    }
}

impl Breaker for Resilience {
    fn act(&mut self, step: &Step) -> Did {
        let mut admitted = None;
        match (step.what.as_str(), step.call) {
            ("acquire", Some(call)) => admitted = Some(self.acquire(call)),
            (how, Some(call)) => {
                if let Some(call) = self.calls.remove(&call) {
                    call.finish(how);
                }
            }
            ("state", None) => {}
            (order, None) => self.order(order),
        }
        Did {
            admitted,
            state: self.state(),
            illegal: false,
        }
    }
}
