//! How many calls at once are right: algorithms without a clock, a lock or a runtime.

use std::fmt;
use std::time::Duration;

use seaworthy_core::Verdict;

/// Finds out how many calls a service can work on at once, by what becomes of those that it got.
///
/// It is told of each call that has ended, and says how many there may be from then on. It has no clock and no lock of
/// its own: whoever has it calls it with one call after the other, so it can be simulated as fast as it computes.
pub trait Algorithm: fmt::Debug + Send {
    /// How many calls there may be at once: never 0.
    fn limit(&self) -> u32;

    /// One call has ended. Returns the new limit.
    fn observe(&mut self, sample: &Sample) -> u32;
}

/// What became of one call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When it ended, since a moment that is the same for all samples. Never before that of an earlier sample.
    pub now: Duration,
    /// How long the service worked on it: from when it was let through, without the time for which it had waited before.
    pub took: Duration,
    /// How many calls the service had when this one was let through, with it.
    pub in_flight: u32,
    /// What its outcome says. Only [`Verdict::Overload`] is a reason to send less by itself;
    /// [`Verdict::Ignored`], as for a call that its caller gave up, says nothing, not even by the time that it took.
    pub verdict: Verdict,
}

/// How many calls there may be at once.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(untagged))]
pub enum Limit {
    /// So many.
    Fixed(u32),
}
impl From<u32> for Limit {
    fn from(n: u32) -> Self {
        Self::Fixed(n)
    }
}
impl Limit {
    pub(crate) fn check(&self, name: &str) -> Result<(), seaworthy_core::ConfigError> {
        let Self::Fixed(n) = self;
        seaworthy_core::ConfigError::unless(
            (1..=1_000_000).contains(n),
            name,
            "limit",
            n,
            "from 1 to 1000000",
        )
    }
    pub(crate) fn initial(&self) -> u32 {
        let Self::Fixed(n) = self;
        *n
    }
    pub(crate) fn start(&self) -> Option<Box<dyn Algorithm>> {
        None
    }
}
