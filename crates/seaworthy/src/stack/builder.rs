//! Making a stack.

mod rules;

use std::fmt;
use std::sync::Arc;

use seaworthy_bulkhead::Bulkhead;
use seaworthy_circuit_breaker::CircuitBreaker;
use seaworthy_core::ConfigError;
use seaworthy_core::component::Registry;
use seaworthy_core::event::Events;
use seaworthy_core::serial::Serial;
use seaworthy_fallback::{Fallback, FallbackBuilder};

use super::config::{Config, Names};
use super::course::Course;
use super::handle::{Shared, Stack};
use super::rules::Rules;
use crate::retry::Retry;
use crate::timeout::Timeout;

/// Makes a [`Stack`]. What is not set is as in [`Config`].
#[must_use = "nothing is made before `build`"]
pub struct StackBuilder<F = FallbackBuilder, R = Rules> {
    name: Arc<str>,
    config: Config,
    fallback: F,
    has_fallback: bool,
    rules: R,
    events: Events,
    registry: Registry,
}

impl StackBuilder {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            fallback: Fallback::builder(Arc::clone(&name)),
            name,
            config: Config::default(),
            has_fallback: false,
            rules: Rules::new(),
            events: Events::new(),
            registry: Registry::global().clone(),
        }
    }
}

impl<F, R> StackBuilder<F, R> {
    /// All of the configuration at once.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Who answers when the service does not: strategies, and which outcomes will not do.
    ///
    /// What of it is configuration comes from that of the stack.
    ///
    /// ```
    /// use seaworthy::stack::Stack;
    ///
    /// let prices = Stack::builder("prices").fallback(|it| it.value(100)).build()?;
    /// # Ok::<(), seaworthy::core::ConfigError>(())
    /// ```
    pub fn fallback<G>(self, build: impl FnOnce(F) -> G) -> StackBuilder<G, R> {
        StackBuilder {
            name: self.name,
            config: self.config,
            fallback: build(self.fallback),
            has_fallback: true,
            rules: self.rules,
            events: self.events,
            registry: self.registry,
        }
    }

    /// The bus to which all stages report. Default: one of its own.
    pub fn events(mut self, events: &Events) -> Self {
        self.events = events.clone();
        self
    }

    /// The registry in which dashboards find all stages. Default: that of the process.
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.registry = registry.clone();
        self
    }

    fn ruled<Q>(self, change: impl FnOnce(R) -> Q) -> StackBuilder<F, Q> {
        StackBuilder {
            name: self.name,
            config: self.config,
            fallback: self.fallback,
            has_fallback: self.has_fallback,
            rules: change(self.rules),
            events: self.events,
            registry: self.registry,
        }
    }
}

impl<T, H, L, R> StackBuilder<FallbackBuilder<T, H, L>, R> {
    /// Makes the stack.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed.
    pub fn build(self) -> Result<Stack<Fallback<T, H, L>, R>, ConfigError> {
        let Self {
            name,
            config,
            events,
            registry,
            has_fallback,
            ..
        } = self;
        let names = Names::of(&name);
        let named = || Arc::clone(&name);
        let timeout = |name, after| {
            let builder = Timeout::builder(name).after(after);
            builder.events(&events).registry(&registry).build()
        };
        // Before the breaker, whose lease goes by them: what is wrong with them is said of them.
        let total = timeout(names.total, config.total_timeout)?;
        let attempt = timeout(names.attempt, config.attempt_timeout)?;
        let breaker = CircuitBreaker::builder(named())
            .config(config.breaker())
            .events(&events)
            .registry(&registry)
            .build()?;
        if config.circuit_breaker.is_none() {
            breaker.disable();
        }
        let shared = Shared {
            bulkhead: Bulkhead::builder(named())
                .config(config.bulkhead())
                .events(&events)
                .registry(&registry)
                .build()?,
            total,
            retry: Retry::builder(named())
                .config(config.retry())
                .events(&events)
                .registry(&registry)
                .build()?,
            breaker,
            attempt,
            has_fallback,
            events: events.clone(),
            name: named(),
            course: Serial::new(Course::new(config.clone())),
        };
        let fallback = self
            .fallback
            .config(config.fallback(has_fallback))
            .events(&events)
            .registry(&registry)
            .build()?;
        config.fits_together(&name)?;
        Ok(Stack::of(shared, fallback, self.rules))
    }
}

impl<F, R> fmt::Debug for StackBuilder<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StackBuilder")
            .field("name", &self.name)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
