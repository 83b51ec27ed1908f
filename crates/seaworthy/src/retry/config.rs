//! How often a call is tried, and when.

use std::ops::RangeInclusive;
use std::time::Duration;

use seaworthy_core::ConfigError;
use seaworthy_core::backoff::{Backoff, Jitter};

const ATTEMPTS: RangeInclusive<u32> = 1..=100;
const TIME_MAX: Duration = Duration::from_secs(86_400);
const RATIO_MAX: f64 = 10.0;
const BURST: RangeInclusive<u32> = 1..=1_000_000;

/// How often a call is tried, how long it waits in between, and how many retries there may be.
///
/// ```
/// use seaworthy::retry::{Retry, RetryConfig};
///
/// let mut config = RetryConfig::default();
/// config.attempts = 5;
/// let payments = Retry::builder("payments").config(config.clone()).build()?;
///
/// config.attempts = 0;
/// let error = payments.reconfigure(config).unwrap_err();
/// assert_eq!(error.to_string(), "`payments`: field `attempts` is 0, allowed: 1 to 100");
/// # Ok::<(), seaworthy::core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct RetryConfig {
    /// How often a call is tried at most, the first time included: from 1, which is no retry at all, to 100. Default: 3.
    pub attempts: u32,
    /// How long to wait before each retry: at most a day. A service that says when to come back is not asked earlier.
    /// Default: from 50 ms to 1 s, all of it up to chance ([`Jitter::Full`]).
    pub backoff: Backoff,
    /// How many retries there may be, all calls together. `None`, which is `off` in a file: any number. Default: one for
    /// five calls, and ten at once.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::off"))]
    pub budget: Option<RetryBudget>,
    /// How long a call waits at most for a service, or an open circuit, that says when to come back: at most a day. If that is
    /// later, it is not tried again. `None`, which is `off` in a file: it waits as long as there is time. Default: 2 s.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::off::duration"))]
    pub max_retry_after: Option<Duration>,
    /// No retry begins later than this after the call has, unless the service takes longer to get ready for it: above 0, at
    /// most a day. `None`, which is `off` in a file: there is no such time. Default: 30 s.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::off::duration"))]
    pub within: Option<Duration>,
}

/// How many retries there may be: a share of the calls, and some at once.
///
/// A service that fails gets more work from those who try again, which is the last thing it needs. The budget is a bucket
/// of tokens: each call puts a part of one in, each retry takes one out, and without a token there is none. It needs no
/// clock: whoever calls seldom retries seldom.
///
/// ```
/// use seaworthy::retry::RetryBudget;
///
/// // A tenth on top of the calls, and up to 20 more when all was well before.
/// let budget = RetryBudget { ratio: 0.1, burst: 20 };
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct RetryBudget {
    /// How many retries each call makes room for: above 0, at most 10. Default: 0.2.
    pub ratio: f64,
    /// How many there may be at once after all was well, and at the beginning: from 1 to a million. Default: 10.
    pub burst: u32,
}

impl Default for RetryConfig {
    fn default() -> Self {
        let backoff = Backoff::exponential(Duration::from_millis(50), Duration::from_secs(1));
        Self {
            attempts: 3,
            backoff: backoff.jitter(Jitter::Full).build().expect("allowed"),
            budget: Some(RetryBudget::default()),
            max_retry_after: Some(Duration::from_secs(2)),
            within: Some(Duration::from_secs(30)),
        }
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self {
            ratio: 0.2,
            burst: 10,
        }
    }
}

impl RetryConfig {
    pub(crate) fn check(&self, name: &str) -> Result<(), ConfigError> {
        let attempts = self.attempts;
        let fits = ATTEMPTS.contains(&attempts);
        ConfigError::unless(fits, name, "attempts", attempts, "1 to 100")?;
        let max = self.backoff.max();
        let value = format_args!("{max:?}");
        ConfigError::unless(max <= TIME_MAX, name, "backoff.max", value, "at most a day")?;
        if let Some(budget) = self.budget {
            budget.check(name)?;
        }
        if let Some(longest) = self.max_retry_after {
            let (value, allowed) = (format_args!("{longest:?}"), "at most a day, or off");
            ConfigError::unless(longest <= TIME_MAX, name, "max_retry_after", value, allowed)?;
        }
        let Some(within) = self.within else {
            return Ok(());
        };
        let fits = !within.is_zero() && within <= TIME_MAX;
        let value = format_args!("{within:?}");
        let allowed = "above 0 and at most a day, or off";
        ConfigError::unless(fits, name, "within", value, allowed)
    }
}

impl RetryBudget {
    fn check(self, name: &str) -> Result<(), ConfigError> {
        let ratio = self.ratio;
        // What is not a number is not within it either.
        let fits = ratio > 0.0 && ratio <= RATIO_MAX;
        ConfigError::unless(fits, name, "budget.ratio", ratio, "above 0 and at most 10")?;
        let fits = BURST.contains(&self.burst);
        ConfigError::unless(fits, name, "budget.burst", self.burst, "1 to 1000000")
    }
}
