//! failsafe, with the clock that its own tests freeze.

use std::time::Duration;

use failsafe::failure_policy::{consecutive_failures, success_rate_over_time_window};
use failsafe::{Config, FailurePolicy, StateMachine, backoff, clock};
use seaworthy_circuit_breaker::Window;
use seaworthy_circuit_breaker::machine::State;

use crate::asked::{Asked, Rule, orders_are_among};
use crate::format::{Record, Step, state};
use crate::{Breaker, Did, Outcome, agrees};

struct Failsafe<P>(StateMachine<P, ()>);

/// All of a trace, since its clock is frozen for the time of one function.
pub(crate) fn outcome(record: &Record) -> Outcome {
    clock::freeze(|clock| {
        let Some(mut breaker) = make(record) else {
            return Outcome::CannotBeSaid;
        };
        let mut now = 0;
        for (number, step) in record.steps.iter().enumerate() {
            clock.advance(Duration::from_millis(step.at_ms - now));
            now = step.at_ms;
            if !agrees(breaker.as_mut(), record, number) {
                return Outcome::Differs;
            }
        }
        Outcome::Matches
    })
}

fn make(record: &Record) -> Option<Box<dyn Breaker>> {
    let asked = Asked::of(record);
    let slow = asked.config.slow_calls.is_some();
    if slow || asked.is_beyond_all(record) || !orders_are_among(record, &["close", "reset"]) {
        return None;
    }
    let open = backoff::constant(asked.config.open.first);
    match (asked.rule, asked.config.window) {
        (Rule::Consecutive(failures), _) => Some(boxed(consecutive_failures(failures, open))),
        // It counts whole seconds.
        (Rule::Rate(rate), Window::Time { span, .. }) if span >= Duration::from_secs(1) => {
            let minimum = asked.config.minimum_calls;
            let policy = success_rate_over_time_window(1.0 - rate, minimum, span, open);
            Some(boxed(policy))
        }
        _ => None,
    }
}

fn boxed(policy: impl FailurePolicy + 'static) -> Box<dyn Breaker> {
    Box::new(Failsafe(Config::new().failure_policy(policy).build()))
}

impl<P: FailurePolicy> Failsafe<P> {
    /// It shows its state nowhere but here.
    fn state(&self) -> State {
        let shown = format!("{:?}", self.0);
        let name = shown.split('"').nth(1).unwrap_or_default();
        state(name)
    }
}

impl<P: FailurePolicy> Breaker for Failsafe<P> {
    fn act(&mut self, step: &Step) -> Did {
        let mut admitted = None;
        match step.what.as_str() {
            "acquire" => admitted = Some(self.0.is_call_permitted()),
            "error" => self.0.on_error(),
            // An error that its predicate does not take for one counts as a success.
            "success" | "ignore" => self.0.on_success(),
            "close" | "reset" => self.0.reset(),
            _ => {}
        }
        Did {
            admitted,
            state: self.state(),
            illegal: false,
        }
    }
}
