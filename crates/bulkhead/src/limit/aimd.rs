//! A limit that grows by one and shrinks by a factor, as TCP's window did first.

use std::time::Duration;

use seaworthy_core::{ConfigError, Verdict};

use super::check::{self, Bounded};
use super::{Algorithm, Sample};

/// Additive increase, multiplicative decrease: one more for each round of calls that go well while the limit is what holds
/// them back, and a share less when one meets overload or takes too long.
///
/// It knows only what it is told to be too much. So it needs a service that says when it has too much
/// ([`Verdict::Overload`]), or [`slow`](Self::slow); with neither it grows up to [`max`](Self::max).
///
/// Chiu and Jain, "Analysis of the increase and decrease algorithms" (1989); Netflix concurrency-limits, `AIMDLimit`. Unlike
/// the latter it grows once a round (as many calls as the limit) instead of with each call, and shrinks once for all
/// calls that were under way together instead of once for each of them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Aimd {
    /// The least, 1 to 1,000,000. Default: 1.
    pub min: u32,
    /// Where it begins, from `min` to `max`. Default: 10.
    pub initial: u32,
    /// The most, from `min` to 1,000,000. Default: 200.
    pub max: u32,
    /// What is left of the limit when there was too much: 0.1 to 0.99. Default: 0.9.
    pub backoff: f64,
    /// A call that takes longer met overload: above 0 and at most a year. `None`, which is the default: however long it
    /// takes.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::off::duration"))]
    pub slow: Option<Duration>,
}

impl Default for Aimd {
    fn default() -> Self {
        Self {
            min: 1,
            initial: 10,
            max: 200,
            backoff: 0.9,
            slow: None,
        }
    }
}

impl Aimd {
    pub(super) fn check(&self, component: &str) -> Result<(), ConfigError> {
        let fields = ["aimd.min", "aimd.initial", "aimd.max"];
        check::limits(component, fields, [self.min, self.initial, self.max])?;
        check::number(component, "aimd.backoff", self.backoff, 0.1..=0.99)?;
        let Some(slow) = self.slow else {
            return Ok(());
        };
        let fits = slow > Duration::ZERO && slow <= Duration::from_secs(365 * 86_400);
        let (value, allowed) = (format_args!("{slow:?}"), "above 0 s and at most a year");
        ConfigError::unless(fits, component, "aimd.slow", value, allowed)
    }
}

#[derive(Debug)]
pub(super) struct Run {
    limit: Bounded,
    backoff: f64,
    slow: Option<Duration>,
    cut: Cut,
}

/// Calls that were under way together saw the same overload: they count once.
#[derive(Debug, Default)]
pub(super) struct Cut(Option<Duration>);

impl Cut {
    /// Whether this one saw overload that was not answered yet.
    pub(super) fn is_new(&mut self, sample: &Sample) -> bool {
        let new = self.0.is_none_or(|last| sample.began() >= last);
        if new {
            self.0 = Some(sample.now);
        }
        new
    }
}

impl Run {
    pub(super) fn new(config: &Aimd, limit: u32) -> Self {
        Self {
            limit: Bounded::new(config.min, config.max, limit),
            backoff: config.backoff,
            slow: config.slow,
            cut: Cut::default(),
        }
    }
}

impl Algorithm for Run {
    fn limit(&self) -> u32 {
        self.limit.whole()
    }

    fn observe(&mut self, sample: &Sample) -> u32 {
        let slow = self.slow.is_some_and(|slow| sample.took > slow);
        let limit = self.limit.get();
        match sample.verdict {
            Verdict::Ignored => {}
            Verdict::Success | Verdict::Failure if !slow => {
                let went_well = sample.verdict == Verdict::Success;
                if went_well && super::is_bound(sample, self.limit.whole()) {
                    self.limit.set(limit + 1.0 / limit);
                }
            }
            _ if self.cut.is_new(sample) => {
                self.limit
                    .set((limit * self.backoff).min(limit.floor() - 1.0));
            }
            _ => {}
        }
        self.limit()
    }
}
