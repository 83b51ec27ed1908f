//! The handle of a breaker.

use std::fmt;
use std::sync::Arc;

use seaworthy_core::classify::DefaultClassifier;
use seaworthy_core::clock;
use seaworthy_core::component::{Component, Snapshot};
use seaworthy_core::event::{Events, Severity};
use seaworthy_core::shard::Spread;
use seaworthy_core::{Classify, ConfigError, Rejected};

use crate::builder::CircuitBreakerBuilder;
use crate::config::Config;
use crate::event::BreakerEvent;
use crate::future::ResponseFuture;
use crate::layer::CircuitBreakerLayer;
use crate::machine::{Advice, Control, Evidence, IllegalControl, Machine, Saved, State, View};
use crate::permit::Permit;
use crate::shared::{Shared, Surroundings};

/// Turns calls away while a service fails, and finds out when it is back.
///
/// A cheap handle: clones are the same breaker. It goes in front of tower services as a [`layer`](Self::layer), of
/// futures by [`call`](Self::call), of anything by [`try_acquire`](Self::try_acquire). All of them share what it knows.
///
/// # When not to use it
///
/// Where calls are too few to say anything, or where each goes to another place: one breaker for all of them would be
/// wrong about most. Against too much load a limit on concurrency is better: a breaker sees overload only once calls
/// fail.
#[derive(Clone)]
pub struct CircuitBreaker {
    shared: Spread<Shared>,
}

impl CircuitBreaker {
    /// Begins a breaker. Its name is shown in rejections, events, metrics and dashboards.
    pub fn builder(name: impl Into<Arc<str>>) -> CircuitBreakerBuilder {
        CircuitBreakerBuilder::new(name.into())
    }

