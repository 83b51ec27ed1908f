//! What a fallback tells.

use std::fmt;
use std::sync::Arc;

use seaworthy_core::event::Detail;

/// Something that happened to a fallback.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FallbackEvent {
    /// A fallback answers, the first time in ten seconds.
    Answers {
        /// Which strategy.
        strategy: Arc<str>,
    },
    /// A strategy was asked, and has failed: not told of one that just has nothing for a request.
    Missed {
        /// Which one.
        strategy: Arc<str>,
        /// Why.
        why: String,
    },
    /// It was switched on, or off.
    Switched {
        /// Whether it answers from now on.
        enabled: bool,
    },
}

impl fmt::Display for FallbackEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answers { strategy } => write!(f, "{strategy} answers"),
            Self::Missed { strategy, why } => write!(f, "{strategy} has no answer: {why}"),
            Self::Switched { enabled: true } => f.write_str("switched on"),
            Self::Switched { enabled: false } => f.write_str("switched off"),
        }
    }
}

impl Detail for FallbackEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::Answers { .. } => "answers",
            Self::Missed { .. } => "missed",
            Self::Switched { .. } => "switched",
        }
    }
}
