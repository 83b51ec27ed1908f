//! The handle of a bulkhead.

use std::fmt;
use std::sync::Arc;

use seaworthy_core::classify::DefaultClassifier;
use seaworthy_core::component::{Component, Registry, Snapshot};
use seaworthy_core::event::{Events, Severity};
use seaworthy_core::shard::Spread;
use seaworthy_core::{Classify, ConfigError, Rejected};

use crate::builder::BulkheadBuilder;
use crate::config::{Config, check_same_partitions};
use crate::demand::Demand;
use crate::event::BulkheadEvent;
use crate::layer::BulkheadLayer;
use crate::limit::{Algorithm, Limit};
use crate::permit::Permit;
use crate::shared::{Line, Shared, Surroundings, View};
use crate::wait::{Admission, admit};

/// Lets so many calls through at once, and no more.
///
/// A cheap handle: clones are the same bulkhead. It goes in front of tower services as a [`layer`](Self::layer), of
/// futures by [`call`](Self::call), of anything by [`try_acquire`](Self::try_acquire). All of them share its limit.
///
/// If it is partitioned, a handle is for one class of calls: that of [`partition`](Self::partition), or else the last
/// one, which is the least important.
///
/// # When not to use it
///
/// Where requests are to wait for long, or to survive a crash: that is what a queue is for. Where it is known how much a
/// client may send in a second, a rate limit says so; this one does not care how many calls there are if they are short.
#[derive(Clone)]
pub struct Bulkhead {
    shared: Spread<Shared>,
    class: usize,
}

impl Bulkhead {
    /// Begins a bulkhead. Its name is shown in rejections, events, metrics and dashboards.
    pub fn builder(name: impl Into<Arc<str>>) -> BulkheadBuilder {
        BulkheadBuilder::new(name.into())
    }

