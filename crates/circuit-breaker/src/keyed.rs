//! A breaker for each key, in bounded memory.

mod builder;
mod layer;

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

use seaworthy_core::ConfigError;
use seaworthy_core::clock::{self, Coarse};
use seaworthy_core::component::{Component, Snapshot, Status};
use seaworthy_core::event::{Events, Severity};
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
    hasher: RandomState,
    shards: Box<[Lock<Shard<K>>]>,
    /// How many each shard may hold.
    capacity: usize,
    /// Keys that got a breaker of their own, because there was no room.
    overflowed: AtomicU64,
}

type Shard<K> = HashMap<K, Entry>;

struct Entry {
    breaker: CircuitBreaker,
    asked: Coarse,
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
        let (key, inner) = (key.into(), &*self.inner);
        let now = clock::coarse();
        let shard = inner.shard(&key);
        if let Some(entry) = shard.lock().get_mut(&key) {
            entry.asked = now;
            return entry.breaker.clone();
        }
        // Made outside the lock: its name is written by code of the user. Whoever is first is kept.
        let new = inner.make(&key);
        let mut entries = shard.lock();
        if let Some(entry) = entries.get_mut(&key) {
            return entry.breaker.clone();
        }
        let given_up = if entries.len() < inner.capacity {
            None
        } else {
            let given_up = give_up_one(&mut entries, now);
            if given_up.is_none() {
                inner.overflowed.fetch_add(1, Ordering::Relaxed);
                return new;
            }
            given_up
        };
        let breaker = new.clone();
        entries.insert(
            key,
            Entry {
                breaker: new,
                asked: now,
            },
        );
        drop(entries);
        inner.bring_up_to_date(&breaker);
        // A key is a value of the user.
        seaworthy_core::panic::drop_quietly(given_up);
        breaker
    }

    /// Forgets the breaker of this key. Calls under way are not concerned. False if there was none.
    pub fn remove(&self, key: &K) -> bool {
        let removed = self.inner.shard(key).lock().remove_entry(key);
        let found = removed.is_some();
        seaworthy_core::panic::drop_quietly(removed);
        found
    }
}

/// The one that was asked for longest ago, of those that protect nothing.
fn give_up_one<K: Hash + Eq>(entries: &mut Shard<K>, now: Coarse) -> Option<(K, Entry)> {
    let expendable = |entry: &Entry| entry.breaker.shared().is_expendable(now);
    let candidates = entries.values().filter(|entry| expendable(entry));
    let oldest = candidates.map(|entry| entry.asked).min()?;
    let is_it = |_: &K, entry: &mut Entry| entry.asked == oldest && expendable(entry);
    entries.extract_if(is_it).next()
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
        let entries = self.inner.shard(key).lock();
        entries.get(key).map(|entry| entry.breaker.clone())
    }
}

impl<K: Clone> CircuitBreakers<K> {
    /// All there are, in no order: to look at them, or to order something of all.
    #[must_use]
    pub fn entries(&self) -> Vec<(K, CircuitBreaker)> {
        let entries = |shard: &Lock<Shard<K>>| -> Vec<_> {
            let entries = shard.lock();
            let pair = |(key, entry): (&K, &Entry)| (key.clone(), entry.breaker.clone());
            entries.iter().map(pair).collect()
        };
        self.inner.shards.iter().flat_map(entries).collect()
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
        self.inner.shards.iter().map(|it| it.lock().len()).sum()
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
        for breaker in self.inner.all() {
            self.inner.bring_up_to_date(&breaker);
        }
        if may_wedge {
            self.inner.warn_that_they_may_wedge();
        }
        Ok(())
    }
}

impl<K> Inner<K> {
    fn shard<Q: Hash + ?Sized>(&self, key: &Q) -> &Lock<Shard<K>> {
        let hash = self.hasher.hash_one(key);
        // The lower bits are those that the map goes by.
        let index = (hash >> 32) as usize % self.shards.len();
        &self.shards[index]
    }

    /// It goes by the configuration that was given last.
    fn bring_up_to_date(&self, breaker: &CircuitBreaker) {
        let (config, version) = self.config.lock().clone();
        breaker.shared().reconfigure_to(version, config);
    }

    pub(super) fn warn_that_they_may_wedge(&self) {
        self.events
            .emit(&self.name, Severity::Warning, BreakerEvent::MayWedge);
    }

    fn all(&self) -> Vec<CircuitBreaker> {
        let breakers = |shard: &Lock<Shard<K>>| -> Vec<CircuitBreaker> {
            let entries = shard.lock();
            entries.values().map(|it| it.breaker.clone()).collect()
        };
        self.shards.iter().flat_map(breakers).collect()
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
        let all: Vec<_> = self.all().iter().map(|it| it.shared().snapshot()).collect();
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
