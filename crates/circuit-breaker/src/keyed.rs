//! A breaker for each key, in bounded memory.

mod builder;
mod layer;

use std::borrow::Borrow;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use seaworthy_core::ConfigError;
use seaworthy_core::clock;
use seaworthy_core::component::{Component, Snapshot, Status};
use seaworthy_core::event::{Events, Severity};
use seaworthy_core::keyed::{Found, Keyed};
use seaworthy_core::sync::Lock;
use seaworthy_core::sync::atomic::{AtomicU64, Ordering};

use crate::breaker::CircuitBreaker;
use crate::config::Config;
use crate::event::BreakerEvent;
use crate::group::Group;
use crate::metrics::Metrics;
use crate::shared::Surroundings;

pub use builder::CircuitBreakersBuilder;
pub use layer::{KeyedLayer, KeyedService};

/// How many of those that are not closed a snapshot shows.
const SHOWN: usize = 100;

/// A breaker for each key: each upstream, route, shard or tenant fails on its own.
///
/// A cheap handle: clones are the same breakers. They are made when they are first asked for, all with the same
/// configuration. At most [`capacity`](CircuitBreakersBuilder::capacity) are kept: for a new one, the closed one gives
/// way that was asked for longest ago, so that keys which an attacker makes up take no more memory. One that is not
/// closed protects something and is not given up, unless nobody has asked it for [`OpenFor::at_most`](crate::OpenFor)
/// after it could be tried again. If none can be given up, a new key gets a breaker of its own that nobody else knows:
/// its calls are let through, and counted as `overflowed`.
///
/// While more than the [share](CircuitBreakersBuilder::max_open) of them is open that may be, no call is turned away
/// but by order: so many cannot all have failed, it is more likely this side. Calls that are let through only because
/// of that count nowhere.
///
/// ```
/// use seaworthy_circuit_breaker::CircuitBreakers;
/// use seaworthy_core::BoxError;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let upstreams: CircuitBreakers<String> = CircuitBreakers::builder("upstreams").capacity(500).build()?;
/// let answer = upstreams
///     .get("eu.example.com")
///     .call(async { Ok::<_, BoxError>(200) })
///     .await?;
/// assert_eq!((answer, upstreams.len()), (200, 1));
/// # Ok(())
/// # }
/// ```
///
/// # When not to use it
///
/// For a few upstreams that are known by name: a [`CircuitBreaker`] each says more in metrics and dashboards, and needs
/// no lookup, which takes a lock that is shared by a part of the keys. Keys do not become metric labels.
pub struct CircuitBreakers<K> {
    inner: Arc<Inner<K>>,
}

struct Inner<K> {
    name: Arc<str>,
    /// And which one it is: each that is made or changed meanwhile is brought up to the last.
    config: Lock<(Config, u64)>,
    events: Events,
    metrics: Arc<Metrics>,
    group: Arc<Group>,
    breakers: Keyed<K, CircuitBreaker>,
    /// Keys that got a breaker of their own, because there was no room.
    overflowed: AtomicU64,
}

impl CircuitBreakers<()> {
    /// Begins breakers that belong together. Each is called by this name and its key.
    pub fn builder(name: impl Into<Arc<str>>) -> CircuitBreakersBuilder {
        CircuitBreakersBuilder::new(name.into())
    }
}

impl<K> CircuitBreakers<K>
where
    K: Hash + Eq + fmt::Display + Send + 'static,
{
    /// The breaker of this key, made if need be. Ask for it with each call: one that is kept may have given way to other
    /// keys meanwhile, and then knows nothing of the calls that its successor sees.
    pub fn get(&self, key: impl Into<K>) -> CircuitBreaker {
        let inner = &*self.inner;
        let may_go = |it: &CircuitBreaker, now| it.shared().is_expendable(now);
        match inner
            .breakers
            .get(key.into(), |key| inner.make(key), may_go)
        {
            Found::Kept(breaker) => breaker,
            Found::New(breaker) => {
                inner.bring_up_to_date(&breaker);
                breaker
            }
            Found::NoRoom(breaker) => {
                inner.overflowed.fetch_add(1, Ordering::Relaxed);
                breaker
            }
        }
    }

    /// Forgets the breaker of this key. Calls under way are not concerned. False if there was none.
    pub fn remove(&self, key: &K) -> bool {
        self.inner.breakers.remove(key)
    }
}

