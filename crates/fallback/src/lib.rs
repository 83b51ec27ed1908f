//! Graceful degradation: somebody answers when the service does not, and the answer says where it comes from.
//!
//! ```
//! use std::time::Duration;
//! use seaworthy_core::BoxError;
//! use seaworthy_fallback::{Fallback, LastGood, Source};
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let recommended = LastGood::by(|customer: &u32| *customer)
//!     .max_age(Duration::from_secs(600))
//!     .max_entries(10_000)
//!     .build()?;
//! let recommendations = Fallback::builder("recommendations")
//!     .last_good(recommended) // what was recommended to this customer last,
//!     .value("best-sellers") // or else what is for everybody
//!     .build()?;
//!
//! let mut client = ServiceBuilder::new()
//!     .layer(recommendations.layer().with_source())
//!     .service(service_fn(|customer: u32| async move {
//!         static ASKED: std::sync::Once = std::sync::Once::new();
//!         if ASKED.is_completed() {
//!             return Err(BoxError::from("connection refused"));
//!         }
//!         ASKED.call_once(|| ());
//!         assert_eq!(customer, 7);
//!         Ok("tea")
//!     }));
//!
//! let answer = client.ready().await?.call(7).await?;
//! assert_eq!((answer.value, answer.source), ("tea", Source::Primary));
//!
//! // From here on the service is down.
//! let answer = client.ready().await?.call(7).await?;
//! assert_eq!(answer.value, "tea");
//! assert!(matches!(answer.source, Source::Stale { age } if age < Duration::from_secs(1)));
//! let answer = client.ready().await?.call(8).await?;
//! assert_eq!((answer.value, answer.source), ("best-sellers", Source::Default));
//! assert_eq!(answer.cause.unwrap().unwrap_err().to_string(), "connection refused");
//! # Ok(())
//! # }
//! ```
//!
//! # Ways to use it
//!
//! * [`Fallback::layer`] around a tower service. However often it is applied, all services share the fallback.
//! * [`Fallback::call`] around a future; [`Fallback::call_for`], if a strategy has to know the request.
//!
//! # Ways to answer
//!
//! They are asked in the order in which the builder was given them, until one answers.
//!
//! | | answers with | needs |
//! |---|---|---|
//! | [`value`](FallbackBuilder::value) | a clone of it | `Response: Clone` |
//! | [`function`](FallbackBuilder::function), [`function_of`](FallbackBuilder::function_of) | what it makes of the outcome, and of the request | |
//! | [`async_function`](FallbackBuilder::async_function), [`async_function_of`](FallbackBuilder::async_function_of) | the same, later | a place |
//! | [`backup`](FallbackBuilder::backup), [`backup_of`](FallbackBuilder::backup_of) | what another service answers | `Request: Clone`, or a function; a place |
//! | [`last_good`](FallbackBuilder::last_good) | what the service has answered last | `Response: Clone`, a key |
//!
//! What is neither used nor needed is not asked for: a request is not cloned unless a strategy keeps it, a response not
//! unless it is stored, and none of them has to be `Sync`.
//!
//! [Which outcomes](FallbackBuilder::handle) will not do is up to you: by default every error does not, and every response
//! does. If no strategy has an answer either, the caller gets what the service came to, [both errors](FallbackBuilder::both_errors),
//! or [what you make](FallbackBuilder::on_both_failed) of them.
//!
//! # What is promised
//!
//! * A function, a backup or a clone that panics is a strategy without an answer; the error of the service is not lost by it.
//! * An answer that is given as the last good one is not older than its [`max_age`](LastGoodBuilder::max_age), and there are
//!   never more of them than [`max_entries`](LastGoodBuilder::max_entries).
//! * There are never more backups and async functions under way than [may be](Config::max_concurrent): a fallback that
//!   hangs does not take all there is.
//! * A backup that is not ready keeps nobody waiting but its own call.
//! * Dropping a call drops what is under way for it, and its place is free.
//!
//! # What it costs
//!
//! While the service answers: the reference count by which the response owns its share, and whatever the strategies keep
//! of a request. No lock and no allocation, but those of the store of last good answers. `cargo compare --only fallback`
//! measures it.
//!
//! # Features
//!
//! * `http`: stale responses say so in their headers; predicates for responses: module `http`.
//! * `serde`: [`Config`] can be read and written.
//! * `metrics`: who has answered, and who had none, goes to the `metrics` facade.
//! * `tracing`: what fails is logged.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod answer;
mod builder;
mod config;
mod desk;
mod event;
mod fallback;
mod future;
mod handle;
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub mod http;
mod last_word;
mod layer;
mod metrics;
mod miss;
mod panics;
mod places;
mod provenance;
mod service;
mod shared;
mod strategy;

pub use answer::{Degraded, Source};
pub use builder::FallbackBuilder;
pub use config::Config;
pub use desk::View;
pub use event::FallbackEvent;
pub use fallback::Fallback;
pub use future::ResponseFuture;
pub use handle::{Errors, Handle};
pub use last_word::{Both, LastWord, MapError, OnBothFailed, Primary};
pub use layer::FallbackLayer;
pub use miss::{BothFailed, Miss};
pub use panics::{Catch, Panics, Propagate};
pub use provenance::{Plain, Provenance, WithSource};
pub use service::FallbackService;
pub use strategy::{
    AsyncFunction, AsyncFunctionOf, Backup, Function, FunctionOf, Keep, LastGood, LastGoodBuilder,
    Nothing, Strategy, Then, Value, Whole,
};

/// The examples of the guide, compiled and run.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../../docs/fallback.md")]
    struct Fallback;
}
