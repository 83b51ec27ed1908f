//! Making a pool.

use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::ConfigError;
use seaworthy_core::component::Registry;
use seaworthy_core::event::Events;

use super::config::{PoolConfig, WhenFull};
use super::handle::ThreadPool;
use super::shared::Shared;

/// Makes a [`ThreadPool`]. What is not set is as in [`PoolConfig`].
#[derive(Debug)]
#[must_use = "nothing is made before `build`"]
pub struct ThreadPoolBuilder {
    name: Arc<str>,
    config: PoolConfig,
    events: Option<Events>,
    registry: Registry,
}

impl ThreadPoolBuilder {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            config: PoolConfig::default(),
            events: None,
            registry: Registry::global().clone(),
        }
    }

    /// All of the configuration at once.
    pub fn config(mut self, config: PoolConfig) -> Self {
        self.config = config;
        self
    }

    /// From 1 to 1024 threads. Default: as many as the machine runs at once.
    pub fn threads(mut self, threads: u32) -> Self {
        self.config.threads = threads;
        self
    }

    /// How many jobs may wait while all threads are busy: up to a million. With 0 there are only as many jobs as threads.
    /// Default: 100.
    pub fn max_queued(mut self, jobs: u32) -> Self {
        self.config.max_queued = jobs;
        self
    }

    /// Callers that find the queue full wait for a place, for up to `max_wait`, and no more than `max_waiting` of them at
    /// once. Default: they are turned away at once.
    pub fn wait_when_full(mut self, max_wait: Duration, max_waiting: u32) -> Self {
        self.config.when_full = WhenFull::Wait {
            max_wait,
            max_waiting,
        };
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

    /// Makes the pool, and starts its threads.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed, or the system has not so many threads.
    pub fn build(self) -> Result<ThreadPool, ConfigError> {
        self.config.check(&self.name)?;
        let events = self.events.unwrap_or_default();
        let pool = ThreadPool::start(Arc::new(Shared::new(self.name, self.config, events)))?;
        self.registry.register(pool.shared());
        Ok(pool)
    }
}
