//! Making breakers that belong together.

use std::fmt;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::Arc;

use seaworthy_core::ConfigError;
use seaworthy_core::component::Registry;
use seaworthy_core::event::Events;
use seaworthy_core::keyed::Keyed;
use seaworthy_core::sync::Lock;
use seaworthy_core::sync::atomic::AtomicU64;

use super::{CircuitBreakers, Inner};
use crate::config::Config;
use crate::group::Group;
use crate::metrics::Metrics;

/// Makes [`CircuitBreakers`].
#[derive(Debug)]
#[must_use = "nothing is made before `build`"]
pub struct CircuitBreakersBuilder {
    name: Arc<str>,
    config: Config,
    capacity: usize,
    max_open: f64,
    events: Option<Events>,
    registry: Registry,
}

impl CircuitBreakersBuilder {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            config: Config::default(),
            capacity: 1024,
            max_open: 0.5,
            events: None,
            registry: Registry::global().clone(),
        }
    }

    /// The configuration of each.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// How many are kept at most; each takes some 2 KB. From 128 on they are kept in parts of at least 64 by their
    /// hash, each with its share of the room, which is rounded up. Default: 1024.
    pub fn capacity(mut self, keys: usize) -> Self {
        self.capacity = keys;
        self
    }

    /// While more than this share of them is open, and more than one, no call is turned away but by
    /// order. 1: never so. Default: 0.5.
    pub fn max_open(mut self, share: f64) -> Self {
        self.max_open = share;
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
    /// [`ConfigError`], if the configuration is not allowed, the capacity is 0, or the share not above 0 and at most 1.
    pub fn build<K>(self) -> Result<CircuitBreakers<K>, ConfigError>
    where
        K: Hash + Eq + fmt::Display + Send + 'static,
    {
        let Self {
            name,
            config,
            capacity,
            max_open,
            events,
            registry,
        } = self;
        config.check(&name)?;
        let allowed = "at least 1";
        let Some(capacity) = NonZeroUsize::new(capacity) else {
            return Err(ConfigError::new(&name, "capacity", capacity, allowed));
        };
        let fits = max_open > 0.0 && max_open <= 1.0;
        let allowed = "above 0 and at most 1";
        ConfigError::unless(fits, &name, "max_open", max_open, allowed)?;
        let may_wedge = config.half_open.may_wedge();
        let inner = Inner {
            metrics: Arc::new(Metrics::keyed(&name)),
            name,
            config: Lock::new((config, 0)),
            events: events.unwrap_or_default(),
            group: Arc::new(Group::new(max_open)),
            breakers: Keyed::new(capacity),
            overflowed: AtomicU64::new(0),
        };
        let inner = Arc::new(inner);
        registry.register(&inner);
        if may_wedge {
            inner.warn_that_they_may_wedge();
        }
        Ok(CircuitBreakers { inner })
    }
}