impl<K: Hash + Eq> CircuitBreakers<K> {
    /// The breaker of this key, if there is one. Unlike [`get`](Self::get) it neither makes one nor counts as asking
    /// for it.
    #[must_use]
    pub fn find<Q>(&self, key: &Q) -> Option<CircuitBreaker>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.inner.breakers.find(key)
    }
}

impl<K: Clone> CircuitBreakers<K> {
    /// All there are, in no order: to look at them, or to order something of all.
    #[must_use]
    pub fn entries(&self) -> Vec<(K, CircuitBreaker)> {
        self.inner.breakers.entries()
    }
}

impl<K> CircuitBreakers<K> {
    /// The name, which is before each key in their names.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.inner.name
    }

    /// What all of them go by.
    #[must_use]
    pub fn config(&self) -> Config {
        self.inner.config.lock().0.clone()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.breakers.len()
    }

    /// Whether there is none yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many are open or half open. One that nobody has asked for a long time ([`OpenFor::at_most`]) after it
    /// could be tried again does not count.
    ///
    /// [`OpenFor::at_most`]: crate::OpenFor::at_most
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.inner.group.open(clock::coarse())
    }

    /// The bus on which all of them tell of [`BreakerEvent`](crate::BreakerEvent)s.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.inner.events
    }

    /// All of them go by another configuration from now on, as by
    /// [`CircuitBreaker::reconfigure`].
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed; nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        config.check(&self.inner.name)?;
        let may_wedge = config.half_open.may_wedge();
        {
            let mut current = self.inner.config.lock();
            *current = (config, current.1 + 1);
        }
        for breaker in self.inner.breakers.values() {
            self.inner.bring_up_to_date(&breaker);
        }
        if may_wedge {
            self.inner.warn_that_they_may_wedge();
        }
        Ok(())
    }
}

impl<K> Inner<K> {
    /// It goes by the configuration that was given last.
    fn bring_up_to_date(&self, breaker: &CircuitBreaker) {
        let (config, version) = self.config.lock().clone();
        breaker.shared().reconfigure_to(version, config);
    }

    pub(super) fn warn_that_they_may_wedge(&self) {
        self.events
            .emit(&self.name, Severity::Warning, BreakerEvent::MayWedge);
    }
}

impl<K: fmt::Display> Inner<K> {
    fn make(&self, key: &K) -> CircuitBreaker {
        let surroundings = Surroundings {
            events: self.events.clone(),
            metrics: Arc::clone(&self.metrics),
            group: Some(Arc::clone(&self.group)),
            shards: 1,
        };
        let (config, version) = self.config.lock().clone();
        // Code of the user, which may do anything.
        let name = format!("{}/{key}", self.name);
        let breaker = CircuitBreaker::build(name.into(), config, surroundings, fastrand::u64(..))
            .unwrap_or_else(|_| unreachable!("the configuration was checked"));
        breaker.shared().goes_by(version);
        breaker
    }
}

impl<K: Send + 'static> Component for Inner<K> {
    fn snapshot(&self) -> Snapshot {
        let all = self.breakers.values();
        let all: Vec<_> = all.iter().map(|it| it.shared().snapshot()).collect();
        let open = self.group.open(clock::coarse());
        let state = format!("{} keys", all.len());
        let troubled = all.into_iter().filter(|it| it.status != Status::Healthy);
        let mut snapshot = Snapshot::new("breakers", &*self.name, state)
            .field("open", open as u64)
            .field("overflowed", self.overflowed.load(Ordering::Relaxed));
        if open > 0 {
            snapshot = snapshot.status(Status::Degraded);
        }
        troubled.take(SHOWN).fold(snapshot, Snapshot::child)
    }
}

impl<K> Clone for CircuitBreakers<K> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<K> fmt::Debug for CircuitBreakers<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreakers")
            .field("name", &self.inner.name)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
