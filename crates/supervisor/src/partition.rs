//! Several supervisors of one kind, and the one among them that a key belongs to.

use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use seaworthy_core::ConfigError;
use seaworthy_core::event::Events;

use crate::builder::{Builder, SupervisorSpec};
use crate::child::Child;
use crate::config::{Mode, Strategy};
use crate::dynamic::{DynamicBuilder, DynamicSupervisor};
use crate::error::StartError;
use crate::supervisor::Supervisor;
use crate::tasks::{TaskSupervisor, TaskSupervisorBuilder};

/// More partitions than this are a mistake.
const PARTITIONS_MAX: usize = 65_536;

/// Not to be guessed from outside, so that nobody can choose keys which all end up in one partition.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// A fixed number of supervisors of one kind, among which keys are shared out: Elixir's `PartitionSupervisor`.
///
/// The partitions are children of one supervisor with the strategy one-for-one: each is restarted on its own, and a
/// crash storm in one ends that one first. A key always belongs to the same partition, through all restarts of
/// partitions and of the whole, and in all partitioned supervisors of the process with as many partitions; in another
/// process it may be another. So what belongs together (the room and its visitors) is together under one key.
///
/// `H` is the handle of one partition. This itself is a cheap handle; the same rules of ownership hold as for
/// [`Supervisor`], to which it dereferences.
///
/// # When not to use it
///
/// One [`DynamicSupervisor`] starts a million children in seconds. Partitions pay when starts, stops and crashes of so
/// many come from several threads at once and wait for one another, or to keep the crashes of some from using up
/// the restart intensity of all.
///
/// ```
/// use seaworthy_supervisor::{Child, Context, DynamicSupervisor, PartitionedSupervisor, Restart};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let rooms = PartitionedSupervisor::builder("rooms", 4, |index| {
///     let room = Child::template(|cx: Context, name: String| async move {
///         println!("{name} is open as {}", cx.path());
///         cx.shutdown().await;
///         Ok(())
///     });
///     DynamicSupervisor::builder(index.to_string()).template(room.restart(Restart::Transient))
/// })?;
/// let rooms = rooms.start().await?;
///
/// let lounge = rooms.for_key("lounge").start_child("lounge".to_owned()).await?;
/// let index = rooms.index_of("lounge");
/// assert_eq!(&*lounge.expect("not ignored").path(), format!("rooms/{index}/#1"));
/// # Ok(())
/// # }
/// ```
pub struct PartitionedSupervisor<H> {
    supervisor: Supervisor,
    partitions: Arc<[H]>,
}

impl<H> PartitionedSupervisor<H> {
    /// Begins the specification of `partitions` supervisors. Each is made by `make`, which is called with 0, 1, ...
    /// and must give each an id of its own; their order is that of the start.
    ///
    /// # Errors
    ///
    /// If `partitions` is not between 1 and 65,536. Then `make` is not called.
    pub fn builder<P>(
        id: impl Into<Arc<str>>,
        partitions: usize,
        mut make: impl FnMut(usize) -> P,
    ) -> Result<PartitionedBuilder<H>, ConfigError>
    where
        P: Partition<Handle = H>,
    {
        let id = id.into();
        if !(1..=PARTITIONS_MAX).contains(&partitions) {
            let allowed = format!("1 to {PARTITIONS_MAX}");
            return Err(ConfigError::new(id, "partitions", partitions, allowed));
        }
        let mut spec = SupervisorSpec::new(id, Mode::Static(Strategy::OneForOne));
        let handles = (0..partitions).map(|index| {
            let partition = make(index);
            let handle = partition.handle();
            spec.children.push(Child::supervisor(partition));
            handle
        });
        let handles = handles.collect();
        Ok(PartitionedBuilder { spec, handles })
    }

    /// The partition that `key` belongs to.
    ///
    /// A `String` and the `str` in it are the same key, as in a map.
    #[must_use]
    pub fn for_key<K: Hash + ?Sized>(&self, key: &K) -> &H {
        &self.partitions[self.index_of(key)]
    }