    /// A bulkhead with the defaults of [`Config`].
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self::builder(name)
            .build()
            .unwrap_or_else(|_| unreachable!("the defaults are allowed, which is tested"))
    }

    /// A bulkhead with a configuration that was read from somewhere.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed.
    pub fn with_config(name: impl Into<Arc<str>>, config: Config) -> Result<Self, ConfigError> {
        Self::builder(name).config(config).build()
    }

    /// With a configuration that was checked.
    pub(crate) fn build(
        name: &Arc<str>,
        config: Config,
        algorithm: Option<Box<dyn Algorithm>>,
        surroundings: Surroundings,
    ) -> Self {
        let shards = surroundings.shards;
        let shared = Shared::new(name, config, algorithm, surroundings);
        let class = shared.classes() - 1;
        Self {
            shared: Spread::over(shards, shared),
            class,
        }
    }

    pub(crate) fn register(&self, registry: &Registry) {
        registry.register(self.shared.shared());
    }

    pub(crate) fn shared(&self) -> &Spread<Shared> {
        &self.shared
    }

    /// Of those by key: nobody has it but whoever keeps it.
    pub(crate) fn is_unused(&self) -> bool {
        self.shared.is_alone()
    }

    pub(crate) fn class(&self) -> usize {
        self.class
    }

    /// The name; that of a partition after that of the bulkhead.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        self.shared.name_of(self.class)
    }

    /// The same bulkhead for calls of this partition. `None` if there is none of this name.
    ///
    /// ```
    /// use seaworthy_bulkhead::{Bulkhead, Partition};
    ///
    /// let shop = Bulkhead::builder("shop")
    ///     .max_concurrent(10)
    ///     .partition(Partition::new("checkout").guaranteed(0.3).lends(false))
    ///     .partition(Partition::new("pages"))
    ///     .build()?;
    /// let (checkout, pages) = (shop.partition("checkout").unwrap(), shop.partition("pages").unwrap());
    ///
    /// let flood: Vec<_> = std::iter::from_fn(|| pages.try_acquire().ok()).collect();
    /// assert_eq!(flood.len(), 7);
    /// assert!(checkout.try_acquire().is_ok());
    /// # Ok::<(), seaworthy_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn partition(&self, name: &str) -> Option<Self> {
        let class = self.shared.class(name)?;
        let shared = self.shared.clone();
        Some(Self { shared, class })
    }

    /// A layer for tower services. Every service that this layer, its clones and other layers of this bulkhead are
    /// applied to shares the limit.
    #[must_use]
    pub fn layer(&self) -> BulkheadLayer {
        BulkheadLayer::new(self.clone())
    }

    /// Takes a place, or is turned away. Does not wait.
    ///
    /// # Errors
    ///
    /// [`Rejected`] with [`Reason::BulkheadFull`](seaworthy_core::Reason::BulkheadFull), and how full it is.
    #[inline]
    pub fn try_acquire(&self) -> Result<Permit, Rejected> {
        self.try_acquire_many(1)
    }

    /// As [`try_acquire`](Self::try_acquire), for a call that weighs as much as so many others. One that is heavier than
    /// all that a call may have takes just that.
    ///
    /// # Errors
    ///
    /// Those of [`try_acquire`](Self::try_acquire).
    #[inline]
    pub fn try_acquire_many(&self, weight: u32) -> Result<Permit, Rejected> {
        let demand = self
            .shared
            .demand(self.class, Demand::default().weight(weight));
        let entered = self.shared.enter(demand);
        let charge = entered.map_err(|refusal| self.shared.reject(refusal))?;
        Ok(Permit::new(self.shared.share(), demand.class, charge))
    }

    /// Takes a place, and waits for one as the configuration says.
    ///
    /// # Errors
    ///
    /// [`Rejected`] with [`Reason::BulkheadFull`](seaworthy_core::Reason::BulkheadFull), if as many wait as may, or if
    /// this one has waited for as long as it may.
    ///
    /// # Panics
    ///
    /// If it has to wait, and that is not in a tokio runtime with time enabled.
    ///
    /// # Cancel safety
    ///
    /// Its place in line is that of when it was first polled. Dropping it gives it up, and loses nothing: a place that it
    /// was given and did not get to take goes to the next.
    pub async fn acquire(&self) -> Result<Permit, Rejected> {
        self.acquire_many(1).await
    }

    /// As [`acquire`](Self::acquire), for a call that weighs as much as so many others. While it is the first in line,
    /// those behind it wait too, even if there would be room for them: so it is not overtaken for ever.
    ///
    /// # Errors
    ///
    /// Those of [`acquire`](Self::acquire).
    ///
    /// # Panics
    ///
    /// If it has to wait, and that is not in a tokio runtime with time enabled.
    ///
    /// # Cancel safety
    ///
    /// That of [`acquire`](Self::acquire).
    pub async fn acquire_many(&self, weight: u32) -> Result<Permit, Rejected> {
        let demand = self
            .shared
            .demand(self.class, Demand::default().weight(weight));
        let admitted = admit(&self.shared.share(), demand, Line::Bounded);
        match admitted.map_err(|refusal| self.shared.reject(refusal))? {
            Admission::Entered(permit) => Ok(permit),
            Admission::Waits(mut wait) => std::future::poll_fn(|cx| wait.poll(cx)).await,
        }
    }

    /// Runs `future` once there is a place for it.
    ///
    /// # Errors
    ///
    /// That of `future`, or [`Rejected`] as such an error.
    ///
    /// # Panics
    ///
    /// If it has to wait, and that is not in a tokio runtime with time enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops `future`, and gives its place back at once.
    pub async fn call<F, T, E>(&self, future: F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        E: From<Rejected> + 'static,
    {
        self.call_with(DefaultClassifier::for_limit(), future).await
    }

    /// As [`call`](Self::call), with outcomes judged by `classify`, which matters only if the limit finds itself.
    ///
    /// # Errors
    ///
    /// That of `future`, or [`Rejected`] as such an error.
    ///
    /// # Panics
    ///
    /// If it has to wait, and that is not in a tokio runtime with time enabled.
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
        let permit = self.acquire().await?;
        // The place is free when the work has stopped: the future is gone before, also if this is cancelled.
        let outcome = {
            let future = std::pin::pin!(future);
            future.await
        };
        permit.record(classify.classify(outcome.as_ref()));
        outcome
    }

    /// How full it is: the partition of this handle, or the whole if there are none.
    #[must_use]
    pub fn view(&self) -> View {
        self.shared.view_of(self.class)
    }

    /// How full it is, all partitions together.
    #[must_use]
    pub fn total(&self) -> View {
        self.shared.view()
    }

    /// How it is, as dashboards show it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Component::snapshot(&**self.shared.shared())
    }

    /// The bus on which it tells of [`BulkheadEvent`]s.
    #[must_use]
    pub fn events(&self) -> &Events {
        self.shared.events()
    }

    /// What it goes by.
    #[must_use]
    pub fn config(&self) -> Config {
        self.shared.config()
    }

    /// There may be so many calls at once from now on; a limit that finds itself does not any more. Above it, calls go on
    /// that are under way, and nobody is let in until there is room below it.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if it is 0, or more than a million; nothing has changed then.
    pub fn set_limit(&self, limit: u32) -> Result<(), ConfigError> {
        let name = self.shared.name();
        Limit::from(limit).check(name)?;
        self.tell_of(self.shared.set_limit(limit));
        Ok(())
    }

    fn tell_of(&self, (from, to): (u32, u32)) {
        if from != to {
            let event = BulkheadEvent::LimitSet { from, to };
            self.shared.tell(self.shared.name(), Severity::Info, event);
        }
    }

    /// Replaces the configuration. Calls under way and calls that wait are not concerned: who waits goes on to, for as
    /// long as it was told to, even if fewer may wait now. A limit that finds itself goes on from where it is, with
    /// what it knows if its configuration is the same.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed, or has other partitions than there are: only their shares
    /// can change. Nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        let name = self.shared.name();
        config.check(name)?;
        check_same_partitions(name, &self.config().partitions, &config.partitions)?;
        if let Some(change) = self.shared.reconfigure(None, config) {
            self.tell_of(change);
        }
        Ok(())
    }
}

impl fmt::Debug for Bulkhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulkhead")
            .field("name", self.name())
            .finish_non_exhaustive()
    }
}
