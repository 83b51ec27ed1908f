//! The breakers of others, each in its default configuration and called as its own documentation shows.

use std::hint::black_box;
use std::time::Duration;

use failsafe::StateMachine;
use failsafe::backoff::EqualJittered;
use failsafe::failure_policy::{ConsecutiveFailures, OrElse, SuccessRateOverTimeWindow};
use failsafe::futures::CircuitBreaker as _;
use recloser::{AsyncRecloser, Recloser};
use seaworthy_benches::Failure;
use seaworthy_benches::breaker::{Ask, Caller, Came, Desk, Hammered, Reply, calling};
use tower_layer::Layer;
use tower_resilience::circuitbreaker::{
    CircuitBreaker, CircuitBreakerConfigBuilder, CircuitBreakerError, CircuitBreakerLayer,
    DefaultClassifier, SlidingWindowType,
};

use super::{Case, Round, Somebody, run, run_opened};
use crate::calls::CALLS;
use crate::contender::{Contender, Task};
use crate::versions::named;

/// Calls in each round, of what looks through its whole window at each.
const CALLS_SLOW: u64 = 2_000;

pub(super) fn contenders(case: Case) -> Vec<Somebody> {
    let other =
        |who, round: fn(Round) -> Task<Hammered>, calls| Contender::other(who, (round, calls));
    let resilience = named("tower-resilience");
    let mut all = vec![other(
        resilience.clone(),
        |round| Box::pin(resilient(round)),
        CALLS,
    )];
    if case != Case::OpenReject {
        // Its default counts a hundred calls and begins anew: ours slides over ten seconds.
        let who = format!("{resilience}, window of 10 s");
        all.push(other(
            who,
            |round| Box::pin(resilient_for_a_time(round)),
            CALLS_SLOW,
        ));
    }
    let (failsafe, recloser) = (named("failsafe"), named("recloser"));
    if case == Case::SlowOn {
        let why = "has no rule for slow calls";
        all.push(Contender::cannot(failsafe, why));
        all.push(Contender::cannot(recloser, why));
    } else {
        all.push(other(failsafe, |round| Box::pin(fail_safely(round)), CALLS));
        all.push(other(recloser, |round| Box::pin(reclose(round)), CALLS));
    }
    if case == Case::Success {
        let why = "is not measured: it asks for tokio 1.48 and no later one, with which the others cannot be built";
        all.push(Contender::cannot("ninelives 0.2.0", why));
    }
    all
}

/// tower-resilience, as a tower layer.
#[derive(Clone)]
struct Resilient(CircuitBreaker<Desk, DefaultClassifier>);

impl Caller for Resilient {
    #[inline]
    async fn call(&mut self, ask: Ask) -> Came {
        match black_box(calling(&mut self.0, ask).await) {
            Ok(number) => Came::Answer(number),
            Err(CircuitBreakerError::OpenCircuit) => Came::Rejection,
            Err(CircuitBreakerError::Inner(_)) => Came::Failure,
        }
    }
}

async fn resilient(round: Round) -> Result<Hammered, Failure> {
    let mut builder = CircuitBreakerLayer::builder();
    if round.case == Case::SlowOn {
        builder = mind_slow_calls(builder);
    }
    let layer = builder.build().map_err(|error| error.to_string())?;
    run_opened(round, Resilient(layer.layer(Desk))).await
}

async fn resilient_for_a_time(round: Round) -> Result<Hammered, Failure> {
    let mut builder = CircuitBreakerLayer::builder()
        .sliding_window_type(SlidingWindowType::TimeBased)
        .sliding_window_duration(Duration::from_secs(10))
        .minimum_number_of_calls(20);
    if round.case == Case::SlowOn {
        builder = mind_slow_calls(builder);
    }
    let layer = builder.build().map_err(|error| error.to_string())?;
    run(round, Resilient(layer.layer(Desk))).await
}

fn mind_slow_calls(builder: CircuitBreakerConfigBuilder) -> CircuitBreakerConfigBuilder {
    builder
        .slow_call_duration_threshold(Duration::from_secs(1))
        .slow_call_rate_threshold(0.5)
}

/// What failsafe makes by default.
type Policy = OrElse<SuccessRateOverTimeWindow<EqualJittered>, ConsecutiveFailures<EqualJittered>>;

/// failsafe, around the response of the service: it has no layer.
#[derive(Clone)]
struct Failsafe(StateMachine<Policy, ()>);

impl Caller for Failsafe {
    #[inline]
    async fn call(&mut self, ask: Ask) -> Came {
        match black_box(self.0.call(Reply(ask)).await) {
            Ok(number) => Came::Answer(number),
            Err(failsafe::Error::Rejected) => Came::Rejection,
            Err(failsafe::Error::Inner(_)) => Came::Failure,
        }
    }
}

async fn fail_safely(round: Round) -> Result<Hammered, Failure> {
    let breaker = failsafe::Config::new().build();
    run_opened(round, Failsafe(breaker)).await
}

/// recloser, around the response of the service: it has no layer.
#[derive(Clone)]
struct Reclosed(AsyncRecloser);

impl Caller for Reclosed {
    #[inline]
    async fn call(&mut self, ask: Ask) -> Came {
        match black_box(self.0.call(Reply(ask)).await) {
            Ok(number) => Came::Answer(number),
            Err(recloser::Error::Rejected) => Came::Rejection,
            Err(recloser::Error::Inner(_)) => Came::Failure,
        }
    }
}

async fn reclose(round: Round) -> Result<Hammered, Failure> {
    let breaker = AsyncRecloser::from(Recloser::default());
    run_opened(round, Reclosed(breaker)).await
}
