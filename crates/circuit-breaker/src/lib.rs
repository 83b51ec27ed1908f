//! A circuit breaker for tower services and plain futures.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod breaker;
mod builder;
#[cfg(feature = "http")]
pub mod classify;
mod config;
mod event;
mod future;
mod gate;
mod group;
mod keyed;
mod layer;
pub mod machine;
mod metrics;
mod permit;
mod service;
mod shared;
mod snapshot;
mod tally;
mod timer;
mod wait;

pub use breaker::CircuitBreaker;
pub use builder::CircuitBreakerBuilder;
pub use config::{
    AfterWait, Begins, Cancelled, Config, HalfOpen, Initial, JudgedBy, MaxWait, OpenFor, Overload,
    Panicked, Permits, SlowCalls, Window,
};
pub use event::BreakerEvent;
pub use future::ResponseFuture;
pub use keyed::{CircuitBreakers, CircuitBreakersBuilder, KeyedLayer, KeyedService};
pub use layer::CircuitBreakerLayer;
pub use machine::{Control, State};
pub use permit::Permit;
pub use service::CircuitBreakerService;
