//! The recommendations behind a circuit breaker: while those who make them are not well, pages go without at once.
//!
//! ```text
//! page -> circuit breaker -> timeout of one attempt -> HTTP client
//! ```
//!
//! The timeout is inside, so that an answer that comes too late is evidence like any other failure.

use std::net::SocketAddr;
use std::time::Duration;

use seaworthy_circuit_breaker::{CircuitBreaker, OpenFor, Window};
use seaworthy_core::ConfigError;
use seaworthy_core::backoff::Jitter;
use seaworthy_core::event::Events;
use tower::ServiceBuilder;

use crate::shop::recommender::{self, Recommender};

/// A page is looked at every few milliseconds, so two seconds tell more than enough.
const WINDOW: Window = Window::Time {
    span: Duration::from_secs(2),
    buckets: 10,
};

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
    let stack = ServiceBuilder::new()
        .layer(breaker.layer())
        .timeout(recommender::PATIENCE)
        .service(recommender::client(upstream));
    Ok(Recommender::new(stack))
}
