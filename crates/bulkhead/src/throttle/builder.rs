//! Making a throttle.

use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::ConfigError;
use seaworthy_core::component::Registry;
use seaworthy_core::event::Events;

use super::config::ThrottleConfig;
use super::handle::Throttle;
use super::rule::ThrottleRule;
use super::shared::Shared;

/// Makes a [`Throttle`]. What is not set is as in [`ThrottleConfig`].
#[derive(Debug)]
#[must_use = "nothing is made before `build`"]
pub struct ThrottleBuilder {
    name: Arc<str>,
    config: ThrottleConfig,
    events: Option<Events>,
    registry: Registry,
    seed: Option<u64>,
}

impl ThrottleBuilder {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            config: ThrottleConfig::default(),
            events: None,
            registry: Registry::global().clone(),
            seed: None,
        }
    }

    /// All of the configuration at once.
    pub fn config(mut self, config: ThrottleConfig) -> Self {
        self.config = config;
        self
    }

    /// How many calls are sent for each that is accepted. Default: 2.
    pub fn multiplier(mut self, multiplier: f64) -> Self {
        self.config.multiplier = multiplier;
        self
    }

    /// The greatest share of calls that is held back. Default: 0.9.
    pub fn cap(mut self, share: f64) -> Self {
        self.config.cap = share;
        self
    }

    /// For how long an outcome counts. Default: two minutes.
    pub fn window(mut self, window: Duration) -> Self {
        self.config.window = window;
        self
    }

    /// With fewer requests in the window nothing is held back. Default: 100.
    pub fn minimum_requests(mut self, requests: u32) -> Self {
        self.config.minimum_requests = requests;
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

    /// Makes the throttle.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed.
    pub fn build(self) -> Result<Throttle, ConfigError> {
        let rule = ThrottleRule::named(&self.name, self.config)?;
        let events = self.events.unwrap_or_default();
        let throttle = Throttle::of(Shared::new(self.name, rule, events, self.seed));
        self.registry.register(throttle.shared().shared());
        Ok(throttle)
    }
}
