//! The recommendations behind a circuit breaker: while those who make them are not well, pages go without at once.
//!
//! ```text
//! page -> fallback -> circuit breaker -> timeout of one attempt -> HTTP client
//! ```
//!
//! The timeout is inside, so that an answer that comes too late is evidence like any other failure. The fallback is outside: a
//! page that gets none has what was recommended last, or else what sells well.

use std::net::SocketAddr;
use std::time::Duration;

use seaworthy_circuit_breaker::{CircuitBreaker, OpenFor, Window};
use seaworthy_core::backoff::Jitter;
use seaworthy_core::event::Events;
use seaworthy_core::{BoxError, ConfigError, Reason, Rejected};
use seaworthy_fallback::{Degraded, Fallback, LastGood, Source};
use tower::ServiceBuilder;

use crate::shop::catalogue;
use crate::shop::recommender::{self, By, Recommended, Recommender};

/// A page is looked at every few milliseconds, so two seconds tell more than enough.
const WINDOW: Window = Window::Time {
    span: Duration::from_secs(2),
    buckets: 10,
};

/// For how long what was recommended is good enough. A storm is short here as well: days would do.
const KEPT_FOR: Duration = Duration::from_secs(1);

pub(super) fn stack(upstream: SocketAddr, events: &Events) -> Result<Recommender, ConfigError> {
    // A storm is short: half of this to all of it, each time. Where days matter the defaults, 5 s to 60 s, are kinder
    // to those who recover.
    let mut open = OpenFor::fixed(Duration::from_millis(500));
    open.jitter = Jitter::Equal;
    let breaker = CircuitBreaker::builder("recommendations")
        .window(WINDOW)
        .consecutive_failures(3)
        .open_for(open)
        .events(events)
        .build()?;
    let kept = LastGood::by(|product: &u16| *product)
        .max_age(KEPT_FOR)
        .build()?;
    let fallback = Fallback::builder("recommendations")
        .last_good(kept)
        .value(catalogue::BEST_SELLERS.to_vec())
        .events(events)
        .build()?;
    let stack = ServiceBuilder::new()
        .map_response(recommended)
        .layer(fallback.layer().with_source())
        .layer(breaker.layer())
        .timeout(recommender::PATIENCE)
        .service(recommender::client(upstream));
    Ok(Recommender::new(stack))
}

fn recommended(answer: Degraded<Vec<u16>, BoxError>) -> Recommended {
    let by = match answer.source {
        Source::Primary => By::Service,
        Source::Stale { .. } => By::Kept,
        _ => By::BestSellers,
    };
    let error = answer.cause.as_ref().and_then(|cause| cause.as_ref().err());
    let reason = error
        .and_then(|error| Rejected::find_in(&**error))
        .map(Rejected::reason);
    Recommended {
        others: answer.value,
        by,
        short_circuited: reason == Some(Reason::CircuitOpen),
    }
}
