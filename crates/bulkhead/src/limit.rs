//! How many calls at once are right: algorithms without a clock, a lock or a runtime.
//!
//! A [`Limit`] says how the limit is found: it stays as it was set ([`Fixed`]), or follows what becomes of the calls
//! ([`Gradient`], [`Vegas`], [`Aimd`]). It is plain data; [`start`](Limit::start) makes the [`Algorithm`] of it that is
//! told of each call.
//!
//! ```
//! use std::time::Duration;
//! use seaworthy_bulkhead::limit::{Limit, Sample, Vegas};
//! use seaworthy_core::Verdict;
//!
//! let mut vegas = Vegas::default();
//! vegas.max = 500;
//! let mut algorithm = Limit::from(vegas).start();
//! let took = Duration::from_millis(20);
//! let sample = Sample { now: took, took, in_flight: 1, verdict: Verdict::Success };
//! let limit = algorithm.observe(&sample);
//! assert!((1..=500).contains(&limit));
//! ```

mod aimd;
mod base;
mod check;
mod delay;
#[cfg(feature = "serde")]
mod file;
mod fixed;
mod gradient;
mod round;
#[cfg(test)]
mod tests;
mod times;
mod vegas;

use std::fmt;
use std::time::Duration;

use seaworthy_core::{ConfigError, Verdict};

pub use aimd::Aimd;
pub use fixed::Fixed;
pub use gradient::Gradient;
pub use vegas::Vegas;

/// Finds out how many calls a service can work on at once, by what becomes of those that it got.
///
/// It is told of each call that has ended, and says how many there may be from then on. It has no clock and no lock of
/// its own: whoever has it calls it with one call after the other, so it can be simulated as fast as it computes. A bulkhead
/// does so under a lock: do not use that bulkhead from in here.
pub trait Algorithm: fmt::Debug + Send {
    /// How many calls there may be at once: never 0.
    fn limit(&self) -> u32;

    /// One call has ended. Returns the new limit.
    fn observe(&mut self, sample: &Sample) -> u32;

    /// Until when the present limit holds at most, on the time line of the samples. `None`: until a sample changes it.
    ///
    /// A limit that was lowered only to measure something has such an end, since calls that are stuck could fill it, and
    /// then no sample would ever come. It is enough to look when a call is about to be turned away: if the time has
    /// come, call [`lapse`](Self::lapse) and try once more.
    fn holds_until(&self) -> Option<Duration> {
        None
    }

    /// The time of [`holds_until`](Self::holds_until) may have come. Returns the new limit. Harmless at any other time.
    fn lapse(&mut self, now: Duration) -> u32 {
        let _ = now;
        self.limit()
    }
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

impl Sample {
    /// When it was let through.
    fn began(&self) -> Duration {
        self.now.saturating_sub(self.took)
    }
}

/// How a limit is found.
///
/// In files (feature `serde`) it is a number, which is a fixed limit, the name of an algorithm (`"gradient"`), or
/// the name with its fields: `{ vegas = { max = 500 } }`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Limit {
    /// It stays as it was set.
    Fixed(Fixed),
    /// By calls that meet overload or take too long.
    Aimd(Aimd),
    /// By how many calls wait in the service.
    Vegas(Vegas),
    /// By how many times as long as without load a call takes.
    Gradient(Gradient),
}

impl Limit {
    /// The one to take where nothing is known of the service: [`Gradient`] as it comes.
    #[must_use]
    pub fn adaptive() -> Self {
        Gradient::default().into()
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// The first field that has a value that is not allowed, of the component of this name.
    pub fn check(&self, component: &str) -> Result<(), ConfigError> {
        match self {
            Self::Fixed(it) => it.check(component),
            Self::Aimd(it) => it.check(component),
            Self::Vegas(it) => it.check(component),
            Self::Gradient(it) => it.check(component),
        }
    }

    /// The algorithm, at its initial limit. What [`check`](Self::check) refuses is taken as the nearest that works.
    #[must_use]
    pub fn start(&self) -> Box<dyn Algorithm> {
        self.start_at(self.initial())
    }

    /// The algorithm at a limit that was found before, as after a restart or a change of the configuration: no more and
    /// no less than the configuration allows.
    #[must_use]
    pub fn start_at(&self, limit: u32) -> Box<dyn Algorithm> {
        match self {
            Self::Fixed(it) => Box::new(fixed::Run::new(it)),
            Self::Aimd(it) => Box::new(aimd::Run::new(it, limit)),
            Self::Vegas(it) => Box::new(it.run(limit)),
            Self::Gradient(it) => Box::new(it.run(limit)),
        }
    }

    /// The limit at which [`start`](Self::start) begins.
    #[must_use]
    pub fn initial(&self) -> u32 {
        match self {
            Self::Fixed(it) => it.limit,
            Self::Aimd(it) => it.initial,
            Self::Vegas(it) => it.initial,
            Self::Gradient(it) => it.initial,
        }
    }
}

impl From<Fixed> for Limit {
    fn from(fixed: Fixed) -> Self {
        Self::Fixed(fixed)
    }
}

/// A fixed limit.
impl From<u32> for Limit {
    fn from(limit: u32) -> Self {
        Fixed::new(limit).into()
    }
}

impl From<Aimd> for Limit {
    fn from(aimd: Aimd) -> Self {
        Self::Aimd(aimd)
    }
}

impl From<Vegas> for Limit {
    fn from(vegas: Vegas) -> Self {
        Self::Vegas(vegas)
    }
}

impl From<Gradient> for Limit {
    fn from(gradient: Gradient) -> Self {
        Self::Gradient(gradient)
    }
}

/// Whether the limit may be what holds calls back: else nothing speaks for a larger one.
fn is_bound(sample: &Sample, limit: u32) -> bool {
    sample.in_flight.saturating_mul(2) >= limit
}
