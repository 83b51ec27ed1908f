//! What a timeout tells about itself.

use std::fmt;
use std::time::Duration;

use seaworthy_core::event::Detail;

/// Something that happened to a [`Timeout`](super::Timeout), in [`Events`](seaworthy_core::event::Events).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeoutEvent {
    /// A call got no answer in time. Told every ten seconds at most.
    TimedOut {
        /// How many ever did not.
        timed_out: u64,
    },
    /// A call came after its own deadline, and was not begun. Told every ten seconds at most.
    Expired {
        /// How many ever did.
        expired: u64,
    },
    /// Calls may take another time.
    Set {
        /// What it was; `None` if it was off.
        from: Option<Duration>,
        /// What it is; `None` if it is off.
        to: Option<Duration>,
    },
}

impl Detail for TimeoutEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::TimedOut { .. } => "timed_out",
            Self::Expired { .. } => "expired",
            Self::Set { .. } => "timeout_set",
        }
    }
}

impl fmt::Display for TimeoutEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut { timed_out } => {
                write!(f, "a call got no answer in time, {timed_out} so far")
            }
            Self::Expired { expired } => {
                write!(f, "a call came after its deadline, {expired} so far")
            }
            Self::Set { from, to } => write!(f, "set from {} to {}", Time(*from), Time(*to)),
        }
    }
}

struct Time(Option<Duration>);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(time) => write!(f, "{time:?}"),
            None => f.write_str("off"),
        }
    }
}
