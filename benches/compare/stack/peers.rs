//! The stacks of others, each layer as its own documentation shows it.

use std::future::{Ready, ready};
use std::sync::Arc;

use recloser::{AsyncRecloser, Recloser};
use seaworthy_benches::Failure;
use seaworthy_benches::breaker::{Ask, Desk, Hammered};
use tower::retry::Policy;
use tower::retry::budget::{Budget, TpsBudget};
use tower::{BoxError, ServiceBuilder};
use tower_layer::Layer;
use tower_resilience::bulkhead::BulkheadLayer;
use tower_resilience::circuitbreaker::CircuitBreakerLayer;
use tower_resilience::fallback::FallbackLayer;
use tower_resilience::retry::RetryLayer;
use tower_resilience::timelimiter::TimeLimiterLayer;

use super::{ATTEMPT, Case, ROOM, Round, Somebody, VALUE};
use crate::calls::{Answers, other};
use crate::versions::named;

pub(super) fn contenders(case: Case) -> Vec<Somebody> {
    let resilience = named("tower-resilience");
    match case {
        Case::Five => {
            let by_hand = format!("{} and {}, by hand", named("tower"), named("recloser"));
            vec![
                other(resilience, |round| Box::pin(resilient(round))),
                other(by_hand, |round| Box::pin(mixed(round))),
            ]
        }
        Case::Six => vec![other(resilience, |round| Box::pin(resilient_six(round)))],
    }
}

async fn resilient(round: Round) -> Result<Hammered, Failure> {
    let timeout = TimeLimiterLayer::builder().timeout_duration(ATTEMPT);
    let breaker = CircuitBreakerLayer::builder().build();
    let breaker = breaker.map_err(|error| error.to_string())?;
    let retry = RetryLayer::builder().max_attempts(3).build();
    let bulkhead = BulkheadLayer::builder().max_concurrent_calls(ROOM as usize);
    let bulkhead = bulkhead.build().map_err(|error| error.to_string())?;
    let service = breaker.layer(timeout.build().layer(Desk));
    let service = bulkhead.layer(retry.layer(service));
    let service = FallbackLayer::value(VALUE).layer(service);
    round.run(Answers(service)).await
}

async fn resilient_six(round: Round) -> Result<Hammered, Failure> {
    let timeout = || TimeLimiterLayer::builder().timeout_duration(ATTEMPT);
    let breaker = CircuitBreakerLayer::builder().build();
    let breaker = breaker.map_err(|error| error.to_string())?;
    let retry = RetryLayer::builder().max_attempts(3).build();
    let bulkhead = BulkheadLayer::builder().max_concurrent_calls(ROOM as usize);
    let bulkhead = bulkhead.build().map_err(|error| error.to_string())?;
    let service = breaker.layer(timeout().build().layer(Desk));
    let service = timeout().build().layer(retry.layer(service));
    let service = FallbackLayer::value(VALUE).layer(bulkhead.layer(service));
    round.run(Answers(service)).await
}

/// tower's layers, and recloser around the future between them.
async fn mixed(round: Round) -> Result<Hammered, Failure> {
    let breaker = AsyncRecloser::from(Recloser::default());
    let service = ServiceBuilder::new()
        .map_result(|outcome: Result<u64, BoxError>| Ok::<_, BoxError>(outcome.unwrap_or(VALUE)))
        .load_shed()
        .concurrency_limit(ROOM as usize)
        .retry(Thrice::new())
        .map_future(move |attempt| {
            let breaker = breaker.clone();
            async move {
                breaker.call(attempt).await.map_err(|error| match error {
                    recloser::Error::Inner(error) => error,
                    recloser::Error::Rejected => BoxError::from("open"),
                })
            }
        })
        .timeout(ATTEMPT)
        .service(Desk);
    round.run(Answers(service)).await
}

/// The retries of tower's own documentation: some times, within a budget.
#[derive(Clone)]
struct Thrice {
    left: u32,
    budget: Arc<TpsBudget>,
}

impl Thrice {
    fn new() -> Self {
        Self {
            left: 2,
            budget: Arc::default(),
        }
    }
}

impl Policy<Ask, u64, BoxError> for Thrice {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Ask, outcome: &mut Result<u64, BoxError>) -> Option<Ready<()>> {
        if outcome.is_ok() {
            self.budget.deposit();
            return None;
        }
        if self.left == 0 || !self.budget.withdraw() {
            return None;
        }
        self.left -= 1;
        Some(ready(()))
    }

    fn clone_request(&mut self, ask: &Ask) -> Option<Ask> {
        Some(*ask)
    }
}
