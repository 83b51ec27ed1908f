//! A worker for each key, started when it is called.

mod builder;
mod client;
mod life;
mod slots;

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::{ConfigError, Name, Rejected};
use seaworthy_queue::Config;
use seaworthy_queue::service::{self, Client, Requests};
use seaworthy_supervisor::DynamicSupervisor;

use slots::Slots;

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
pub struct Workers<K, Req, Res, E> {
    inner: Arc<Inner<K, Req, Res, E>>,
}

struct Inner<K, Req, Res, E> {
    name: Arc<str>,
    component: Name,
    config: Config,
    idle_after: Duration,
    at_most: usize,
    supervisor: DynamicSupervisor<K>,
    slots: Slots<K, Req, Res, E>,
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
    /// That of the worker, or a [`Rejected`]: [`Crashed`](seaworthy_core::Reason::Crashed) if the worker crashed over it,
    /// [`BulkheadFull`](seaworthy_core::Reason::BulkheadFull) if there are as many workers as may be,
    /// [`QueueFull`](seaworthy_core::Reason::QueueFull) and the like as the queue of a key is configured,
    /// [`Stopped`](seaworthy_core::Reason::Stopped) if its worker cannot be built or the supervisor is not running.
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
}

impl<K, Req, Res, E> Workers<K, Req, Res, E> {
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

type Ends<Req, Res, E> = (Client<Req, Res, E>, Requests<Req, Res, E>);

impl<K, Req, Res, E> Inner<K, Req, Res, E>
where
    Req: Send + 'static,
    Res: Send + 'static,
    E: Send + 'static,
{
    /// The queue of one more key.
    fn mailbox(&self) -> Result<Ends<Req, Res, E>, ConfigError> {
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
