//! What fits together.

use std::ops::RangeInclusive;
use std::time::Duration;

use seaworthy_core::{Backoff, ConfigError};

use super::{Config, HalfOpen, JudgedBy, Permits, Window};

const SPAN: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(86_400);
const BUCKETS: RangeInclusive<u32> = 1..=1000;
const CALLS: RangeInclusive<u32> = 1..=1_000_000;
const PERMITS: RangeInclusive<u32> = 1..=100_000;
/// The longest time that means anything: a year.
pub(crate) const TIME_MAX: Duration = Duration::from_secs(365 * 86_400);

impl Config {
    /// Checks everything, and gives the delays that [`open`](Self::open) describes.
    pub(crate) fn check(&self, name: &str) -> Result<Backoff, ConfigError> {
        self.check_window(name)?;
        let rate = |field, rate: Option<f64>| {
            let fits = rate.is_none_or(|rate| rate > 0.0 && rate <= 1.0);
            let value = rate.unwrap_or_default();
            ConfigError::unless(fits, name, field, value, "above 0 and at most 1")
        };
        rate("failure_rate", self.failure_rate)?;
        if let Some(slow) = self.slow_calls {
            rate("slow_calls.rate", Some(slow.rate))?;
            time(name, "slow_calls.longer_than", slow.longer_than)?;
        }
        if let Some(failures) = self.consecutive_failures {
            let fits = failures > 0;
            ConfigError::unless(fits, name, "consecutive_failures", failures, "at least 1")?;
        }
        if let Some(ramp_up) = self.ramp_up {
            time(name, "ramp_up", ramp_up)?;
        }
        self.half_open.check(name)?;
        let JudgedBy::Rates(calls) = self.half_open.judged_by else {
            return self.backoff(name);
        };
        let has_rates = self.failure_rate.is_some() || self.slow_calls.is_some();
        let allowed =
            "only with `failure_rate` or `slow_calls` set: without them every trial ends well";
        ConfigError::unless(has_rates, name, "half_open.judged_by.rates", calls, allowed)?;
        self.backoff(name)
    }

    fn check_window(&self, name: &str) -> Result<(), ConfigError> {
        let minimum = self.minimum_calls;
        let at_least_one = minimum > 0;
        ConfigError::unless(at_least_one, name, "minimum_calls", minimum, "at least 1")?;
        match self.window {
            Window::Time { span, buckets } => {
                let value = format_args!("{span:?}");
                let fits = SPAN.contains(&span);
                ConfigError::unless(fits, name, "window.span", value, "1 ms to a day")?;
                let fits = BUCKETS.contains(&buckets);
                ConfigError::unless(fits, name, "window.buckets", buckets, "1 to 1000")?;
                let divides = span.as_nanos() % u128::from(buckets) == 0
                    && (span / buckets).subsec_nanos() % 1_000_000 == 0;
                let allowed = format_args!("numbers that divide {span:?} into whole milliseconds");
                ConfigError::unless(divides, name, "window.buckets", buckets, allowed)
            }
            Window::Calls(calls) => {
                let fits = CALLS.contains(&calls);
                ConfigError::unless(fits, name, "window.calls", calls, "1 to 1000000")?;
                let fits = minimum <= calls;
                let allowed = format_args!("at most the {calls} calls of the window");
                ConfigError::unless(fits, name, "minimum_calls", minimum, allowed)
            }
        }
    }

    fn backoff(&self, name: &str) -> Result<Backoff, ConfigError> {
        let open = self.open;
        time(name, "open.first", open.first)?;
        time(name, "open.at_most", open.at_most)?;
        Backoff::exponential(open.first, open.at_most)
            .factor(open.factor)
            .jitter(open.jitter)
            .build()
            .map_err(|error| {
                let field = match error.field {
                    "max" => "open.at_most",
                    "factor" => "open.factor",
                    "jitter" => "open.jitter",
                    _ => "open.first",
                };
                ConfigError::new(name, field, error.value, error.allowed)
            })
    }
}

impl HalfOpen {
    fn check(&self, name: &str) -> Result<(), ConfigError> {
        let (field, permits) = match self.permits {
            Permits::AtOnce(permits) => ("half_open.permits.at_once", permits),
            Permits::InTotal(permits) => ("half_open.permits.in_total", permits),
        };
        let fits = PERMITS.contains(&permits);
        ConfigError::unless(fits, name, field, permits, "1 to 100000")?;
        let (field, calls) = match self.judged_by {
            JudgedBy::Successes(calls) => ("half_open.judged_by.successes", calls),
            JudgedBy::Rates(calls) => ("half_open.judged_by.rates", calls),
        };
        let fits = PERMITS.contains(&calls);
        ConfigError::unless(fits, name, field, calls, "1 to 100000")?;
        if let Permits::InTotal(permits) = self.permits {
            let allowed =
                format_args!("at most the {permits} permits in total: more never come back");
            ConfigError::unless(calls <= permits, name, field, calls, allowed)?;
        }
        if let Some(lease) = self.lease {
            time(name, "half_open.lease", lease)?;
        }
        match self.max_wait {
            Some(max_wait) => time(name, "half_open.max_wait.time", max_wait.time),
            None => Ok(()),
        }
    }

    /// Whether a call that never comes back can keep the breaker half open for ever.
    pub(crate) fn may_wedge(&self) -> bool {
        self.lease.is_none() && self.max_wait.is_none()
    }
}

fn time(name: &str, field: &'static str, time: Duration) -> Result<(), ConfigError> {
    let fits = time > Duration::ZERO && time <= TIME_MAX;
    let value = format_args!("{time:?}");
    ConfigError::unless(fits, name, field, value, "above 0 s and at most a year")
}
