//! What a bulkhead tells.

use std::fmt;

use seaworthy_core::event::Detail;

/// Something that happened to a bulkhead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BulkheadEvent {
    /// A call was turned away, the first one in ten seconds.
    TurnsAway {
        /// How much was under way.
        in_flight: u32,
        /// How much may be.
        limit: u32,
    },
    /// Somebody has set another limit.
    LimitSet {
        /// What it was.
        from: u32,
        /// What it is.
        to: u32,
    },
}

impl fmt::Display for BulkheadEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TurnsAway { in_flight, limit } => {
                write!(f, "turns calls away: {in_flight} of {limit} under way")
            }
            Self::LimitSet { from, to } => write!(f, "limit set from {from} to {to}"),
        }
    }
}

impl Detail for BulkheadEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::TurnsAway { .. } => "turns_away",
            Self::LimitSet { .. } => "limit_set",
        }
    }
}
