//! Making a breaker.

use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::ConfigError;
use seaworthy_core::component::Registry;
use seaworthy_core::event::Events;
use seaworthy_core::shard;

use crate::breaker::CircuitBreaker;
use crate::config::{Config, HalfOpen, Initial, OpenFor, SlowCalls, Window};
use crate::event::BreakerEvent;
use crate::metrics::Metrics;
use crate::shared::Surroundings;

/// Makes a [`CircuitBreaker`]. What is not set is as in [`Config`].
#[derive(Debug)]
#[must_use = "nothing is made before `build`"]
pub struct CircuitBreakerBuilder {
    name: Arc<str>,
    config: Config,
    events: Option<Events>,
    registry: Registry,
    seed: Option<u64>,
}

impl CircuitBreakerBuilder {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            config: Config::default(),
            events: None,
            registry: Registry::global().clone(),
            seed: None,
        }
    }

    /// All of the configuration at once.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Which calls count for the two rates. Default: those of the last 10 s, in 10 buckets.
    pub fn window(mut self, window: Window) -> Self {
        self.config.window = window;
        self
    }

    /// With fewer calls in the window, the rates say nothing. Default: 20.
    pub fn minimum_calls(mut self, calls: u32) -> Self {
        self.config.minimum_calls = calls;
        self
    }

    /// Opens when this share of the calls in the window has failed. Default: 0.5. `None`: this is no reason.
    pub fn failure_rate(mut self, rate: impl Into<Option<f64>>) -> Self {
        self.config.failure_rate = rate.into();
        self
    }

    /// Opens when at least the share `rate` of the calls in the window took longer than this. Default: no call is slow.
    pub fn slow_calls(mut self, longer_than: Duration, rate: f64) -> Self {
        self.config.slow_calls = Some(SlowCalls { longer_than, rate });
        self
    }

    /// Opens after so many failures in a row. Default: 5. `None`: this is no reason.
    pub fn consecutive_failures(mut self, failures: impl Into<Option<u32>>) -> Self {
        self.config.consecutive_failures = failures.into();
        self
    }

    /// For how long it opens. Default: 5 s, doubling up to 60 s, with jitter.
    pub fn open_for(mut self, open: OpenFor) -> Self {
        self.config.open = open;
        self
    }

    /// How it is tried whether the service is back. Default: three calls at a time, three successes in a row.
    pub fn half_open(mut self, half_open: HalfOpen) -> Self {
        self.config.half_open = half_open;
        self
    }

    /// For so long after it has closed, only a growing share of the calls is let through. Default: not at all.
    pub fn ramp_up(mut self, time: Duration) -> Self {
        self.config.ramp_up = Some(time);
        self
    }

    /// How it begins. Default: closed.
    pub fn initial(mut self, initial: Initial) -> Self {
        self.config.initial = initial;
        self
    }

    /// The bus to which it reports. Default: one of its own.
    pub fn events(mut self, events: &Events) -> Self {
        self.events = Some(events.clone());
        self
    }

    /// The registry in which dashboards find it. Default: that of the process.
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.registry = registry.clone();
        self
    }

    /// Decides what is left to chance, the same way each time: for tests.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Makes the breaker.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed.
    pub fn build(self) -> Result<CircuitBreaker, ConfigError> {
        let Self {
            name,
            config,
            events,
            registry,
            seed,
        } = self;
        let events = events.unwrap_or_default();
        let may_wedge = config.half_open.may_wedge();
        let seed = seed.unwrap_or_else(|| fastrand::u64(..));
        let surroundings = Surroundings {
            events,
            metrics: Arc::new(Metrics::new(&name)),
            group: None,
            shards: shard::count(),
        };
        let breaker = CircuitBreaker::build(Arc::clone(&name), config, surroundings, seed)?;
        registry.register(breaker.shared().shared());
        if may_wedge {
            breaker.warn(BreakerEvent::MayWedge);
        }
        Ok(breaker)
    }
}
