//! How long to wait before the next attempt: exponential, capped, with jitter.

#[cfg(feature = "serde")]
mod file;

use std::iter::FusedIterator;
use std::time::Duration;

use crate::ConfigError;

/// Delays that grow by a factor from a minimum up to a maximum, each shortened at random.
///
/// Plain data and pure arithmetic: no clock, no state. [`delay`](Self::delay) computes one delay;
/// [`Delays`] counts attempts and draws the random numbers. The jitter is that of M. Brooker,
/// "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
///
/// ```
/// use std::time::Duration;
/// use seaworthy_core::backoff::{Backoff, Jitter};
///
/// let backoff = Backoff::exponential(Duration::from_millis(100), Duration::from_secs(1))
///     .jitter(Jitter::None)
///     .build()?;
/// let millis: Vec<_> = backoff.delays().take(5).map(|delay| delay.as_millis()).collect();
/// assert_eq!(millis, [100, 200, 400, 800, 1000]);
/// # Ok::<(), seaworthy_core::ConfigError>(())
/// ```
///
/// With the feature `serde` it is read from a file as a table of `min` and `max`, and `factor` and `jitter` if they are to
/// be others; one that is not allowed is refused as it is read.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(try_from = "file::Written", into = "file::Written")
)]
pub struct Backoff {
    min: Duration,
    max: Duration,
    factor: f64,
    /// The share of a delay that is up to chance, from 0 to 1.
    share: f64,
}

/// How much of a delay is up to chance, so that those who failed together do not return together.
///
/// Jitter only ever shortens a delay.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Jitter {
    /// Nothing: the same delays every time.
    None,
    /// Half of it: each delay lies between half of what it would be and all of it.
    Equal,
    /// All of it: each delay lies between zero and what it would be.
    Full,
    /// This share of it, from 0 (as `None`) to 1 (as `Full`).
    Share(f64),
}

impl Jitter {
    fn share(self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Equal => 0.5,
            Self::Full => 1.0,
            Self::Share(share) => share,
        }
    }
}

impl Backoff {
    /// Starts with a first delay of `min` and never exceeds `max`; factor 2 and [`Jitter::Equal`]
    /// unless said otherwise.
    pub const fn exponential(min: Duration, max: Duration) -> BackoffBuilder {
        BackoffBuilder {
            min,
            max,
            factor: 2.0,
            jitter: Jitter::Equal,
        }
    }

    /// The delay after failed attempt number `attempt`, the first of which is 0.
    ///
    /// `random` says how much of the jitter to take off: 0 for none, towards 1 for nearly all. What
    /// lies outside of 0 to 1 is brought in, and NaN counts as 0.
    #[must_use]
    pub fn delay(&self, attempt: u32, random: f64) -> Duration {
        let exponent = i32::try_from(attempt).unwrap_or(i32::MAX);
        let full = scale(self.min, self.factor.powi(exponent), self.max).max(self.min);
        // NaN stays NaN, and is not above zero.
        let taken_off = self.share * random.clamp(0.0, 1.0);
        if taken_off > 0.0 {
            scale(full, 1.0 - taken_off, full)
        } else {
            full
        }
    }

    /// What no delay exceeds.
    #[must_use]
    pub const fn max(&self) -> Duration {
        self.max
    }

    /// An endless iterator over the delays, different each time if there is jitter.
    #[must_use]
    pub fn delays(&self) -> Delays {
        self.delays_from(fastrand::u64(..))
    }

    /// As [`delays`](Self::delays), but the same for the same `seed`.
    #[must_use]
    pub fn delays_from(&self, seed: u64) -> Delays {
        Delays {
            backoff: *self,
            attempt: 0,
            random: fastrand::Rng::with_seed(seed),
        }
    }
}

/// `duration` times `by`, at most `cap`; `cap` too if the product is no duration.
fn scale(duration: Duration, by: f64, cap: Duration) -> Duration {
    Duration::try_from_secs_f64(duration.as_secs_f64() * by).map_or(cap, |product| product.min(cap))
}

/// Makes a [`Backoff`] of values that fit together.
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is made before `build`"]
pub struct BackoffBuilder {
    min: Duration,
    max: Duration,
    factor: f64,
    jitter: Jitter,
}

impl BackoffBuilder {
    /// How much longer each delay is than the one before, at least 1; 2 by default.
    pub const fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// How much of each delay is up to chance; [`Jitter::Equal`] by default.
    pub const fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// Checks the values.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the component `backoff`, if `min` is zero, `max` is below `min`, `factor`
    /// is below 1 or not finite, or a share of jitter is not from 0 to 1.
    pub fn build(self) -> Result<Backoff, ConfigError> {
        let Self {
            min,
            max,
            factor,
            jitter,
        } = self;
        let share = jitter.share();
        check(
            min > Duration::ZERO,
            "min",
            format_args!("{min:?}"),
            "above 0s",
        )?;
        check(
            max >= min,
            "max",
            format_args!("{max:?}"),
            format_args!("at least `min`, {min:?}"),
        )?;
        check(
            factor >= 1.0 && factor.is_finite(),
            "factor",
            factor,
            "at least 1 and finite",
        )?;
        check((0.0..=1.0).contains(&share), "jitter", share, "from 0 to 1")?;
        Ok(Backoff {
            min,
            max,
            factor,
            share,
        })
    }
}

fn check(
    holds: bool,
    field: &'static str,
    value: impl std::fmt::Display,
    allowed: impl std::fmt::Display,
) -> Result<(), ConfigError> {
    ConfigError::unless(holds, "backoff", field, value, allowed)
}

/// The delays of a [`Backoff`], one after the other; it never ends.
#[derive(Clone, Debug)]
pub struct Delays {
    backoff: Backoff,
    attempt: u32,
    random: fastrand::Rng,
}

impl Delays {
    /// How many delays were given since the start or the last [`reset`](Self::reset).
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Starts again at the shortest delay, as after a success. The random numbers go on.
    pub fn reset(&mut self) {
        self.attempt = 0;
    }
}

impl Iterator for Delays {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let delay = self.backoff.delay(self.attempt, self.random.f64());
        self.attempt = self.attempt.saturating_add(1);
        Some(delay)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

impl FusedIterator for Delays {}
