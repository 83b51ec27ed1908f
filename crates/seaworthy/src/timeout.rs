//! A time after which nobody waits for an answer any more.
//!
//! ```
//! use std::future::pending;
//! use std::time::Duration;
//! use seaworthy::core::{BoxError, Executed, Reason, Rejected};
//! use seaworthy::timeout::Timeout;
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), BoxError> {
//! let payments = Timeout::new("payments", Duration::from_millis(250))?;
//!
//! let mut client = ServiceBuilder::new()
//!     .layer(payments.layer())
//!     .service(service_fn(|_order: u32| pending::<Result<(), BoxError>>()));
//!
//! let error = client.ready().await?.call(7).await.unwrap_err();
//! let rejected = Rejected::find_in(error.as_ref()).expect("one of ours");
//! assert_eq!(rejected.reason(), Reason::TimedOut);
//! // The service had begun with it, and may have done it.
//! assert_eq!(rejected.executed(), Executed::Maybe);
//! assert_eq!(rejected.to_string(), "`payments`: timed out (no answer within 250ms)");
//! # Ok(())
//! # }
//! ```
//!
//! # What time is counted
//!
//! From the call on, not from its first poll. A call that is answered when it is first polled costs no timer: one is set
//! when it is found not to be. The beginning is noted by the coarse clock, which costs a fraction of the exact one. So a
//! timeout never comes early, and it is as exact as the timers of tokio if the call is polled at once, as it usually is. If
//! it is first polled later, that delay is counted short by up to two ticks of the operating system, which is 8 ms on most,
//! and the timeout comes so much later.
//!
//! A call is dropped when its time is over, before its caller is told: whatever it holds is free again by then.

mod builder;
mod config;
mod directory;
mod event;
mod future;
mod handle;
mod layer;
mod metrics;
mod service;
mod shared;
mod view;

pub use builder::TimeoutBuilder;
pub use config::TimeoutConfig;
pub use event::TimeoutEvent;
pub use future::TimeoutFuture;
pub use handle::Timeout;
pub use layer::TimeoutLayer;
pub use service::TimeoutService;
pub use view::TimeoutView;
