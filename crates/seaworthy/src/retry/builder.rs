//! Making a [`Retry`].

use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::ConfigError;
use seaworthy_core::backoff::Backoff;
use seaworthy_core::component::Registry;
use seaworthy_core::event::Events;

use super::config::{RetryBudget, RetryConfig};
use super::handle::Retry;
use super::shared::Shared;

/// Makes a [`Retry`]. What is not set is as in [`RetryConfig`].
#[derive(Debug)]
#[must_use = "nothing is made before `build`"]
pub struct RetryBuilder {
    name: Arc<str>,
    config: RetryConfig,
    events: Option<Events>,
    registry: Registry,
}

impl RetryBuilder {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            config: RetryConfig::default(),
            events: None,
            registry: Registry::global().clone(),
        }
    }

    /// All of the configuration at once.
    pub fn config(mut self, config: RetryConfig) -> Self {
        self.config = config;
        self
    }

    /// How often a call is tried at most, the first time included; with 1 there are no retries. Default: 3.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.config.attempts = attempts;
        self
    }

    /// How long to wait before each retry. Default: from 50 ms to 1 s, all of it up to chance.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.config.backoff = backoff;
        self
    }

    /// How many retries there may be, all calls together; `None`: any number. Default: one for five calls, and ten at
    /// once.
    pub fn budget(mut self, budget: impl Into<Option<RetryBudget>>) -> Self {
        self.config.budget = budget.into();
        self
    }

    /// How long a call waits at most for a service, or an open circuit, that says when to come back; `None`: as long as there
    /// is time. Default: 2 s.
    pub fn max_retry_after(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.config.max_retry_after = time.into();
        self
    }

    /// No retry begins later than this after the call has; `None`: there is no such time. Default: 30 s.
    pub fn within(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.config.within = time.into();
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

    /// Makes it.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed.
    pub fn build(self) -> Result<Retry, ConfigError> {
        self.config.check(&self.name)?;
        let events = self.events.unwrap_or_default();
        let retry = Retry::of(Shared::new(self.name, self.config, events));
        self.registry.register(retry.shared().shared());
        Ok(retry)
    }
}
