//! What a breaker tells about itself.

use std::fmt;
use std::time::Duration;

use seaworthy_core::Cause;
use seaworthy_core::event::Detail;

use crate::machine::{Evidence, Notice, State, View};

/// Something that happened to a breaker, in [`Events`](seaworthy_core::event::Events).
///
/// Calls are not events: they are counted. See the page on metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BreakerEvent {
    /// It is in another state, or has begun the same one anew.
    StateChanged {
        /// The state before.
        from: State,
        /// The state now.
        to: State,
        /// Why, if it turned for the worse.
        cause: Option<Cause>,
        /// For how long it is open.
        open_for: Option<Duration>,
        /// Calls in the window at that time.
        calls: u32,
        /// How many of them had failed.
        failures: u32,
        /// How many of them were slow.
        slow: u32,
    },
    /// It would have opened, if it did more than count.
    WouldOpen {
        /// Why.
        cause: Cause,
    },
    /// A probe did not come back in its time; its place is free again.
    ProbeOverdue,
    /// It was built with neither a lease for probes nor a limit to the time it may be half open: a probe that never
    /// comes back can keep it half open for ever.
    MayWedge,
    /// It goes by another configuration.
    Reconfigured {
        /// What became of what it had counted.
        evidence: Evidence,
    },
}

impl BreakerEvent {
    pub(crate) fn new(notice: Notice, view: View) -> Self {
        match notice {
            Notice::StateChanged {
                from,
                to,
                cause,
                open_for,
                ..
            } => Self::StateChanged {
                from,
                to,
                cause,
                open_for,
                calls: view.calls,
                failures: view.failures,
                slow: view.slow,
            },
            Notice::WouldOpen(cause) => Self::WouldOpen { cause },
            Notice::Reconfigured(evidence) => Self::Reconfigured { evidence },
            Notice::ProbeOverdue => Self::ProbeOverdue,
        }
    }
}

impl Detail for BreakerEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::StateChanged { to, .. } => match to {
                State::Closed => "breaker_closed",
                State::Recovering => "breaker_recovering",
                State::Open => "breaker_opened",
                State::HalfOpen => "breaker_half_open",
                State::ForcedOpen => "breaker_forced_open",
                State::Disabled => "breaker_disabled",
                State::MetricsOnly => "breaker_metrics_only",
            },
            Self::WouldOpen { .. } => "breaker_would_open",
            Self::ProbeOverdue => "breaker_probe_overdue",
            Self::MayWedge => "breaker_may_wedge",
            Self::Reconfigured { .. } => "breaker_reconfigured",
        }
    }
}

impl fmt::Display for BreakerEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StateChanged {
                from,
                to,
                cause,
                open_for,
                ..
            } => {
                write!(f, "{from} -> {to}")?;
                if let Some(time) = open_for {
                    // To the millisecond: the rest is jitter.
                    let millis = Duration::from_millis(time.as_millis() as u64);
                    write!(f, " for {millis:?}")?;
                }
                match cause {
                    Some(cause) => write!(f, ": {cause}"),
                    None => Ok(()),
                }
            }
            Self::WouldOpen { cause } => write!(f, "would open: {cause}"),
            Self::ProbeOverdue => f.write_str("a probe did not come back in time"),
            Self::MayWedge => f.write_str(
                "neither `half_open.lease` nor `half_open.max_wait` is set: a probe that never comes back can keep it half open for ever",
            ),
            Self::Reconfigured { evidence } => write!(f, "reconfigured; {evidence}"),
        }
    }
}
