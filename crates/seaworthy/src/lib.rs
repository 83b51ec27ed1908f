//! Resilience for tokio and tower, all in one place, and where the parts meet.
//!
//! A tower `Service` is the actor, the queue is its mailbox, the supervisor gives it its life: [`worker`] makes all three
//! of a function that builds the service.
//!
//! ```
//! use seaworthy::queue::service;
//! use seaworthy::supervisor::Supervisor;
//! use tower::{BoxError, Service, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let (greeter, mut client) = seaworthy::worker(service::builder("greeter"), |_cx| async {
//!     // Loads what it needs; whenever it crashes, it is built anew.
//!     Ok(service_fn(async |name: &str| match name {
//!         "" => panic!("nobody there"),
//!         name => Ok::<_, BoxError>(format!("hello {name}")),
//!     }))
//! })?;
//! let _tree = Supervisor::builder("app").child(greeter).start().await?;
//!
//! assert_eq!(client.ready().await?.call("Alice").await?, "hello Alice");
//! assert!(client.ready().await?.call("").await.is_err());
//! assert_eq!(client.ready().await?.call("Bob").await?, "hello Bob");
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! Each crate is a feature of its name; all are on by default. `stack`, which is too, has [`timeout`] and [`retry`], the
//! two stages of a stack that are no crates of their own. `http`, `grpc`, `metrics`, `tracing` and `serde` are those of the
//! crates.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

#[cfg(feature = "queue")]
mod mortal;
pub mod prelude;
#[cfg(feature = "stack")]
mod quiet;
#[cfg(feature = "stack")]
#[cfg_attr(docsrs, doc(cfg(feature = "stack")))]
pub mod retry;
#[cfg(feature = "stack")]
#[cfg_attr(docsrs, doc(cfg(feature = "stack")))]
pub mod stack;
#[cfg(feature = "queue")]
mod stateful;
#[cfg(feature = "stack")]
#[cfg_attr(docsrs, doc(cfg(feature = "stack")))]
pub mod timeout;
#[cfg(all(feature = "queue", feature = "supervisor"))]
mod worker;
#[cfg(all(feature = "queue", feature = "supervisor"))]
mod workers;

pub use seaworthy_core as core;

#[cfg(feature = "queue")]
pub use mortal::{Mortal, MortalFuture, dies_of};
#[cfg(feature = "bulkhead")]
pub use seaworthy_bulkhead as bulkhead;
#[cfg(feature = "circuit-breaker")]
pub use seaworthy_circuit_breaker as circuit_breaker;
#[cfg(feature = "fallback")]
pub use seaworthy_fallback as fallback;
#[cfg(feature = "queue")]
pub use seaworthy_queue as queue;
#[cfg(feature = "supervisor")]
pub use seaworthy_supervisor as supervisor;
#[cfg(feature = "queue")]
pub use stateful::{StateFn, Stateful, stateful};
#[cfg(all(feature = "queue", feature = "supervisor"))]
pub use worker::worker;
#[cfg(all(feature = "queue", feature = "supervisor"))]
pub use workers::{Answer, KeyClient, Workers, WorkersBuilder};

/// Begins a [stack](mod@stack) of all that goes around a service that is called.
#[cfg(feature = "stack")]
#[cfg_attr(docsrs, doc(cfg(feature = "stack")))]
pub fn stack(name: impl Into<std::sync::Arc<str>>) -> stack::StackBuilder {
    stack::Stack::builder(name)
}

/// The examples of the guides, compiled and run.
#[cfg(all(doctest, feature = "stack", feature = "http", feature = "serde"))]
mod guide {
    #[doc = include_str!("../../../docs/stack.md")]
    struct Stack;
    #[doc = include_str!("../../../docs/from-polly.md")]
    struct FromPolly;
}
