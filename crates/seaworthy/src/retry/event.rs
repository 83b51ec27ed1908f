//! What retries tell about themselves.

use std::fmt;

use seaworthy_core::event::Detail;

use super::given_up::GivenUp;

/// Something that happened to a [`Retry`](super::Retry), in [`Events`](seaworthy_core::event::Events).
///
/// Retries are not events: they are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryEvent {
    /// A call that got no answer is not tried again. Told every ten seconds at most, for each reason.
    GivesUp {
        /// Why.
        reason: GivenUp,
        /// How many ever were given up for that.
        calls: u64,
    },
    /// It goes by another configuration.
    Reconfigured,
}

impl Detail for RetryEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::GivesUp { .. } => "retry_gives_up",
            Self::Reconfigured => "retry_reconfigured",
        }
    }
}

impl fmt::Display for RetryEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GivesUp { reason, calls } => {
                write!(f, "a call is not tried again: {reason}, {calls} so far")
            }
            Self::Reconfigured => f.write_str("reconfigured"),
        }
    }
}
