//! Making bulkheads by key.

use std::fmt;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::ConfigError;
use seaworthy_core::component::Registry;
use seaworthy_core::event::Events;
use seaworthy_core::keyed::Keyed;
use seaworthy_core::shard;
use seaworthy_core::sync::Lock;

use super::{Bulkheads, Inner};
use crate::bulkhead::Bulkhead;
use crate::config::{Config, Partition};
use crate::limit::Limit;
use crate::shared::{Family, Surroundings};

/// Makes [`Bulkheads`]. What is not set is as in [`Config`].
#[derive(Debug)]
#[must_use = "nothing is made before `build`"]
pub struct BulkheadsBuilder {
    name: Arc<str>,
    config: Config,
    capacity: usize,
    events: Option<Events>,
    registry: Registry,
}

impl BulkheadsBuilder {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            config: Config::default(),
            capacity: 1024,
            events: None,
            registry: Registry::global().clone(),
        }
    }

    /// The configuration of each.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// So many calls may be under way at once, for each key. Default: 25.
    pub fn max_concurrent(self, calls: u32) -> Self {
        self.limit(calls)
    }

    /// How many calls may be under way at once for each key: a number, or how it is found out.
    pub fn limit(mut self, limit: impl Into<Limit>) -> Self {
        self.config.limit = limit.into();
        self
    }

    /// So many more may wait for a place, for each key. Default: 0.
    pub fn max_waiting(mut self, calls: u32) -> Self {
        self.config.max_waiting = calls;
        self
    }

    /// For so long a call may wait for a place. Default: 0, as none waits.
    pub fn max_wait(mut self, time: Duration) -> Self {
        self.config.max_wait = time;
        self
    }

    /// One more class of calls, less important than those before it, for each key. Default: all calls are alike.
    pub fn partition(mut self, partition: Partition) -> Self {
        self.config.partitions.push(partition);
        self
    }

    /// How many are kept at most; each takes some 2 KB. From 128 on they are kept in parts of at least 64 by their hash,
    /// each with its share of the room, which is rounded up. Default: 1024.
    pub fn capacity(mut self, keys: usize) -> Self {
        self.capacity = keys;
        self
    }

    /// The bus to which they report. Default: one of their own.
    pub fn events(mut self, events: &Events) -> Self {
        self.events = Some(events.clone());
        self
    }

    /// The registry in which dashboards find them. Default: that of the process.
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.registry = registry.clone();
        self
    }

    /// Makes them; none exists before its key is asked for.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed, or the capacity is 0.
    pub fn build<K>(self) -> Result<Bulkheads<K>, ConfigError>
    where
        K: Hash + Eq + fmt::Display + Send + 'static,
    {
        let Self {
            name,
            config,
            capacity,
            events,
            registry,
        } = self;
        config.check(&name)?;
        let Some(capacity) = NonZeroUsize::new(capacity) else {
            return Err(ConfigError::new(&name, "capacity", capacity, "at least 1"));
        };
        let events = events.unwrap_or_default();
        let family = Arc::new(Family::new(&name, &config.partitions));
        let surroundings = Surroundings {
            events: events.clone(),
            shards: shard::count(),
            family: Some(Arc::clone(&family)),
        };
        let others = Arc::from(format!("{name}/others"));
        let inner = Arc::new(Inner {
            others: Bulkhead::build(&others, config.clone(), None, surroundings),
            name,
            config: Lock::new((config, 0)),
            events,
            family,
            bulkheads: Keyed::new(capacity),
        });
        registry.register(&inner);
        Ok(Bulkheads { inner })
    }
}
