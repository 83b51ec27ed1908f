//! Making a queue.

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::ConfigError;
use seaworthy_core::component::Registry;

use crate::config::{Codel, Config, Deliveries, Order, Overload};
use crate::dropped::Dropped;
use crate::functions::Functions;
use crate::queue::Queue;
use crate::shared::Shared;

/// Makes a [`Queue`]. What is not set is as in [`Config`].
///
/// A function of items is called by whoever sends, outside the queue's lock. One that panics says what none would have
/// said, and the item goes its way.
#[must_use = "nothing is made before `build`"]
pub struct QueueBuilder<T> {
    name: Arc<str>,
    config: Config,
    functions: Functions<T>,
    registry: Registry,
}

impl<T> QueueBuilder<T> {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            config: Config::default(),
            functions: Functions::default(),
            registry: Registry::global().clone(),
        }
    }

    /// All of the configuration at once.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// How many items it holds at most. Default: 1024.
    pub fn capacity(mut self, items: usize) -> Self {
        self.config.capacity = items;
        self
    }

    /// What becomes of an item for which there is no room. Default: `send` waits.
    pub fn overload(mut self, overload: Overload) -> Self {
        self.config.overload = overload;
        self
    }

    /// Which item goes first. Default: the one that came first.
    pub fn order(mut self, order: Order) -> Self {
        self.config.order = order;
        self
    }

    /// Whose an item is, and that all have their turn: sets [`Order::Fair`].
    pub fn fair_by<K: Hash>(mut self, key: impl Fn(&T) -> K + Send + Sync + 'static) -> Self {
        self.config.order = Order::Fair;
        self.functions.key = Some(Functions::hashed(key));
        self
    }

    /// How important an item is: one of so many classes, of which 0 goes before all others. A class that is too high is
    /// the last one.
    pub fn classes(
        mut self,
        classes: u8,
        class: impl Fn(&T) -> u8 + Send + Sync + 'static,
    ) -> Self {
        self.config.classes = classes;
        self.functions.class = Some(Arc::new(class));
        self
    }

    /// How much an item weighs, such as its bytes, and how much all of them may weigh. Default: each weighs 1.
    pub fn weight(
        mut self,
        at_most: u64,
        weight: impl Fn(&T) -> u32 + Send + Sync + 'static,
    ) -> Self {
        self.config.max_weight = Some(at_most);
        self.functions.weight = Some(Arc::new(weight));
        self
    }

    /// For how long an item is of use from when it is sent: after that it is dropped when it is its turn. `None`: for any
    /// time.
    pub fn useful_for(
        mut self,
        time: impl Fn(&T) -> Option<Duration> + Send + Sync + 'static,
    ) -> Self {
        self.functions.useful_for = Some(Arc::new(time));
        self
    }

    /// Drops items that have waited for too long in a queue that does not become empty.
    pub fn codel(mut self, codel: Codel) -> Self {
        self.config.codel = Some(codel);
        self
    }

    /// Lets items in only as far as receivers have [asked for them](crate::Receiver::demand).
    pub fn on_demand(mut self) -> Self {
        self.config.on_demand = true;
        self
    }

    /// After so many deliveries without an acknowledgement an item is a dead letter. Default: 5.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.config.deliveries.max_attempts = attempts;
        self
    }

    /// A delivery that is not acknowledged after this time is made again. `None`: it may take any time. Default: 30 s.
    pub fn lease(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.config.deliveries.lease = time.into();
        self
    }

    /// How many deliveries may be under way at the same time. Default: as many as the queue holds.
    pub fn max_in_flight(mut self, deliveries: usize) -> Self {
        self.config.deliveries.max_in_flight = Some(deliveries);
        self
    }

    /// What becomes of items that were delivered.
    pub fn deliveries(mut self, deliveries: Deliveries) -> Self {
        self.config.deliveries = deliveries;
        self
    }

    /// Sees each item that leaves the queue otherwise than to a receiver, with why. It is called outside the lock, by
    /// whoever found that out; a panic of it ends there. Default: the item is dropped.
    ///
    /// It may use the queue. One that sends an item back into a full queue from which the oldest is dropped is called
    /// again for that one, and so on without end.
    pub fn on_drop(mut self, hook: impl Fn(Dropped<T>) + Send + Sync + 'static) -> Self {
        self.functions.on_drop = Some(Arc::new(hook));
        self
    }

    /// The registry in which dashboards find it. Default: that of the process.
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.registry = registry.clone();
        self
    }

    /// Makes the queue.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed.
    pub fn build(self) -> Result<Queue<T>, ConfigError>
    where
        T: Send + 'static,
    {
        let Self {
            name,
            config,
            functions,
            registry,
        } = self;
        config.check(&name, functions.given())?;
        let shared = Shared::new(name, config, functions);
        registry.register(&shared);
        Ok(Queue::new(shared))
    }
}

impl<T> Clone for QueueBuilder<T> {
    fn clone(&self) -> Self {
        Self {
            name: Arc::clone(&self.name),
            config: self.config.clone(),
            functions: self.functions.clone(),
            registry: self.registry.clone(),
        }
    }
}

impl<T> fmt::Debug for QueueBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueBuilder")
            .field("name", &self.name)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