    /// A breaker with the defaults of [`Config`].
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self::builder(name)
            .build()
            .unwrap_or_else(|_| unreachable!("the defaults are allowed, which is tested"))
    }

    /// A breaker with a configuration that was read from somewhere.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed.
    pub fn with_config(name: impl Into<Arc<str>>, config: Config) -> Result<Self, ConfigError> {
        Self::builder(name).config(config).build()
    }

    pub(crate) fn build(
        name: Arc<str>,
        config: Config,
        surroundings: Surroundings,
        seed: u64,
    ) -> Result<Self, ConfigError> {
        let machine = Machine::named(&name, config, clock::coarse(), seed)?;
        let shards = surroundings.shards;
        let shared = Shared::new(name, machine, surroundings);
        Ok(Self {
            shared: Spread::over(shards, shared),
        })
    }

    /// Says that something is unwise: to the bus, and to the log.
    pub(crate) fn warn(&self, event: BreakerEvent) {
        self.events().emit(self.name(), Severity::Warning, event);
        self.shared.log(&[event]);
    }

    pub(crate) fn shared(&self) -> &Spread<Shared> {
        &self.shared
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        self.shared.name()
    }

    /// A layer for tower services. Every service that this layer, its clones and other layers of this breaker are
    /// applied to shares the breaker.
    #[must_use]
    pub fn layer(&self) -> CircuitBreakerLayer {
        CircuitBreakerLayer::new(self.clone())
    }

    /// Lets one call through, or turns it away. Does not wait.
    ///
    /// # Errors
    ///
    /// [`Rejected`] with [`Reason::CircuitOpen`](seaworthy_core::Reason::CircuitOpen), why, and when to come back if
    /// that is known.
    #[inline]
    pub fn try_acquire(&self) -> Result<Permit, Rejected> {
        let ticket = self.shared.acquire()?;
        Ok(Permit::new(self.shared.share(), ticket))
    }

    /// Runs `future` unless the call is turned away, which is found out when this is first polled. An `Err` is a failure
    /// unless it is a rejection of ours.
    ///
    /// # Errors
    ///
    /// That of `future`, or [`Rejected`] as such an error.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops `future`, and gives its place back at once.
    pub async fn call<F, T, E>(&self, future: F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        E: From<Rejected> + 'static,
    {
        self.call_with(DefaultClassifier::for_breaker(), future)
            .await
    }

    /// As [`call`](Self::call), with outcomes judged by `classify`.
    ///
    /// # Errors
    ///
    /// That of `future`, or [`Rejected`] as such an error.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops `future`, and gives its place back at once.
    pub async fn call_with<F, T, E, C>(&self, classify: C, future: F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        E: From<Rejected>,
        C: Classify<T, E>,
    {
        let permit = self.try_acquire()?;
        ResponseFuture::call(future, permit, classify).await
    }

    /// The state, after whatever is due by now.
    #[must_use]
    pub fn state(&self) -> State {
        self.view().state
    }

    /// The state with all figures, after whatever is due by now.
    #[must_use]
    pub fn view(&self) -> View {
        self.shared.view()
    }

    /// How it is, as dashboards show it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Component::snapshot(&**self.shared.shared())
    }

    /// How many calls were turned away.
    #[must_use]
    pub fn rejections(&self) -> u64 {
        self.shared.rejections()
    }

    /// How often it has opened.
    #[must_use]
    pub fn openings(&self) -> u64 {
        self.shared.openings()
    }

    /// The bus on which it tells of [`BreakerEvent`]s.
    #[must_use]
    pub fn events(&self) -> &Events {
        self.shared.events()
    }

    /// Gives an order.
    ///
    /// # Errors
    ///
    /// [`IllegalControl`] for [`Control::HalfOpen`] and [`Control::Open`] where there is nothing to recover from.
    pub fn control(&self, control: Control) -> Result<(), IllegalControl> {
        self.shared
            .with(|machine, now| machine.control(now, control))
    }

    /// Turns calls away until somebody says otherwise.
    pub fn force_open(&self) {
        self.order(Control::ForceOpen);
    }

    /// Lets all calls through and counts nothing until somebody says otherwise.
    pub fn disable(&self) {
        self.order(Control::Disable);
    }

    /// Lets all calls through, counts, and tells when it would have opened, until somebody says otherwise.
    pub fn metrics_only(&self) {
        self.order(Control::MetricsOnly);
    }

    /// Closes, and forgets what it has counted and how often it has opened.
    pub fn reset(&self) {
        self.order(Control::Reset);
    }

    fn order(&self, control: Control) {
        // Of those that are given here, none is ever refused.
        let _ = self.control(control);
    }

    /// Replaces the configuration. The state, an open time that runs and a trial that runs stay as they are, and
    /// [`Config::initial`] is ignored. What was counted still counts if the window is of the same kind (for time: with
    /// buckets of the same length), and is forgotten otherwise; the answer says which.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed; nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<Evidence, ConfigError> {
        let may_wedge = config.half_open.may_wedge();
        let evidence = self
            .shared
            .with(|machine, now| machine.reconfigure_as(self.name(), now, config))?;
        if may_wedge {
            self.warn(BreakerEvent::MayWedge);
        }
        Ok(evidence)
    }

    /// Tells it how others find the same service.
    pub fn advise(&self, advice: Advice) {
        self.shared.with(|machine, now| machine.advise(now, advice));
    }

    /// What is worth keeping over a restart of the program. An [isolation](Self::isolate) is not: who wants one then
    /// begins it anew.
    #[must_use]
    pub fn save(&self) -> Saved {
        self.shared.with(|machine, now| {
            machine.look(now);
            let mut saved = machine.save(now);
            if let Some((before, generation)) = *self.shared.isolated.lock()
                && machine.generation() == generation
            {
                saved.state = before;
            }
            saved
        })
    }

    /// Goes on as it was when that was saved: open for what was left of that time (but for no longer than the
    /// configuration allows), closed without evidence.
    pub fn restore(&self, saved: Saved) {
        self.shared.with(|machine, now| machine.restore(now, saved));
    }

    /// What it goes by.
    #[must_use]
    pub fn config(&self) -> Config {
        self.shared.with(|machine, _| machine.config().clone())
    }
}

impl fmt::Debug for CircuitBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker")
            .field("name", self.name())
            .finish_non_exhaustive()
    }
}
