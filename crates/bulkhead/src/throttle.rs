//! Calls that a client does not even send.

mod builder;
mod config;
mod dice;
mod event;
mod future;
mod handle;
mod layer;
#[cfg(all(test, seaworthy_loom))]
mod loom_tests;
mod metrics;
mod permit;
mod rule;
mod service;
mod shared;
mod tally;
mod view;

pub use builder::ThrottleBuilder;
pub use config::ThrottleConfig;
pub use event::ThrottleEvent;
pub use future::ThrottleFuture;
pub use handle::Throttle;
pub use layer::ThrottleLayer;
pub use permit::ThrottlePermit;
pub use rule::ThrottleRule;
pub use service::ThrottleService;
pub use view::ThrottleView;
