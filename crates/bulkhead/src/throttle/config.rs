//! When a client holds calls back.

use std::ops::RangeInclusive;
use std::time::Duration;

use seaworthy_core::ConfigError;

const SPAN: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(86_400);
const BUCKETS: RangeInclusive<u32> = 2..=1000;
const MULTIPLIER: RangeInclusive<f64> = 1.0..=100.0;
const CAP_MAX: f64 = 0.99;
const REQUESTS: RangeInclusive<u32> = 1..=1_000_000;

/// When a [`Throttle`](crate::Throttle) holds calls back, and how many of them.
///
/// ```
/// use seaworthy_bulkhead::{Throttle, ThrottleConfig};
///
/// let mut config = ThrottleConfig::default();
/// config.multiplier = 1.5;
/// let inventory = Throttle::builder("inventory").config(config).build()?;
///
/// let mut closed = ThrottleConfig::default();
/// closed.cap = 1.0;
/// let error = inventory.reconfigure(closed).unwrap_err();
/// assert_eq!(error.to_string(), "`inventory`: field `cap` is 1, allowed: above 0 and at most 0.99");
/// # Ok::<(), seaworthy_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct ThrottleConfig {
    /// How many calls are sent for each that is accepted: from 1 to 100. Default: 2, as in the book.
    ///
    /// With 2 a service in overload is sent twice what it accepts, so it turns away as many calls as it does, and the end
    /// of the overload is seen at once. With 1.1 it has less to turn away, and the end is seen later.
    pub multiplier: f64,
    /// The greatest share of calls that is held back: above 0, at most 0.99. Default: 0.9.
    ///
    /// What is not sent cannot be accepted: a client that sends nothing never finds out that the overload is over.
    pub cap: f64,
    /// For how long an outcome counts: from a second to a day. Default: two minutes.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::duration"))]
    pub window: Duration,
    /// In how many steps the window slides: from 2 to 1000, and the window has to be a multiple of it in milliseconds.
    /// Default: 24.
    pub buckets: u32,
    /// With fewer requests in the window nothing is held back: at least 1, at most a million. Default: 100, which in two
    /// minutes is less than one a second: a client that sends so little is not what overloads a service.
    pub minimum_requests: u32,
}

impl Default for ThrottleConfig {
    fn default() -> Self {
        Self {
            multiplier: 2.0,
            cap: 0.9,
            window: Duration::from_secs(120),
            buckets: 24,
            minimum_requests: 100,
        }
    }
}

impl ThrottleConfig {
    pub(crate) fn check(&self, name: &str) -> Result<(), ConfigError> {
        let multiplier = self.multiplier;
        let fits = MULTIPLIER.contains(&multiplier);
        ConfigError::unless(fits, name, "multiplier", multiplier, "1 to 100")?;
        let fits = self.cap > 0.0 && self.cap <= CAP_MAX;
        ConfigError::unless(fits, name, "cap", self.cap, "above 0 and at most 0.99")?;
        let requests = self.minimum_requests;
        let fits = REQUESTS.contains(&requests);
        ConfigError::unless(fits, name, "minimum_requests", requests, "1 to 1000000")?;
        self.check_window(name)
    }

    fn check_window(&self, name: &str) -> Result<(), ConfigError> {
        let (window, buckets) = (self.window, self.buckets);
        let fits = SPAN.contains(&window);
        let value = format_args!("{window:?}");
        ConfigError::unless(fits, name, "window", value, "1 s to a day")?;
        let fits = BUCKETS.contains(&buckets);
        ConfigError::unless(fits, name, "buckets", buckets, "2 to 1000")?;
        let divides = window.as_nanos() % u128::from(buckets) == 0
            && (window / buckets).subsec_nanos() % 1_000_000 == 0;
        let allowed = format_args!("numbers that divide {window:?} into whole milliseconds");
        ConfigError::unless(divides, name, "buckets", buckets, allowed)
    }

    /// The length of a bucket, in nanoseconds.
    pub(crate) fn bucket(&self) -> u64 {
        let length = (self.window / self.buckets.max(1)).as_nanos();
        u64::try_from(length).unwrap_or(u64::MAX).max(1)
    }

    /// Whether what was counted by the other counts here too.
    pub(crate) fn counts_as(&self, other: &Self) -> bool {
        (self.window, self.buckets) == (other.window, other.buckets)
    }
}
