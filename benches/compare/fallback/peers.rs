//! The fallbacks of others, each called as its own documentation shows.

use seaworthy_benches::Failure;
use seaworthy_benches::breaker::{Ask, Desk, Fault, Hammered};
use tower_layer::Layer;
use tower_resilience::fallback::FallbackLayer;

use super::{Round, Somebody, VALUE};
use crate::calls::{Answers, other};
use crate::versions::named;

pub(super) fn contenders() -> Vec<Somebody> {
    vec![other(named("tower-resilience"), |round| {
        Box::pin(resilient(round))
    })]
}

async fn resilient(round: Round) -> Result<Hammered, Failure> {
    let layer = FallbackLayer::<Ask, u64, Fault>::value(VALUE);
    round.run(Answers(layer.layer(Desk))).await
}
