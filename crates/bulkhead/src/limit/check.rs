//! Which values the fields of the algorithms may have, and limits that stay between two of them.

use std::ops::RangeInclusive;
use std::time::Duration;

use seaworthy_core::ConfigError;

/// What a limit may be.
const LIMITS: RangeInclusive<u32> = 1..=1_000_000;

/// How many calls a round may have.
const WINDOWS: RangeInclusive<u32> = 10..=100_000;

/// How often a baseline may be measured anew.
const PROBES: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(86_400);

pub(super) fn limit(component: &str, field: &'static str, limit: u32) -> Result<(), ConfigError> {
    let fits = LIMITS.contains(&limit);
    ConfigError::unless(fits, component, field, limit, "1 to 1000000")
}

/// The three limits that every adaptive one has.
pub(super) fn limits(
    component: &str,
    fields: [&'static str; 3],
    [min, initial, max]: [u32; 3],
) -> Result<(), ConfigError> {
    limit(component, fields[0], min)?;
    limit(component, fields[2], max)?;
    let allowed = format_args!("at least the minimum, which is {min}");
    ConfigError::unless(max >= min, component, fields[2], max, allowed)?;
    let fits = (min..=max).contains(&initial);
    let allowed = format_args!("from the minimum to the maximum, {min} to {max}");
    ConfigError::unless(fits, component, fields[1], initial, allowed)
}

/// The two fields that say how often something is measured.
pub(super) fn measuring(
    component: &str,
    fields: [&'static str; 2],
    window: u32,
    probe_every: Duration,
) -> Result<(), ConfigError> {
    let fits = WINDOWS.contains(&window);
    ConfigError::unless(fits, component, fields[0], window, "10 to 100000")?;
    let fits = PROBES.contains(&probe_every);
    let value = format_args!("{probe_every:?}");
    ConfigError::unless(fits, component, fields[1], value, "100 ms to a day")
}

pub(super) fn number(
    component: &str,
    field: &'static str,
    number: f64,
    range: RangeInclusive<f64>,
) -> Result<(), ConfigError> {
    let fits = range.contains(&number);
    let allowed = format_args!("{} to {}", range.start(), range.end());
    ConfigError::unless(fits, component, field, number, allowed)
}

/// A limit between two others, with a fraction, so that small steps add up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounded {
    value: f64,
    min: f64,
    max: f64,
}

impl Bounded {
    pub(super) fn new(min: u32, max: u32, value: u32) -> Self {
        let min = f64::from(min.max(1));
        let max = f64::from(max).max(min);
        Self {
            value: f64::from(value).clamp(min, max),
            min,
            max,
        }
    }

    pub(super) fn get(self) -> f64 {
        self.value
    }

    /// As many calls as that.
    pub(super) fn whole(self) -> u32 {
        self.part(1.0)
    }

    /// As many calls as this part of it, if that is allowed.
    pub(super) fn part(self, part: f64) -> u32 {
        // Never below 1; a float too large for it would be the largest there is.
        (self.value * part).max(self.min).floor() as u32
    }

    /// Says whether that changes how many calls there may be.
    pub(super) fn set(&mut self, value: f64) -> bool {
        let before = self.whole();
        // A value that is none leaves it as it is.
        if !value.is_nan() {
            self.value = value.clamp(self.min, self.max);
        }
        self.whole() != before
    }
}
