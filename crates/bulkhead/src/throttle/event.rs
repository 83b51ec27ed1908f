//! What a throttle tells about itself.

use std::fmt;

use seaworthy_core::event::Detail;

/// Something that happened to a [`Throttle`](crate::Throttle), in [`Events`](seaworthy_core::event::Events).
///
/// Calls are not events: they are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ThrottleEvent {
    /// It holds back one call in ten, or more.
    Began {
        /// Requests in the window at that time.
        requests: u64,
        /// How many of them the service had accepted.
        accepts: u64,
    },
    /// It lets all calls through again.
    Ended,
    /// It goes by another configuration.
    Reconfigured {
        /// Whether what was counted still counts.
        kept: bool,
    },
}

impl Detail for ThrottleEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::Began { .. } => "throttle_began",
            Self::Ended => "throttle_ended",
            Self::Reconfigured { .. } => "throttle_reconfigured",
        }
    }
}

impl fmt::Display for ThrottleEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Began { requests, accepts } => write!(
                f,
                "holds calls back: {accepts} of {requests} requests were accepted"
            ),
            Self::Ended => f.write_str("lets all calls through"),
            Self::Reconfigured { kept: true } => f.write_str("reconfigured; counts are kept"),
            Self::Reconfigured { kept: false } => f.write_str("reconfigured; counts are cleared"),
        }
    }
}
