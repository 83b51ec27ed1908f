//! A limit by how many times as long as without load a call takes.

use std::time::Duration;

use seaworthy_core::ConfigError;

use super::check::{self, Bounded};
use super::delay::{Delay, Law, Setting};

/// By how many times as long as without load a call takes: under a standing queue the limit becomes
/// `limit * tolerance / slower + sqrt(limit)`.
///
/// The root leaves places for calls that come in bunches: it is what makes the rule right for two places as well as for a
/// thousand. A load that comes and goes without a standing queue is not held back by it.
///
/// Envoy's adaptive concurrency (the rule, the root, the probe under a lower limit); Netflix concurrency-limits,
/// `Gradient2Limit`; CoDel (a queue that does not stand is none); BBR (no probe where the load has shown it by itself).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Gradient {
    /// The least, 1 to 1,000,000. Default: 1.
    pub min: u32,
    /// Where it begins, from `min` to `max`; from there it doubles until calls become slower. Default: 10.
    pub initial: u32,
    /// The most, from `min` to 1,000,000. Default: 1000.
    pub max: u32,
    /// How many times as long a call may take: 1.1 to 10. Default: 2.
    pub tolerance: f64,
    /// How many calls are looked at together, 10 to 100,000: at least twice as many as the limit are. Default: 100.
    pub window: u32,
    /// How often under a standing queue it is measured anew how long a call takes without one, for which the limit is
    /// lowered for two dozen calls: 100 ms to a day, and 2000 calls at least. Default: 10 s.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::duration"))]
    pub probe_every: Duration,
}

impl Default for Gradient {
    fn default() -> Self {
        Self {
            min: 1,
            initial: 10,
            max: 1000,
            tolerance: 2.0,
            window: 100,
            probe_every: Duration::from_secs(10),
        }
    }
}

impl Gradient {
    pub(super) fn check(&self, component: &str) -> Result<(), ConfigError> {
        let fields = ["gradient.min", "gradient.initial", "gradient.max"];
        check::limits(component, fields, [self.min, self.initial, self.max])?;
        check::number(component, "gradient.tolerance", self.tolerance, 1.1..=10.0)?;
        let fields = ["gradient.window", "gradient.probe_every"];
        check::measuring(component, fields, self.window, self.probe_every)
    }

    pub(super) fn run(&self, limit: u32) -> Delay<Rule> {
        let setting = Setting {
            limit: Bounded::new(self.min, self.max, limit),
            window: self.window,
            probe_every: self.probe_every,
        };
        Delay::new(Rule(self.tolerance), setting)
    }
}

/// With how many times as long a call may take.
#[derive(Debug)]
pub(super) struct Rule(f64);

impl Law for Rule {
    fn target(&self, limit: f64, slower: f64) -> f64 {
        limit * self.0 / slower + limit.sqrt()
    }

    fn step(&self, limit: f64) -> f64 {
        limit.sqrt()
    }
}
