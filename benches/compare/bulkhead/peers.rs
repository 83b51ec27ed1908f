//! The limits of others, each called as its own documentation shows.

use std::task::{Context, Poll, Waker};

use seaworthy_benches::Failure;
use seaworthy_benches::breaker::{Ask, Desk, Hammered};
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_layer::Layer;
use tower_resilience::bulkhead::{Bulkhead, BulkheadLayer};
use tower_service::Service;

use super::{Case, Round, Somebody};
use crate::calls::{Answers, other};
use crate::contender::Contender;
use crate::versions::named;

pub(super) fn contenders(case: Case) -> Vec<Somebody> {
    let tower = named("tower");
    let mut all = Vec::new();
    if case == Case::Free {
        all.push(other(format!("{tower} ConcurrencyLimit"), |round| {
            Box::pin(limited(round))
        }));
    } else {
        let why = "does not turn calls away: it is not ready";
        all.push(Contender::cannot(format!("{tower} ConcurrencyLimit"), why));
    }
    all.push(other(
        format!("{tower} ConcurrencyLimit + LoadShed"),
        |round| Box::pin(shed(round)),
    ));
    all.push(other(named("tower-resilience"), |round| {
        Box::pin(resilient(round))
    }));
    if case == Case::Free {
        let why = "is not measured: it asks for tokio 1.48 and no later one, with which the others cannot be built";
        all.push(Contender::cannot("ninelives 0.2.0", why));
    }
    all
}

async fn limited(round: Round) -> Result<Hammered, Failure> {
    let layer = GlobalConcurrencyLimitLayer::new(round.case.limit() as usize);
    round.run(Answers(layer.layer(Desk))).await
}

async fn shed(round: Round) -> Result<Hammered, Failure> {
    let limit = round.case.limit() as usize;
    let layer = GlobalConcurrencyLimitLayer::new(limit);
    let mut holder = layer.layer(Desk);
    if round.case == Case::FullReject && !is_ready(&mut holder) {
        return Err("the first place is not free".to_owned());
    }
    let service = ServiceBuilder::new().load_shed().layer(layer).service(Desk);
    let result = round.run(Answers(service)).await;
    drop(holder);
    result
}

/// Who is ready has its place.
fn is_ready(service: &mut impl Service<Ask>) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    matches!(service.poll_ready(&mut cx), Poll::Ready(Ok(())))
}

async fn resilient(round: Round) -> Result<Hammered, Failure> {
    let layer = BulkheadLayer::builder()
        .max_concurrent_calls(round.case.limit() as usize)
        .reject_when_full()
        .build()
        .map_err(|error| error.to_string())?;
    let service: Bulkhead<Desk> = layer.layer(Desk);
    round.run(Answers(service)).await
}
