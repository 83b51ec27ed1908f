//! What every Seaworthy crate shares, and nothing else.
//!
//! A service author meets four things of it:
//!
//! * [`Rejected`], the one error that a Seaworthy layer adds, with its [`Reason`], whether the
//!   request may have been executed, and when to come back;
//! * [`Classify`], which turns a response into one of four [`Verdict`]s;
//! * [`event::Events`], where every component tells what happens to it;
//! * [`component::Registry`], where dashboards and health checks find all components.
//!
//! The rest is plumbing that the pattern crates would otherwise each write again: one
//! [clock], [panic capture](mod@panic), [back-off](backoff), [metric handles](metrics), and
//! [`Serial`](serial::Serial), the lock under which decisions are made and outside of which their
//! effects happen.
//!
//! ```
//! use std::num::NonZeroUsize;
//! use seaworthy_core::event::{Detail, Events, Severity};
//!
//! #[derive(Debug)]
//! struct Opened { failures: u32 }
//!
//! impl std::fmt::Display for Opened {
//!     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
//!         write!(f, "opened after {} failures", self.failures)
//!     }
//! }
//!
//! impl Detail for Opened {
//!     fn name(&self) -> &'static str { "opened" }
//! }
//!
//! let events = Events::new();
//! let mut log = events.subscribe(NonZeroUsize::new(16).expect("not zero"));
//! events.emit(&"payments".into(), Severity::Warning, Opened { failures: 5 });
//!
//! let event = log.try_recv().expect("one event");
//! assert_eq!(event.detail::<Opened>().expect("an Opened").failures, 5);
//! assert_eq!(event.to_string(), "payments: opened after 5 failures");
//! ```
//!
//! # Features
//!
//! * `http`: the module `http`, in which rejections become responses; `request::HttpRequests`; and in [`classify`] what
//!   responses of HTTP and gRPC say.
//! * `metrics`: counts and gauges go to the `metrics` facade.
//! * `serde`: [`duration`] and [`off`] for configuration files, and [`Backoff`] and [`backoff::Jitter`] can be read from
//!   them.
//! * `test-util`: the coarse clock follows tokio's pausable clock.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod backoff;
pub mod classify;
pub mod clock;
pub mod component;
pub mod config;
#[cfg(feature = "serde")]
pub mod duration;
pub mod event;
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub mod http;
pub mod keyed;
pub mod metrics;
pub mod name;
pub mod news;
#[cfg(feature = "serde")]
pub mod off;
pub mod panic;
pub mod park;
pub mod reject;
pub mod rejected;
pub mod request;
pub mod serial;
pub mod shard;
pub mod sync;
pub mod waiters;

pub use backoff::Backoff;
pub use classify::{Classify, Verdict};
pub use config::ConfigError;
pub use name::Name;
pub use reject::Reject;
pub use rejected::{Cause, Executed, Reason, Rejected};

/// An error of any type, as tower and most services use it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