    /// The index of the partition that `key` belongs to.
    #[must_use]
    pub fn index_of<K: Hash + ?Sized>(&self, key: &K) -> usize {
        let partitions = self.partitions.len();
        // Both conversions are exact: the number of partitions is small, the remainder smaller.
        usize::try_from(HASHER.hash_one(key) % partitions as u64).unwrap_or(0)
    }

    /// The handles of all partitions, in their order.
    #[must_use]
    pub fn partitions(&self) -> &[H] {
        &self.partitions
    }
}

impl<H> std::ops::Deref for PartitionedSupervisor<H> {
    type Target = Supervisor;

    fn deref(&self) -> &Supervisor {
        &self.supervisor
    }
}

impl<H> Clone for PartitionedSupervisor<H> {
    fn clone(&self) -> Self {
        Self {
            supervisor: self.supervisor.clone(),
            partitions: Arc::clone(&self.partitions),
        }
    }
}

impl<H> fmt::Debug for PartitionedSupervisor<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartitionedSupervisor")
            .field("supervisor", &self.supervisor)
            .field("partitions", &self.partitions.len())
            .finish()
    }
}

/// What a [`PartitionedSupervisor`] is made of: the specification of a supervisor, and what its handle is.
///
/// Implemented by the builders of this crate, and by a pair of any of them and a handle of another kind.
pub trait Partition: Into<SupervisorSpec> {
    /// What is had by key.
    type Handle;

    /// The handle of this supervisor. It must stay valid when the supervisor is restarted.
    fn handle(&self) -> Self::Handle;
}

impl Partition for Builder {
    type Handle = Supervisor;

    fn handle(&self) -> Supervisor {
        self.handle()
    }
}

impl<A> Partition for DynamicBuilder<A> {
    type Handle = DynamicSupervisor<A>;

    fn handle(&self) -> DynamicSupervisor<A> {
        self.handle()
    }
}

impl Partition for TaskSupervisorBuilder {
    type Handle = TaskSupervisor;

    fn handle(&self) -> TaskSupervisor {
        self.handle()
    }
}

impl<S: Into<SupervisorSpec>, H: Clone> Partition for (S, H) {
    type Handle = H;

    fn handle(&self) -> H {
        self.1.clone()
    }
}

/// The handle is had from it before.
impl<S: Into<SupervisorSpec>, H> From<(S, H)> for SupervisorSpec {
    fn from((spec, _handle): (S, H)) -> Self {
        spec.into()
    }
}

/// Says what a partitioned supervisor is like; made by [`PartitionedSupervisor::builder`].
#[must_use = "a supervisor has to be started, or given to another one as a child"]
pub struct PartitionedBuilder<H> {
    spec: SupervisorSpec,
    handles: Arc<[H]>,
}

impl<H> PartitionedBuilder<H> {
    /// As [`Builder::intensity`]: how often partitions as a whole may crash before this gives up.
    pub fn intensity(mut self, max_restarts: u32, period: Duration) -> Self {
        self.spec.flags.max_restarts = max_restarts;
        self.spec.flags.period = period;
        self
    }

    /// As [`Builder::events`].
    pub fn events(mut self, events: &Events) -> Self {
        self.spec.events = Some(events.clone());
        self
    }

    /// A handle that can be had before the supervisor is started, and that stays valid when it is restarted by
    /// its parent. It does not own the supervisor.
    #[must_use]
    pub fn handle(&self) -> PartitionedSupervisor<H> {
        PartitionedSupervisor {
            supervisor: Supervisor::at(&self.spec.id, &self.spec.address),
            partitions: Arc::clone(&self.handles),
        }
    }

    /// Starts the partitions, one after the other, as the root of a tree, as [`Builder::start`] does.
    ///
    /// # Errors
    ///
    /// If it or a partition is specified wrongly (two with the same id, say), or a partition fails to start.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, what had started is stopped.
    pub async fn start(self) -> Result<PartitionedSupervisor<H>, StartError> {
        Ok(PartitionedSupervisor {
            supervisor: self.spec.start().await?,
            partitions: self.handles,
        })
    }
}

impl<H> From<PartitionedBuilder<H>> for SupervisorSpec {
    fn from(builder: PartitionedBuilder<H>) -> Self {
        builder.spec
    }
}

impl<H> fmt::Debug for PartitionedBuilder<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartitionedBuilder")
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}
