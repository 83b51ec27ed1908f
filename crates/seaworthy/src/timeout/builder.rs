//! Making a timeout.

use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::ConfigError;
use seaworthy_core::component::Registry;
use seaworthy_core::event::Events;

use super::config::TimeoutConfig;
use super::handle::Timeout;
use super::shared::Shared;

/// Makes a [`Timeout`]. What is not set is as in [`TimeoutConfig`].
#[derive(Debug)]
#[must_use = "nothing is made before `build`"]
pub struct TimeoutBuilder {
    name: Arc<str>,
    config: TimeoutConfig,
    events: Option<Events>,
    registry: Registry,
}

impl TimeoutBuilder {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            config: TimeoutConfig::default(),
            events: None,
            registry: Registry::global().clone(),
        }
    }

    /// All of the configuration at once.
    pub fn config(mut self, config: TimeoutConfig) -> Self {
        self.config = config;
        self
    }

    /// A call may take so long: above 0, at most a day. `None`: as long as it likes. Default: 10 s.
    pub fn after(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.config.after = time.into();
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

    /// Makes the timeout.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed.
    pub fn build(self) -> Result<Timeout, ConfigError> {
        self.config.check(&self.name)?;
        let events = self.events.unwrap_or_default();
        let timeout = Timeout::of(Shared::new(self.name, &self.config, events));
        self.registry.register(timeout.shared().shared());
        Ok(timeout)
    }
}
