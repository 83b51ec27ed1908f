//! What leads a component to turn calls away.

use std::fmt;
use std::time::Duration;

/// What had led to the state in which a component turns calls away, with the figures of that moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Cause {
    /// Too great a share of the calls had failed.
    FailureRate {
        /// How many had.
        failures: u32,
        /// Of how many.
        calls: u32,
    },
    /// Too great a share of the calls had been slow.
    SlowRate {
        /// How many had.
        slow: u32,
        /// Of how many.
        calls: u32,
    },
    /// So many calls had failed in a row.
    ConsecutiveFailures(u32),
    /// A call that was let through to see whether the service is back had failed.
    ProbeFailed,
    /// Such a call had been slow.
    ProbeSlow,
    /// Such a call had not come back in its time.
    ProbeOverdue,
    /// It was tried for too long whether the service is back.
    TrialTimeout,
    /// All calls that may try whether the service is back are under way.
    ProbesBusy,
    /// Only a share of the calls is let through for a while.
    RampUp,
    /// Somebody wanted it so.
    Forced,
    /// As many calls were under way as may be.
    AtLimit {
        /// What they weighed together: how many they were, if all weigh the same.
        in_flight: u32,
        /// How much may be.
        limit: u32,
    },
    /// The call had waited for a place for as long as it may.
    WaitedInVain {
        /// What was under way at the end.
        in_flight: u32,
        /// How much may be.
        limit: u32,
    },
    /// The call had taken for as long as it may.
    TookTooLong {
        /// For how long, in milliseconds, rounded up.
        millis: u32,
    },
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FailureRate { failures, calls } => {
                write!(f, "{failures} of {calls} calls failed")
            }
            Self::SlowRate { slow, calls } => write!(f, "{slow} of {calls} calls were slow"),
            Self::ConsecutiveFailures(failures) => write!(f, "{failures} failures in a row"),
            Self::ProbeFailed => f.write_str("a probe failed"),
            Self::ProbeSlow => f.write_str("a probe was slow"),
            Self::ProbeOverdue => f.write_str("a probe did not come back in time"),
            Self::TrialTimeout => f.write_str("it was half open for too long"),
            Self::ProbesBusy => f.write_str("all probes are under way"),
            Self::RampUp => f.write_str("a share of the calls is let through"),
            Self::Forced => f.write_str("by order"),
            Self::AtLimit { in_flight, limit } => write!(f, "{in_flight} of {limit} under way"),
            Self::WaitedInVain { in_flight, limit } => {
                write!(
                    f,
                    "{in_flight} of {limit} under way, and no place became free in time"
                )
            }
            Self::TookTooLong { millis } => {
                let time = Duration::from_millis(u64::from(*millis));
                write!(f, "no answer within {time:?}")
            }
        }
    }
}
