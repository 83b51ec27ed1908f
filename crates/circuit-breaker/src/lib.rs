//! A circuit breaker for tower services and plain futures: it cannot wedge, leak or lie.
//!
//! ```
//! use std::time::Duration;
//! use seaworthy_circuit_breaker::CircuitBreaker;
//! use seaworthy_core::{BoxError, Reason, Rejected};
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let payments = CircuitBreaker::builder("payments")
//!     .failure_rate(0.5) // of at least 20 calls within 10 s,
//!     .consecutive_failures(5) // or five failures in a row,
//!     .slow_calls(Duration::from_secs(2), 0.8) // or too many that take too long
//!     .build()?;
//!
//! let mut client = ServiceBuilder::new()
//!     .layer(payments.layer())
//!     .service(service_fn(|order: u32| async move {
//!         if order == 13 { Err(BoxError::from("connection refused")) } else { Ok(order) }
//!     }));
//!
//! assert_eq!(client.ready().await?.call(7).await?, 7);
//! for _ in 0..5 {
//!     assert!(client.ready().await?.call(13).await.is_err());
//! }
//!
//! // Open: the service is not called any more.
//! let error = client.ready().await?.call(7).await.unwrap_err();
//! let rejected = Rejected::find_in(error.as_ref()).expect("turned away");
//! assert_eq!(rejected.reason(), Reason::CircuitOpen);
//! assert!(rejected.to_string().starts_with("`payments`: circuit open (5 failures in a row), retry after"));
//! # Ok(())
//! # }
//! ```
//!
//! # Ways to use it
//!
//! * [`CircuitBreaker::layer`] in front of a tower service. However often it is applied, all services share the breaker.
//! * [`CircuitBreaker::call`] around a future.
//! * [`CircuitBreaker::try_acquire`] for anything else: it gives a [`Permit`], which is told how the call ended.
//! * [`CircuitBreakers`] for many upstreams, with a breaker for each key.
//! * [`machine::Machine`] without a clock or a lock, for simulations.
//!
//! # What it does
//!
//! Closed, it counts calls in a window that really slides, and opens when too many have failed or were slow, or too many
//! failed in a row: whichever comes first. Open, it turns calls away for a time that doubles and has jitter. Half open, it
//! lets a few calls through at a time. Three successes in a row close it; one failure opens it again.
//!
//! The rules are those of Resilience4j (rates over a window, a minimum of calls) and of Finagle's failure accrual
//! (failures in a row), joined by or. Configured alike, it decides as Resilience4j does; `docs/conformance` says how that
//! is tested.
//!
//! What a breaker can be asked to do otherwise is in [`Config`], which can be read from a file (feature `serde`) and
//! [changed](CircuitBreaker::reconfigure) while it runs, without losing what it has counted. Orders are
//! [`force_open`](CircuitBreaker::force_open), [`isolate`](CircuitBreaker::isolate) for as long as something lasts, [`disable`](CircuitBreaker::disable),
//! [`metrics_only`](CircuitBreaker::metrics_only), [`reset`](CircuitBreaker::reset), and [`Control`] for the rest.
//!
//! # What is promised
//!
//! * A call that is turned away never reached the service. The rejection says why the breaker is open, and when to come
//!   back: whoever comes back then is let in, if there is a place for a probe.
//! * A place for a probe is given back however the call ends: by an answer, a panic, a drop at any await. One that does
//!   not come back at all is reclaimed after its [lease](HalfOpen::lease). So lost probes cannot keep it half open for
//!   ever, unless both the lease and the maximum wait are switched off, of which it warns.
//! * A call counts in the state in which it was let through, or not at all: what was begun before the breaker opened
//!   neither closes it nor takes a place that is not its own.
//! * Rejections by this or another Seaworthy layer are no evidence. A call that may have been executed is.
//! * No background task: time is looked at when somebody calls or looks. Only with [`Begins::Timer`] there is one task,
//!   while a time runs. `ready_within` and `not_ready_while_open` have timers in the task of the caller.
//! * Memory does not depend on how many calls there are.
//!
//! # What it costs
//!
//! Closed, no lock and no allocation: what went well while there are enough calls in the window only makes the rates
//! better, so it is counted in a cell of its thread. A failure takes the lock, whatever the window holds. Open, a call is
//! turned away by a few loads and a reading of the coarse clock. `cargo compare --only breaker` measures it.
//!
//! # Features
//!
//! * `http`, `grpc`: classifiers for responses that are failures, and layers for which a call lasts until its body has
//!   ended: module `http`.
//! * `serde`: [`Config`] and [`Saved`] can be read and written.
//! * `metrics`: calls, rejections, openings and the state go to the `metrics` facade.
//! * `tracing`: changes of state are logged.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod breaker;
mod builder;
mod config;
mod entrance;
mod event;
mod future;
mod gate;
mod group;
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub mod http;
mod isolation;
mod keyed;
mod layer;
#[cfg(all(test, seaworthy_loom))]
mod loom_tests;
pub mod machine;
mod metrics;
mod patience;
mod permit;
mod readiness;
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
pub use isolation::Isolation;
pub use keyed::{CircuitBreakers, CircuitBreakersBuilder, KeyedLayer, KeyedService};
pub use layer::CircuitBreakerLayer;
pub use machine::{Advice, Control, Evidence, IllegalControl, Saved, State, View};
pub use permit::Permit;
pub use service::CircuitBreakerService;

/// The examples of the guide, compiled and run.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../../docs/circuit-breaker.md")]
    struct CircuitBreaker;
    #[doc = include_str!("../../../docs/from-resilience4j.md")]
    struct FromResilience4j;
    #[doc = include_str!("../../../docs/from-tower-resilience.md")]
    struct FromTowerResilience;
}
