//! How an operation ended in one round.

use std::fmt;

/// How the operation ended, which the check of a round is told.
///
/// `Display` says it in words, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending<T> {
    /// It ran to its end and returned this.
    Completed(T),
    /// It was dropped before it was polled at all.
    Unpolled,
    /// It was dropped right after it had returned `Pending` for this time, counted from 1.
    Pending(usize),
    /// It was dropped after it had returned `Pending` for this time and had been woken, unpolled since.
    Woken(usize),
    /// The panic at this poll of what was fused, counted from 1, came out of it.
    Panicked(usize),
}

impl<T> Ending<T> {
    /// What it returned, if it completed.
    pub fn completed(self) -> Option<T> {
        match self {
            Self::Completed(output) => Some(output),
            _ => None,
        }
    }
}

impl<T> fmt::Display for Ending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Completed(_) => f.write_str("completed"),
            Self::Unpolled => f.write_str("dropped before its first poll"),
            Self::Pending(k) => write!(f, "dropped at await {k}"),
            Self::Woken(k) => write!(f, "dropped at await {k}, once woken"),
            Self::Panicked(k) => write!(f, "panicked at poll {k}"),
        }
    }
}
