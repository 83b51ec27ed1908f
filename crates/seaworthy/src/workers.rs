//! A worker for each key, started when it is called.

mod builder;
mod client;
mod life;
mod noted;
mod slots;
mod start;
mod told;

use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Weak};
use std::time::Duration;

use seaworthy_core::{ConfigError, Name, Rejected};
use seaworthy_queue::Config;
use seaworthy_queue::service::{self, Client, Requests};
use seaworthy_supervisor::{ChildRef, DynamicSupervisor};

use slots::Slots;
use start::Birth;
use told::Told;

pub use builder::WorkersBuilder;
pub use client::{Answer, KeyClient};

/// A supervised service for each key, built when its key is called and put to sleep when it is not: a session, a room, a
/// shopping list.
///
/// A cheap handle: clones share the workers. Calls of one key are served one after the other, by one worker at a time:
/// the next one is built when the one before is gone. Whoever calls a key whose worker sleeps, starts or is on its way to
/// sleep is served as soon as one is up. When a worker crashes, the caller whose request was under way is told, and the
/// supervisor starts it again; all others, of this key and of others, notice nothing.
///
/// ```
/// use seaworthy::Workers;
/// use seaworthy::supervisor::Supervisor;
/// use tower::{BoxError, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let (lists, child) = Workers::builder("lists").build(|user: String, _cx| async move {
///     let mut items = vec![format!("{user}'s list")];
///     Ok(service_fn(move |item: String| {
///         items.push(item);
///         std::future::ready(Ok::<_, BoxError>(items.join(", ")))
///     }))
/// })?;
/// let _tree = Supervisor::builder("app").child(child).start().await?;
///
/// lists.call("Alice".to_owned(), "milk".to_owned()).await?;
/// let list = lists.call("Alice".to_owned(), "bread".to_owned()).await?;
/// assert_eq!(list, "Alice's list, milk, bread");
/// assert_eq!(lists.call("Bob".to_owned(), "tea".to_owned()).await?, "Bob's list, tea");
/// assert_eq!(lists.len(), 2);
/// # Ok(())
/// # }
/// ```
///
/// What a worker must not forget when it crashes or sleeps it keeps elsewhere, and loads when it is built.
///
/// Keys are compared under a lock: `Eq` of a key must not use these workers itself.
///
/// # When workers crash
///
/// They are [temporary](seaworthy_supervisor::Restart::Temporary) children, started by need: one that crashes is started
/// again if somebody waits for it, and otherwise when it is called. Crashes therefore do not count towards the intensity of
/// their supervisor. There is no loop that would need to be stopped: each crash has cost a caller the request that was under
/// way, and a worker that fails before it has begun with any takes down those who wait with it, instead of being built again
/// for them. The next call builds it anew, at once: what is expensive to try belongs behind a
/// [circuit breaker](https://docs.rs/seaworthy-circuit-breaker) in the factory, whose rejection is what callers get. A
/// request that is served again and again by callers who retry crashes a worker each time.
///
/// # How many there are
///
/// At most [`at_most`](WorkersBuilder::at_most) keys have callers or a worker. By default a further key is turned away:
/// [`BulkheadFull`](seaworthy_core::Reason::BulkheadFull), with no time to come back at, since that is up to the callers of
/// the others. With [`evict_idle`](WorkersBuilder::evict_idle) the worker that has been idle for longest goes to sleep early
/// and leaves its place; only when all are busy is anybody turned away. A key that sleeps takes no memory.
pub struct Workers<K, Req, Res, E> {
    inner: Arc<Inner<K, Req, Res, E>>,
}

struct Inner<K, Req, Res, E> {
    me: Weak<Self>,
    name: Arc<str>,
    component: Name,
    config: Config,
    idle_after: Duration,
    build_within: Option<Duration>,
    supervisor: DynamicSupervisor<Arc<Birth<K>>>,
    slots: Slots<K, Req, Res, Told<E>>,
}

impl Workers<(), (), (), ()> {
    /// Begins workers by key. Their supervisor is called by this name.
    pub fn builder(name: impl Into<Arc<str>>) -> WorkersBuilder {
        WorkersBuilder::new(name.into())
    }
}

impl<K, Req, Res, E> Workers<K, Req, Res, E>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    Req: Send + 'static,
    Res: Send + 'static,
    E: From<Rejected> + Send + 'static,
{
    /// Asks the worker of this key, which is started if need be.
    ///
    /// # Errors
    ///
    /// That of the worker, or a [`Rejected`]:
    ///
    /// - [`Crashed`](seaworthy_core::Reason::Crashed): the worker crashed over it, or was killed.
    /// - [`Restarting`](seaworthy_core::Reason::Restarting): the supervisor of the workers does not run, but will: before
    ///   the tree is started, or when it was killed. Come back soon.
    /// - [`Stopped`](seaworthy_core::Reason::Stopped): it will not, or not by itself; or the worker could not be built,
    ///   which the next call tries again. If the factory failed with a `Rejected` that was
    ///   [not executed](seaworthy_core::Executed::No), that is what callers get: it knows better.
    /// - [`BulkheadFull`](seaworthy_core::Reason::BulkheadFull): there are as many workers as may be.
    /// - [`QueueFull`](seaworthy_core::Reason::QueueFull) and the like, as the queue of a key is configured.
    ///
    /// All but the first were not begun.
    ///
    /// # Panics
    ///
    /// If `Hash` or `Eq` of the key does.
    ///
    /// # Cancel safety
    ///
    /// Dropping the answer gives the request up, if its worker has not begun with it.
    pub fn call(&self, key: K, request: Req) -> Answer<K, Req, Res, E> {
        Answer::new(&self.inner, key, request)
    }

    /// A tower service for this key.
    #[must_use]
    pub fn client(&self, key: K) -> KeyClient<K, Req, Res, E> {
        KeyClient::new(self, key)
    }

    /// The worker of this key, if one is up: to kill it, or to be told of its end. A call that waits for it when it is
    /// killed is served by the next one.
    #[must_use]
    pub fn child(&self, key: &K) -> Option<ChildRef> {
        self.inner.slots.child(key)
    }
}

impl<K, Req, Res, E> Workers<K, Req, Res, E> {
    /// The keys whose workers are up, or about to be, in no order.
    #[must_use]
    pub fn keys(&self) -> Vec<K>
    where
        K: Clone,
    {
        let keys = self.inner.slots.keys();
        keys.iter().map(|key| K::clone(key)).collect()
    }

    /// How many workers are up, or about to be.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.slots.len()
    }

    /// Whether all sleep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Both ends of the queue of a key.
type Ends<Req, Res, E> = (Client<Req, Res, E>, Requests<Req, Res, E>);

impl<K, Req, Res, E> Inner<K, Req, Res, E>
where
    Req: Send + 'static,
    Res: Send + 'static,
    E: Send + 'static,
{
    /// The queue of one more key.
    fn mailbox(&self) -> Result<Ends<Req, Res, Told<E>>, ConfigError> {
        service::builder(Arc::clone(&self.name))
            .config(self.config.clone())
            .registry(&seaworthy_core::component::Registry::new())
            .build()
    }
}

impl<K, Req, Res, E> Clone for Workers<K, Req, Res, E> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<K, Req, Res, E> fmt::Debug for Workers<K, Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers")
            .field("name", &self.inner.name)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
