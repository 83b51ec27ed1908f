//! Making a bulkhead.

use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::ConfigError;
use seaworthy_core::component::Registry;
use seaworthy_core::event::Events;
use seaworthy_core::shard;

use crate::bulkhead::Bulkhead;
use crate::config::{Config, Partition};
use crate::limit::{Algorithm, Limit};
use crate::shared::Surroundings;

/// Makes a [`Bulkhead`]. What is not set is as in [`Config`].
#[derive(Debug)]
#[must_use = "nothing is made before `build`"]
pub struct BulkheadBuilder {
    name: Arc<str>,
    config: Config,
    algorithm: Option<Box<dyn Algorithm>>,
    events: Option<Events>,
    registry: Registry,
}

impl BulkheadBuilder {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            config: Config::default(),
            algorithm: None,
            events: None,
            registry: Registry::global().clone(),
        }
    }

    /// All of the configuration at once.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// So many calls may be under way at once, from 1 to a million. Default: 25.
    pub fn max_concurrent(self, calls: u32) -> Self {
        self.limit(calls)
    }

    /// How many calls may be under way at once: a number, or how it is found out.
    pub fn limit(mut self, limit: impl Into<Limit>) -> Self {
        self.config.limit = limit.into();
        self
    }

    /// Has an algorithm of your own find out how many calls may be under way at once, instead of one that a
    /// configuration can say. It goes when the bulkhead gets another limit.
    pub fn algorithm(mut self, algorithm: impl Algorithm + 'static) -> Self {
        self.algorithm = Some(Box::new(algorithm));
        self
    }

    /// So many more may wait for a place, in each partition. Default: 0.
    pub fn max_waiting(mut self, calls: u32) -> Self {
        self.config.max_waiting = calls;
        self
    }

    /// For so long a call may wait for a place. Default: 0, as none waits.
    pub fn max_wait(mut self, time: Duration) -> Self {
        self.config.max_wait = time;
        self
    }

    /// One more class of calls, less important than those before it. Default: all calls are alike.
    pub fn partition(mut self, partition: Partition) -> Self {
        self.config.partitions.push(partition);
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

    /// Makes the bulkhead.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed.
    pub fn build(self) -> Result<Bulkhead, ConfigError> {
        let Self {
            name,
            config,
            algorithm,
            events,
            registry,
        } = self;
        config.check(&name)?;
        let surroundings = Surroundings {
            events: events.unwrap_or_default(),
            shards: shard::count(),
            family: None,
        };
        let bulkhead = Bulkhead::build(&name, config, algorithm, surroundings);
        bulkhead.register(&registry);
        Ok(bulkhead)
    }
}
