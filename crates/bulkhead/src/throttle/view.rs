//! How a throttle is.

use seaworthy_core::component::{Snapshot, Status};

/// How a [`Throttle`](crate::Throttle) is at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ThrottleView {
    /// Requests in the window: calls that have ended, and those that were held back.
    pub requests: u64,
    /// Those of them that the service accepted.
    pub accepts: u64,
    /// How likely the next call is to be held back.
    pub chance: f64,
    /// Calls that were ever held back.
    pub throttled: u64,
}

pub(crate) fn snapshot(name: &str, view: &ThrottleView) -> Snapshot {
    let (state, status) = if view.chance > 0.0 {
        ("throttling", Status::Degraded)
    } else {
        ("passing", Status::Healthy)
    };
    Snapshot::new("throttle", name, state)
        .status(status)
        .field("requests", view.requests)
        .field("accepts", view.accepts)
        .field("chance", view.chance)
        .field("throttled", view.throttled)
}
