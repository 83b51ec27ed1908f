//! All that goes around a service that is called, in the order that makes sense, from one configuration.
//!
//! ```
//! use std::time::Duration;
//! use seaworthy::core::BoxError;
//! use seaworthy::core::request::Info;
//! use seaworthy::fallback::{LastGood, Source};
//! use seaworthy::stack::{Config, Stack};
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), BoxError> {
//! let mut config = Config::default(); // or from a file, with the feature `serde`
//! config.total_timeout = Some(Duration::from_secs(3));
//! config.attempt_timeout = Some(Duration::from_secs(1));
//!
//! let kept = LastGood::by(|item: &&'static str| *item).build()?;
//! let prices = Stack::builder("prices")
//!     .config(config)
//!     .describe(|_: &&'static str| Info::new().with_idempotent(true)) // asking twice does no harm
//!     .fallback(|it| it.last_good(kept))
//!     .build()?;
//!
//! let mut client = ServiceBuilder::new()
//!     .layer(prices.layer_with_source())
//!     .service(service_fn(|item: &'static str| async move {
//!         match item {
//!             "coffee" => std::future::pending().await,
//!             _ => Ok::<_, BoxError>(3),
//!         }
//!     }));
//! assert_eq!(client.ready().await?.call("tea").await?.source, Source::Primary);
//!
//! // Attempts of a second each, until the three seconds are over or the breaker has had enough.
//! let error = client.ready().await?.call("coffee").await.unwrap_err();
//! assert!(error.to_string().contains("timed out"), "{error}");
//!
//! prices.circuit_breaker().force_open();
//! let tea = client.ready().await?.call("tea").await?;
//! assert_eq!(tea.value, 3);
//! assert!(tea.is_degraded());
//! # Ok(())
//! # }
//! ```
//!
//! # In which order
//!
//! ```text
//! fallback > bulkhead > total timeout > retry > circuit breaker > attempt timeout > service
//! ```
//!
//! * The **attempt timeout** is inside of the breaker: an attempt that takes too long is a failure like any other. Outside, it
//!   would be a call that its caller gave up.
//! * The **breaker** is inside of the retries: it sees each attempt, and an open one turns the next attempt away, which then
//!   waits for when to come back, or is the end of it.
//! * The **total timeout** is outside of the retries: the time that a caller has is that of all attempts and the pauses
//!   between them. No attempt begins for which there would be no time.
//! * The **bulkhead** is outside of both: a call that waits for its next attempt is one of those that there may be.
//! * The **fallback** is outermost: it answers whatever the rest turns away.
//!
//! All stages are always there, and each has an off state, so that the type of a service does not depend on its
//! configuration, which can [change](Stack::reconfigure) while it runs.
//!
//! # What is tried again
//!
//! What was never executed, and of the rest only what is idempotent, as [`describe`](StackBuilder::describe) says: see
//! [`retry`](crate::retry#what-is-tried-again). Requests have to be `Clone`, or [copied](StackBuilder::copy) otherwise.
//!
//! # When not to use it
//!
//! On the side of the server, where a bulkhead and a timeout are what there is to do. And with some stages in another order, or more than
//! once, put the layers together by yourself: this is nothing but them.

mod builder;
mod config;
mod handle;
mod layer;
mod rules;

pub use builder::StackBuilder;
pub use config::Config;
pub use handle::Stack;
pub use layer::{GuardedService, StackLayer, StackService};
pub use rules::Rules;
