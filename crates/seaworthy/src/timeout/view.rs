//! How a timeout is.

use std::time::Duration;

use seaworthy_core::component::Snapshot;

/// How a [`Timeout`](super::Timeout) is at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimeoutView {
    /// How long a call may take; `None` if it is off.
    pub after: Option<Duration>,
    /// Calls that ever got no answer in time.
    pub timed_out: u64,
    /// Calls that ever came after their own deadline, and were not begun.
    pub expired: u64,
}

pub(crate) fn snapshot(name: &str, view: TimeoutView) -> Snapshot {
    let state = if view.after.is_some() { "on" } else { "off" };
    let snapshot = Snapshot::new("timeout", name, state);
    let snapshot = match view.after {
        Some(time) => snapshot.field("after", time),
        None => snapshot,
    };
    snapshot
        .field("timed_out", view.timed_out)
        .field("expired", view.expired)
}
