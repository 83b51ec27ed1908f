//! A limit by how many calls wait in the service.

use std::time::Duration;

use seaworthy_core::ConfigError;

use super::check::{self, Bounded};
use super::delay::{Delay, Law, Setting};

/// By how many calls wait in the service: of `limit` calls that take `slower` times as long as without a queue,
/// `limit * (1 - 1 / slower)` wait. The limit is kept where a few do, more of them the larger it is.
///
/// It keeps the queue shorter than [`Gradient`](super::Gradient) does where many calls fit, and gives up more where work
/// becomes slower before it is too much.
///
/// Brakmo and Peterson, "TCP Vegas" (1995); Netflix concurrency-limits, `VegasLimit`. Unlike the latter it decides by rounds
/// of calls rather than by single ones, so where it is far off, it goes half of the way at once; and its unit grows with the
/// root of the limit, not its logarithm, since what chance does to the times grows with the limit.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Vegas {
    /// The least, 1 to 1,000,000. Default: 1.
    pub min: u32,
    /// Where it begins, from `min` to `max`; from there it doubles until calls become slower. Default: 10.
    pub initial: u32,
    /// The most, from `min` to 1,000,000. Default: 1000.
    pub max: u32,
    /// With fewer waiting than this, times a third of the root of the limit (at least 1), it grows: 0.5 to 100. Default: 3.
    pub alpha: f64,
    /// With more waiting than this, times the same, it shrinks: more than `alpha`, up to 200. Default: 6.
    pub beta: f64,
    /// How many calls are looked at together, 10 to 100,000: at least twice as many as the limit are. Default: 100.
    pub window: u32,
    /// How often under a standing queue it is measured anew how long a call takes without one, for which the limit is
    /// lowered for two dozen calls: 100 ms to a day, and 2000 calls at least. Default: 10 s.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::duration"))]
    pub probe_every: Duration,
}

impl Default for Vegas {
    fn default() -> Self {
        Self {
            min: 1,
            initial: 10,
            max: 1000,
            alpha: 3.0,
            beta: 6.0,
            window: 100,
            probe_every: Duration::from_secs(10),
        }
    }
}

impl Vegas {
    pub(super) fn check(&self, component: &str) -> Result<(), ConfigError> {
        let fields = ["vegas.min", "vegas.initial", "vegas.max"];
        check::limits(component, fields, [self.min, self.initial, self.max])?;
        check::number(component, "vegas.alpha", self.alpha, 0.5..=100.0)?;
        check::number(component, "vegas.beta", self.beta, 0.5..=200.0)?;
        let allowed = format_args!("more than `alpha`, which is {}", self.alpha);
        let fits = self.beta > self.alpha;
        ConfigError::unless(fits, component, "vegas.beta", self.beta, allowed)?;
        let fields = ["vegas.window", "vegas.probe_every"];
        check::measuring(component, fields, self.window, self.probe_every)
    }

    pub(super) fn run(&self, limit: u32) -> Delay<Rule> {
        let setting = Setting {
            limit: Bounded::new(self.min, self.max, limit),
            window: self.window,
            probe_every: self.probe_every,
        };
        let rule = Rule {
            alpha: self.alpha,
            beta: self.beta,
        };
        Delay::new(rule, setting)
    }
}

#[derive(Debug)]
pub(super) struct Rule {
    alpha: f64,
    beta: f64,
}

/// For how many waiting calls each of the parameters stands.
fn unit(limit: f64) -> f64 {
    (limit.sqrt() / 3.0).max(1.0)
}

impl Law for Rule {
    fn target(&self, limit: f64, slower: f64) -> f64 {
        let unit = unit(limit);
        let waiting = (limit * (1.0 - 1.0 / slower)).max(0.0);
        if waiting < self.alpha * unit {
            limit + self.step(limit)
        } else if waiting > self.beta * unit {
            limit - ((waiting - self.beta * unit) / 2.0).max(unit)
        } else {
            limit
        }
    }

    fn step(&self, limit: f64) -> f64 {
        self.beta * unit(limit)
    }
}
