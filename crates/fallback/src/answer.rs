//! An answer, and where it comes from.

use std::fmt;
use std::time::Duration;

use seaworthy_core::Name;

/// Who has given an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The service itself.
    Primary,
    /// The service itself, but so long ago: its [last good answer](crate::LastGood).
    Stale {
        /// For how long it was kept: at least as long as it really was, and at most two ticks of the
        /// operating system more (8 ms on most).
        age: Duration,
    },
    /// Another service, of this name.
    Backup(Name),
    /// A function.
    Function,
    /// A value that was there from the beginning.
    Default,
}

impl Source {
    /// Whether it is anybody but the service itself.
    #[must_use]
    pub fn is_degraded(self) -> bool {
        self != Self::Primary
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Primary => f.write_str("primary"),
            Self::Stale { age } => write!(f, "stale by {age:?}"),
            Self::Backup(name) => write!(f, "backup {name}"),
            Self::Function => f.write_str("function"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// An answer that says where it comes from.
///
/// What a service behind a layer [`with_source`](crate::FallbackLayer::with_source) answers, and what
/// [`Fallback::call_with_source`](crate::Fallback::call_with_source) comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Degraded<T, E> {
    /// The answer.
    pub value: T,
    /// Who has given it.
    pub source: Source,
    /// What the service came to instead: an error, or a response that would not do. None if the answer is its own, or if
    /// it was not asked.
    pub cause: Option<Result<T, E>>,
}

impl<T, E> Degraded<T, E> {
    pub(crate) fn new(value: T, source: Source, cause: Option<Result<T, E>>) -> Self {
        Self {
            value,
            source,
            cause,
        }
    }

    /// Whether it is anybody's but the service's own.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.source.is_degraded()
    }
}
