//! Limits on how many calls a service works on at once: fixed, shared out among classes, or finding themselves.
//!
//! ```
//! use seaworthy_bulkhead::Bulkhead;
//! use seaworthy_core::{BoxError, Reason, Rejected};
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let database = Bulkhead::builder("database").max_concurrent(20).build()?;
//!
//! let mut client = ServiceBuilder::new()
//!     .layer(database.layer())
//!     .service(service_fn(|query: &'static str| async move { Ok::<_, BoxError>(query.len()) }));
//! assert_eq!(client.ready().await?.call("select 1").await?, 8);
//!
//! // Full: whoever finds no place is told so at once, and reaches nothing.
//! let held: Vec<_> = std::iter::from_fn(|| database.try_acquire().ok()).collect();
//! let error = client.ready().await?.call("select 2").await.unwrap_err();
//! let rejected = Rejected::find_in(error.as_ref()).expect("turned away");
//! assert_eq!(rejected.reason(), Reason::BulkheadFull);
//! assert_eq!(rejected.to_string(), "`database`: bulkhead full (20 of 20 under way)");
//! # Ok(())
//! # }
//! ```
//!
//! # Ways to use it
//!
//! * [`Bulkhead::layer`] in front of a tower service. However often it is applied, all services share the limit.
//! * [`Bulkhead::call`] around a future.
//! * [`Bulkhead::acquire`] and [`try_acquire`](Bulkhead::try_acquire) for anything else: they give a [`Permit`], which is
//!   the place for as long as it lives.
//! * [`Bulkheads`] for many tenants, routes or upstreams, with a bulkhead for each key.
//! * [`ThreadPool`] for work that blocks or computes, on threads of its own.
//! * [`Throttle`] for a client of a service that says it has too much to do.
//! * [`limit`] without a clock or a lock, for simulations.
//!
//! # What it can be asked to do
//!
//! * Wait: [`max_waiting`](BulkheadBuilder::max_waiting) calls at most, first come first served, for
//!   [`max_wait`](BulkheadBuilder::max_wait) at most. By default nobody does.
//! * Share out: [`Partition`]s have a part of the limit that is theirs, and borrow what others do not need.
//! * Weigh: a request may take more than one [place](Demand::weight).
//! * Find the limit: [`Limit::adaptive`] and what else is in [`limit`].
//! * Hold a place [until the body has ended](BulkheadLayer::until_body_ends) (feature `http`), or for as long as
//!   [whoever has it](Release) likes.
//! * Change: [`Bulkhead::set_limit`], and [`reconfigure`](Bulkhead::reconfigure) for the rest.
//!
//! # What is promised
//!
//! * Never more calls than the limit, in any interleaving. After it was lowered, nobody is let in until there is room
//!   below.
//! * A place is free again however the call ends: by an answer, a panic, a drop at any await; but not before its future
//!   is gone, or whatever else holds its permit.
//! * What is idle holds nothing: a place is taken in `call`, not in `poll_ready`, unless
//!   [asked for](BulkheadLayer::not_ready_while_full).
//! * A call that is turned away never reached the service.
//! * What a partition does not lend is always there for it. What it lends it gets back with every place that becomes free.
//! * No background task. Memory does not depend on how many calls there are, but for those that wait, which are bounded.
//!
//! # What it costs
//!
//! While nobody waits, a call goes in and out with one atomic update each, without a lock and without an allocation.
//! Partitions take a lock for each, a limit that finds itself reads the clock twice. `cargo compare --only bulkhead`
//! measures it.
//!
//! # Features
//!
//! * `http`: the module `http`.
//! * `serde`: configurations can be read and written.
//! * `metrics`: who was let in, waited and was turned away, and the limit, go to the `metrics` facade.
//! * `tracing`: that calls are turned away is logged.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod builder;
mod bulkhead;
mod config;
mod demand;
mod entrance;
mod event;
mod future;
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub mod http;
mod keyed;
mod layer;
pub mod limit;
#[cfg(all(test, seaworthy_loom))]
mod loom_tests;
mod machine;
mod metrics;
mod mode;
mod permit;
mod pool;
mod release;
mod service;
mod shared;
mod snapshot;
mod throttle;
mod wait;
mod word;

pub use builder::BulkheadBuilder;
pub use bulkhead::Bulkhead;
pub use config::{Config, Partition};
pub use demand::{Ask, Demand, One};
pub use event::BulkheadEvent;
pub use future::ResponseFuture;
pub use keyed::{Bulkheads, BulkheadsBuilder, Keyed, KeyedEntrance};
pub use layer::BulkheadLayer;
pub use limit::{Algorithm, Limit};
pub use mode::{AtOnce, Mode, Waits};
pub use permit::Permit;
pub use pool::{
    Job, JobFuture, PoolConfig, PoolEvent, PoolReport, PoolResponse, PoolService, PoolView,
    ThreadPool, ThreadPoolBuilder, WhenFull,
};
pub use release::{OnResponse, Release};
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub use seaworthy_core::classify::HttpOverload;
pub use service::BulkheadService;
pub use shared::View;
pub use throttle::{
    Throttle, ThrottleBuilder, ThrottleConfig, ThrottleEvent, ThrottleFuture, ThrottleLayer,
    ThrottlePermit, ThrottleRule, ThrottleService, ThrottleView,
};

/// The examples of the guide, compiled and run.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../../docs/bulkhead.md")]
    struct Bulkhead;
}
