//! A bulkhead for each key, in bounded memory.

mod builder;
mod layer;

use std::borrow::Borrow;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use seaworthy_core::ConfigError;
use seaworthy_core::component::{Component, Snapshot, Status};
use seaworthy_core::event::Events;
use seaworthy_core::keyed::{Found, Keyed as KeyedBy};
use seaworthy_core::sync::Lock;

use crate::bulkhead::Bulkhead;
use crate::config::{Config, check_same_partitions};
use crate::shared::{Family, Surroundings};

pub use builder::BulkheadsBuilder;
pub use layer::{Keyed, KeyedEntrance};

/// How many of those that are full a snapshot shows.
const SHOWN: usize = 100;

/// A bulkhead for each key: no tenant, route or upstream can take the places of another.
///
/// A cheap handle: clones are the same bulkheads. They are made when they are first asked for, all with the same
/// configuration. At most [`capacity`](BulkheadsBuilder::capacity) are kept: for a new one, that one gives way that was
/// asked for longest ago and of which nobody holds a handle, a permit or a service, so that keys which an attacker makes
/// up take no more memory. While none can give way, all further keys share one more bulkhead, called `others`: so there
/// are never more calls under way than capacity + 1 times the limit, and for one key never more than the limit, but for the
/// time after it was among the others, when calls of both go on.
///
/// One that gives way forgets what was found out or set for its key alone.
///
/// ```
/// use seaworthy_bulkhead::Bulkheads;
///
/// let tenants: Bulkheads<String> = Bulkheads::builder("tenants").max_concurrent(2).capacity(500).build()?;
/// let busy = [tenants.get("acme").try_acquire()?, tenants.get("acme").try_acquire()?];
/// assert!(tenants.get("acme").try_acquire().is_err());
/// assert!(tenants.get("umbrella").try_acquire().is_ok());
/// # Ok::<(), seaworthy_core::BoxError>(())
/// ```
///
/// # When not to use it
///
/// For a few classes of calls that are known by name: the [partitions](crate::Partition) of one bulkhead lend each other
/// what they do not need. This one bounds each key, not their sum: put a [`Bulkhead`] behind it for that. Keys do not
/// become metric labels.
pub struct Bulkheads<K> {
    inner: Arc<Inner<K>>,
}

struct Inner<K> {
    name: Arc<str>,
    /// And which one it is: each that is made or changed meanwhile is brought up to the last.
    config: Lock<(Config, u64)>,
    events: Events,
    family: Arc<Family>,
    bulkheads: KeyedBy<K, Bulkhead>,
    /// Of keys for which there was no room.
    others: Bulkhead,
}

impl Bulkheads<()> {
    /// Begins bulkheads that belong together. Each is called by this name and its key.
    pub fn builder(name: impl Into<Arc<str>>) -> BulkheadsBuilder {
        BulkheadsBuilder::new(name.into())
    }
}

impl<K> Bulkheads<K>
where
    K: Hash + Eq + fmt::Display + Send + 'static,
{
    /// The bulkhead of this key, made if need be. Ask for it with each call rather than keep it: one that is kept is not
    /// given up, and takes the room of another key.
    pub fn get(&self, key: impl Into<K>) -> Bulkhead {
        let inner = &*self.inner;
        // Nobody gets a handle of one while it is looked at: that takes the lock too.
        let may_go = |it: &Bulkhead, _| it.is_unused();
        match inner
            .bulkheads
            .get(key.into(), |key| inner.make(key), may_go)
        {
            Found::Kept(bulkhead) => bulkhead,
            Found::New(bulkhead) => {
                inner.bring_up_to_date(&bulkhead);
                bulkhead
            }
            Found::NoRoom(_) => inner.others.clone(),
        }
    }
}

impl<K: Hash + Eq> Bulkheads<K> {
    /// The bulkhead of this key, if there is one. Unlike [`get`](Self::get) it neither makes one nor counts as asking
    /// for it.
    #[must_use]
    pub fn find<Q>(&self, key: &Q) -> Option<Bulkhead>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.inner.bulkheads.find(key)
    }
}

impl<K: Clone> Bulkheads<K> {
    /// All there are, in no order, without the one for other keys. For as long as its handle is kept, none of them is
    /// given up.
    #[must_use]
    pub fn entries(&self) -> Vec<(K, Bulkhead)> {
        self.inner.bulkheads.entries()
    }
}

impl<K> Bulkheads<K> {
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

    /// How many there are, without the one for other keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.bulkheads.len()
    }

    /// Whether there is none yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The one that keys share for which there is no room.
    #[must_use]
    pub fn others(&self) -> &Bulkhead {
        &self.inner.others
    }

    /// The bus on which all of them tell of [`BulkheadEvent`](crate::BulkheadEvent)s.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.inner.events
    }

    /// All of them go by another configuration from now on, as by [`Bulkhead::reconfigure`].
    ///
    /// # Errors
    ///
    /// Those of [`Bulkhead::reconfigure`]; nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        let inner = &*self.inner;
        config.check(&inner.name)?;
        {
            let mut current = inner.config.lock();
            check_same_partitions(&inner.name, &current.0.partitions, &config.partitions)?;
            *current = (config, current.1 + 1);
        }
        for bulkhead in inner.bulkheads.values().iter().chain([&inner.others]) {
            inner.bring_up_to_date(bulkhead);
        }
        Ok(())
    }
}

impl<K> Inner<K> {
    /// It goes by the configuration that was given last.
    fn bring_up_to_date(&self, bulkhead: &Bulkhead) {
        let (config, version) = self.config.lock().clone();
        bulkhead.shared().reconfigure(Some(version), config);
    }
}

impl<K: fmt::Display> Inner<K> {
    fn make(&self, key: &K) -> Bulkhead {
        let (config, version) = self.config.lock().clone();
        // Code of the user, which may do anything.
        let name = Arc::from(format!("{}/{key}", self.name));
        let surroundings = Surroundings {
            events: self.events.clone(),
            shards: 1,
            family: Some(Arc::clone(&self.family)),
        };
        let bulkhead = Bulkhead::build(&name, config, None, surroundings);
        bulkhead.shared().goes_by(version);
        bulkhead
    }
}

fn shown_if_full(bulkhead: &Bulkhead) -> Option<Snapshot> {
    let view = bulkhead.total();
    (view.in_flight >= view.limit).then(|| bulkhead.snapshot())
}

impl<K: Send + 'static> Component for Inner<K> {
    fn snapshot(&self) -> Snapshot {
        // Without handles: of what somebody has a handle, nobody can take the place.
        let (mut keys, mut full) = (0, Vec::new());
        self.bulkheads.for_each(|_, bulkhead| {
            keys += 1;
            full.extend(shown_if_full(bulkhead));
        });
        full.extend(shown_if_full(&self.others));
        let mut snapshot = Snapshot::new("bulkheads", &*self.name, format!("{keys} keys"))
            .field("full", full.len() as u64)
            .field("others_in_flight", u64::from(self.others.total().in_flight));
        if !full.is_empty() {
            snapshot = snapshot.status(Status::Degraded);
        }
        full.into_iter().take(SHOWN).fold(snapshot, Snapshot::child)
    }
}

impl<K> Clone for Bulkheads<K> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<K> fmt::Debug for Bulkheads<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulkheads")
            .field("name", self.name())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
