//! Calls that got no answer are made again, if that does no harm.
//!
//! ```
//! use std::sync::atomic::{AtomicU32, Ordering};
//! use seaworthy::core::BoxError;
//! use seaworthy::core::request::Info;
//! use seaworthy::retry::Retry;
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), BoxError> {
//! let stock = Retry::builder("stock").attempts(3).build()?;
//!
//! let calls = AtomicU32::new(0);
//! let mut client = ServiceBuilder::new()
//!     // To read twice does no harm.
//!     .layer(stock.layer().describe(|path: &&str| {
//!         Info::new().with_idempotent(path.starts_with("GET "))
//!     }))
//!     .service(service_fn(|_path: &str| {
//!         let call = calls.fetch_add(1, Ordering::Relaxed);
//!         async move { if call < 2 { Err("connection reset") } else { Ok("12 left") } }
//!     }));
//!
//! assert_eq!(client.ready().await?.call("GET /stock/7").await, Ok("12 left"));
//! assert_eq!(stock.view().retries, 2);
//! # Ok(())
//! # }
//! ```
//!
//! # What is tried again
//!
//! An outcome that is no answer, which a [`Judge`] says: an error by default, and by `http::HttpOutcomes` some responses.
//! Of these,
//!
//! * a call that was [not executed](seaworthy_core::Executed::No), since a breaker, a bulkhead or a queue has turned it away,
//!   whatever it is;
//! * any other call only if it is idempotent, which a [`Describe`](seaworthy_core::request::Describe) says, of the copy that
//!   would be sent. Nobody does by default: then nothing is tried again that may have been executed;
//! * none that was turned away for good: [shutting down](seaworthy_core::Reason::ShuttingDown), or
//!   [stopped](seaworthy_core::Reason::Stopped).
//!
//! Whether it then is depends on
//!
//! * how often it was tried: [`attempts`](RetryConfig::attempts);
//! * whether its request can be sent again: [`CopyRequest`];
//! * the time: the next attempt begins after the [back-off](RetryConfig::backoff), or when the service said to come back if
//!   that is later. If it said [too late](RetryConfig::max_retry_after), or the deadline of the call would have passed by
//!   then, or the time [`within`](RetryConfig::within) which it may be tried again, it is not waited for at all;
//! * the [budget](RetryBudget), of which it takes one.
//!
//! If it is not, its caller has the last outcome at once. It is counted why: [`GivenUp`].
//!
//! # When not to use it
//!
//! On more than one level: three attempts at each of three are 27. Retry where the most is known about the call, which
//! is mostly the outermost client, inside its total timeout and outside its breaker.

mod budget;
mod builder;
mod config;
mod copy;
mod event;
mod future;
mod given_up;
mod handle;
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub mod http;
mod judge;
mod layer;
mod metrics;
mod origin;
mod parts;
mod service;
mod session;
mod shared;
mod view;

pub use builder::RetryBuilder;
pub use config::{RetryBudget, RetryConfig};
pub use copy::{Cloned, CopyRequest, NotReplayable};
pub use event::RetryEvent;
pub use future::ResponseFuture;
pub use given_up::GivenUp;
pub use handle::Retry;
pub use judge::{ByVerdict, Judge, Judgement, SourceChain};
pub use layer::RetryLayer;
pub use service::RetryService;
pub use view::RetryView;
