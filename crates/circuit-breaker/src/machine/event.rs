//! What goes into a machine, and what comes out.

use std::fmt;
use std::time::Duration;

use seaworthy_core::clock::Coarse;
use seaworthy_core::{Cause, Verdict};

use super::control::{Control, Evidence, IllegalControl};

/// Something that happens to a breaker.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// Somebody looks at it.
    Look,
    /// Somebody wants to make a call.
    Acquire,
    /// Somebody wants a place for a call that [begins](Self::Begin) later, or not at all. It is held for as long as a
    /// probe has; a place that was not used by then is free again, and nothing has failed.
    Reserve,
    /// The call begins for which a place was reserved. If the place is not held any more, the call is let in or not
    /// as any other.
    Begin(Ticket),
    /// A call that was let in has ended.
    End {
        /// With which it was let in.
        ticket: Ticket,
        /// How it ended.
        how: Ending,
        /// How long it took, where that is known: a call of unknown length is not slow.
        took: Option<Duration>,
    },
    /// So many calls of the current state have ended well, none of them slow, since the last event and at its time.
    ///
    /// A short way for what changes nothing but counts: nothing is judged by it before the next end of a call. Give it
    /// while there are enough calls in the window for the rates.
    Successes(u64),
    /// A call that was let in does not take place.
    Release(Ticket),
    /// An order.
    Control(Control),
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// With an outcome that says this.
    Verdict(Verdict),
    /// It was dropped before it had ended.
    Cancelled,
    /// It panicked.
    Panicked,
}

impl Ending {
    /// It went well.
    pub const SUCCESS: Self = Self::Verdict(Verdict::Success);
    /// It failed.
    pub const FAILURE: Self = Self::Verdict(Verdict::Failure);
    /// It says nothing.
    pub const IGNORED: Self = Self::Verdict(Verdict::Ignored);
}

/// Proof that a call was let in; hand it back with [`Event::End`] or [`Event::Release`]. One that is lost holds its
/// place: see [`HalfOpen::lease`](crate::HalfOpen::lease).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    pub(crate) generation: u32,
    /// 0 for those of a closed breaker.
    pub(crate) probe: u32,
}

impl Ticket {
    /// Of a breaker that lets everything through.
    #[inline]
    pub(crate) fn of(generation: u32) -> Self {
        Self {
            generation,
            probe: 0,
        }
    }

    /// Whether the call is one of those that try whether the service is back.
    #[must_use]
    pub fn is_probe(self) -> bool {
        self.probe != 0
    }
}

pub(super) type Admission = Result<Ticket, Refusal>;

/// A call was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// Why the breaker is as it is.
    pub cause: Cause,
    /// The end of the time for which it is open. The first call after this moment is let in (with
    /// [`Begins::Timer`](crate::Begins::Timer), the first at it or after it).
    pub until: Option<Coarse>,
}

impl Refusal {
    pub(super) fn because(cause: Cause) -> Self {
        Self { cause, until: None }
    }
}

/// The states of a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum State {
    /// Calls are let through and counted.
    Closed,
    /// As closed, but only a share of the calls is let through.
    Recovering,
    /// Calls are turned away, for a time.
    Open,
    /// A few calls are let through to see whether the service is back.
    HalfOpen,
    /// Calls are turned away until somebody says otherwise.
    ForcedOpen,
    /// Calls are let through, and nothing is counted.
    Disabled,
    /// Calls are let through and counted; it is only told when the breaker would open.
    MetricsOnly,
}

impl State {
    /// The name that metrics and dashboards show.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Recovering => "recovering",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::ForcedOpen => "forced_open",
            Self::Disabled => "disabled",
            Self::MetricsOnly => "metrics_only",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What came of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// Whether the call is let in; `None` if none was asked for.
    pub admitted: Option<Admission>,
    /// Whether the end of a call was counted: false for one that says nothing, or about an earlier state.
    pub counted: bool,
    /// The order was refused.
    pub illegal: Option<IllegalControl>,
    /// The state after it.
    pub state: State,
    /// What there is to tell, in order.
    pub notices: Vec<Notice>,
}

/// Something to tell about a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// It is in another state.
    StateChanged {
        /// The state before.
        from: State,
        /// The state now; it may be the same, begun anew.
        to: State,
        /// When that came about.
        at: Coarse,
        /// Why, if it turned for the worse.
        cause: Option<Cause>,
        /// For how long it is open.
        open_for: Option<Duration>,
    },
    /// It would have opened, if it did more than count.
    WouldOpen(Cause),
    /// A probe did not come back in its time; its place is free again.
    ProbeOverdue,
    /// It goes by another configuration.
    Reconfigured(Evidence),
}

/// How a breaker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct View {
    /// Its state.
    pub state: State,
    /// How many states it has been in.
    pub generation: u32,
    /// Since when it is in this one.
    pub since: Coarse,
    /// The end of the time for which it is open.
    pub until: Option<Coarse>,
    /// The calls in the window.
    pub calls: u32,
    /// Those of them that failed.
    pub failures: u32,
    /// Those of them that were slow.
    pub slow: u32,
    /// Failures since the last success.
    pub consecutive_failures: u32,
    /// Calls under way that try whether the service is back.
    pub probes: usize,
    /// How often it has opened in a row, without having been well in between.
    pub openings_in_a_row: u32,
    /// Why it has opened last.
    pub cause: Option<Cause>,
}
