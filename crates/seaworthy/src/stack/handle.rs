//! The handle of a stack.

use std::fmt;
use std::sync::Arc;

use seaworthy_bulkhead::Bulkhead;
use seaworthy_circuit_breaker::CircuitBreaker;
use seaworthy_core::ConfigError;
use seaworthy_core::event::Events;
use seaworthy_core::serial::Serial;
use seaworthy_fallback::{Fallback, FallbackLayer, Nothing};

use super::builder::StackBuilder;
use super::config::Config;
use super::course::Course;
use super::layer::StackLayer;
use super::reconfigure::StackHandle;
use super::rules::Rules;
use crate::retry::Retry;
use crate::timeout::Timeout;

/// All that goes around a service that is called, in the order that makes sense, from one configuration.
///
/// A cheap handle: clones are the same stack. However often its [`layer`](Self::layer) is applied, all services share its
/// stages, which can be had one by one to look at them or to give them orders.
///
/// See [the module](super) for an example, and for the order.
#[derive(Clone)]
pub struct Stack<F = Fallback<Nothing>, R = Rules> {
    shared: Arc<Shared>,
    fallback: F,
    rules: R,
}

pub(super) struct Shared {
    pub(super) name: Arc<str>,
    pub(super) bulkhead: Bulkhead,
    pub(super) total: Timeout,
    pub(super) retry: Retry,
    pub(super) breaker: CircuitBreaker,
    pub(super) attempt: Timeout,
    pub(super) has_fallback: bool,
    pub(super) events: Events,
    pub(super) course: Serial<Course>,
}

impl Stack {
    /// Begins a stack. Its name is shown in rejections, events, metrics and dashboards.
    pub fn builder(name: impl Into<Arc<str>>) -> StackBuilder {
        StackBuilder::new(name.into())
    }
}

impl<F, R> Stack<F, R> {
    pub(super) fn of(shared: Shared, fallback: F, rules: R) -> Self {
        Self {
            shared: Arc::new(shared),
            fallback,
            rules,
        }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.shared.name
    }

    /// Who answers when the service does not.
    #[must_use]
    pub fn fallback(&self) -> &F {
        &self.fallback
    }

    /// How many calls there may be at once.
    #[must_use]
    pub fn bulkhead(&self) -> &Bulkhead {
        &self.shared.bulkhead
    }

    /// How long a call may take with all of its attempts.
    #[must_use]
    pub fn total_timeout(&self) -> &Timeout {
        &self.shared.total
    }

    /// How often a call is tried.
    #[must_use]
    pub fn retry(&self) -> &Retry {
        &self.shared.retry
    }

    /// When the service is not called for a while.
    #[must_use]
    pub fn circuit_breaker(&self) -> &CircuitBreaker {
        &self.shared.breaker
    }

    /// How long one attempt may take.
    #[must_use]
    pub fn attempt_timeout(&self) -> &Timeout {
        &self.shared.attempt
    }

    pub(super) fn rules(&self) -> &R {
        &self.rules
    }

    /// The bus on which all stages tell what happens to them.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.shared.events
    }

    /// The configuration by which it goes: that of the last [`reconfigure`](Self::reconfigure), whatever a stage was told
    /// on its own since.
    #[must_use]
    pub fn config(&self) -> Config {
        self.shared.config()
    }
}

impl<T, H, L, R: Clone> Stack<Fallback<T, H, L>, R> {
    /// A layer for tower services.
    #[must_use]
    pub fn layer(&self) -> StackLayer<FallbackLayer<T, H, L>, R> {
        StackLayer::new(self.fallback.layer(), &self.shared, self.rules.clone())
    }
}

impl<T, H, L, R> Stack<Fallback<T, H, L>, R> {
    /// Goes by another configuration: each stage as it does so by itself. A stage of which the configuration is the one that
    /// this stack was given before keeps whatever it was told by hand since: that of the retries has the total timeout in
    /// it, and that of the breaker the time of an attempt. Calls under way go on.
    ///
    /// May be called by an observer of its [events](Self::events). If somebody is at it already, that one goes by this
    /// configuration next.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed; nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        self.shared.reconfigure(config, &self.fallback)
    }

    /// What can be told to this stack while it runs, as a type that has a name.
    #[must_use]
    pub fn handle(&self) -> StackHandle
    where
        T: Send + Sync + 'static,
        H: Send + Sync + 'static,
        L: Send + Sync + 'static,
    {
        StackHandle::new(&self.shared, self.fallback.clone())
    }
}

impl<F, R> fmt::Debug for Stack<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stack").field(self.name()).finish()
    }
}
