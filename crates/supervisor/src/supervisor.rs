//! The handle of a supervisor.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::ConfigError;
use seaworthy_core::event::Events;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::address::Address;
use crate::builder::{Builder, SupervisorSpec, not_significant};
use crate::child::Child;
use crate::error::{CallError, RestartChildError, StartChildError, StartError};
use crate::event::Ended;
use crate::id::{ChildId, check_name};
use crate::info::{ChildInfo, Counts};
use crate::machine::{Call, Exit, Message, NewChild, Reply, Target};
use crate::monitor::ChildRef;
use crate::node::{Answer, Caller, Live, Node, Phase, Place, Seat, Wants};
use crate::report::ShutdownReport;
use crate::snapshot::TreeSnapshot;

/// How long after the deadline of a shutdown killed children may take to be dropped.
pub(crate) const DROP_GRACE: Duration = Duration::from_secs(1);

/// A supervisor: starts its children in order, restarts those that crash, and stops all in reverse.
///
/// This is a cheap handle. Handles that [`Builder::start`] gave own the tree: when the last of
/// them is dropped, the tree is stopped in order, in the background. All other handles
/// ([`Builder::handle`], [`Context::supervisor`](crate::Context::supervisor), [`Supervisor::supervisor`]) only
/// refer to it, and stay valid when the supervisor is restarted by its parent.
///
/// Calls are handled one after the other, together with exits and restarts. While a supervisor
/// waits for a child to start or to stop, calls to it wait. Dropping the future of a call does not take the
/// call back: once polled, it will be handled.
///
/// # When not to use it
///
/// For a task whose failure is the caller's business, `tokio::spawn` and its handle are enough. For
/// a unit that must survive `abort`, a stack overflow or running out of memory, use a process.
///
/// ```
/// use std::time::Duration;
/// use seaworthy_supervisor::{Child, Supervisor};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let root = Supervisor::builder("app")
///     .intensity(5, Duration::from_secs(10))
///     .child(Child::task("worker", |cx| async move {
///         if cx.incarnation() == 1 {
///             panic!("the first one always crashes");
///         }
///         cx.shutdown().await;
///         Ok(())
///     }))
///     .start()
///     .await?;
///
/// tokio::time::sleep(Duration::from_millis(1)).await;
/// assert_eq!(root.count_children().await?.active, 1);
/// assert!(root.stop().await.is_clean());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Supervisor {
    id: Arc<str>,
    address: Arc<Address>,
    owner: Option<Arc<Owner>>,
}

/// Stops a tree when nobody owns it any more.
struct Owner(Arc<Node>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.post(Message::Stop);
    }
}

impl Supervisor {
    /// Begins the specification of a supervisor. Ids are 1 to 255 bytes without `/` or control
    /// characters, and do not start with `#`.
    pub fn builder(id: impl Into<Arc<str>>) -> Builder {
        Builder::new(id.into())
    }

    pub(crate) fn at(id: &Arc<str>, address: &Arc<Address>) -> Self {
        Self {
            id: Arc::clone(id),
            address: Arc::clone(address),
            owner: None,
        }
    }

    pub(crate) fn of(node: &Arc<Node>) -> Self {
        Self::at(&node.spec.id, &node.spec.address)
    }

    pub(crate) fn owner(spec: &SupervisorSpec, node: Arc<Node>) -> Self {
        Self {
            owner: Some(Arc::new(Owner(node))),
            ..Self::at(&spec.id, &spec.address)
        }
    }

    /// The same without owning the tree.
    pub(crate) fn unowned(&self) -> Self {
        Self::at(&self.id, &self.address)
    }

    /// Waits until all children of a root are started, or it has failed.
    pub(crate) async fn started(&self) -> Result<(), StartError> {
        let Some(owner) = &self.owner else {
            return Ok(());
        };
        let mut phase = owner.0.phase();
        match phase
            .wait_for(|phase| !matches!(phase, Phase::Starting))
            .await
            .as_deref()
        {
            Ok(Phase::Ended(Ended::StartFailed(error))) => Err(error.clone()),
            // One that ended otherwise was up before, or is being stopped: `ended` tells.
            _ => Ok(()),
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether it runs (be it only starting or stopping).
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.address.node().is_some()
    }

    /// Whether it runs, or is going to without anybody's call: it was not started yet, or a supervisor above will restart
    /// it. False once nothing will bring it back: it was terminated, gave up with nobody above it, or the tree is on its
    /// way out.
    ///
    /// While a supervisor above is in the middle of something, the answer is yes: it may restart this one.
    #[must_use]
    pub fn is_expected(&self) -> bool {
        self.address.is_expected()
    }

    /// The runtime on which it runs; `None` while it does not.
    #[must_use]
    pub fn runtime(&self) -> Option<Handle> {
        Some(self.node()?.tree.runtime.clone())
    }

    /// The bus on which the whole tree reports what happens; `None` while the supervisor is not running.
    #[must_use]
    pub fn events(&self) -> Option<Events> {
        Some(self.node()?.tree.events.clone())
    }

    /// Adds a child as the last one and starts it. `None`: its first phase said that no process is needed.
    ///
    /// # Errors
    ///
    /// If there is a child with this id, the specification is invalid here, the child fails to start (then it is
    /// not kept), or the supervisor is not running.
    ///
    /// # Cancel safety
    ///
    /// The child is started even if the future is dropped after its first poll.
    pub async fn start_child(&self, child: Child) -> Result<Option<ChildRef>, StartChildError> {
        let node = self.node().ok_or(StartChildError::NotAlive)?;
        if let Err(allowed) = check_name(&child.id) {
            let error = ConfigError::new(&*node.path, "child.id", &child.id, allowed);
            return Err(error.into());
        }
        let path = format!("{}/{}", node.path, child.id);
        child.check(&node.path, |sibling| {
            node.with(|state| state.machine.find(sibling)).is_some()
        })?;
        drop(node);
        let id = child.child_id();
        self.start_new(&path, id, child.into_new_child()).await
    }

    pub(crate) async fn start_new(
        &self,
        path: &str,
        id: ChildId,
        child: NewChild<Seat>,
    ) -> Result<Option<ChildRef>, StartChildError> {
        match self.ask(Call::Start(id, child), Wants::Reply).await {
            Ok(Answer::Started(child)) => Ok(Some(child)),
            Ok(Answer::Failed(error)) => Err(error.into()),
            Ok(Answer::Reply(Reply::Ignored)) => Ok(None),
            Ok(Answer::Reply(Reply::Invalid)) => Err(not_significant(path).into()),
            Ok(Answer::Reply(Reply::AlreadyStarted)) => Err(StartChildError::AlreadyStarted),
            Ok(Answer::Reply(Reply::AlreadyPresent)) => Err(StartChildError::AlreadyPresent),
            Ok(Answer::Reply(Reply::MaxChildren)) => Err(StartChildError::MaxChildren),
            Ok(Answer::Reply(Reply::NotSupported)) => {
                let allowed = "an instance of its template: this supervisor is dynamic";
                Err(ConfigError::new(path, "child", "a child of its own", allowed).into())
            }
            _ => Err(StartChildError::NotAlive),
        }
    }

    /// As [`start_child`](Self::start_child) at `node`, which nobody waits for. The id was checked.
    pub(crate) fn post_child(node: &Arc<Node>, child: Child) {
        let (answer, _) = oneshot::channel();
        let wants = Wants::Reply;
        let call = Call::Start(child.child_id(), child.into_new_child());
        node.post(Message::Call(call, Caller { wants, answer }));
    }

    /// Stops a child and keeps its specification, unless it is temporary. Also cancels a restart that is
    /// about to be tried again. Fine if the child is not running.
    ///
    /// # Errors
    ///
    /// [`CallError::NotFound`], [`CallError::NotSupported`] by a dynamic supervisor, [`CallError::NotAlive`].
    ///
    /// # Cancel safety
    ///
    /// The child is stopped even if the future is dropped after its first poll.
    pub async fn terminate_child(&self, id: &str) -> Result<(), CallError> {
        self.done(Call::Terminate(name(id))).await
    }

    pub(crate) async fn terminate(&self, target: Target) -> Result<(), CallError> {
        self.done(Call::Terminate(target)).await
    }

    /// Starts a child again that was terminated, has ended, or was ignored. `None`: ignored again.
    ///
    /// # Errors
    ///
    /// If there is no such child, it runs or is being restarted, it fails to start, or the supervisor is not
    /// running.
    ///
    /// # Cancel safety
    ///
    /// The child is started even if the future is dropped after its first poll.
    pub async fn restart_child(&self, id: &str) -> Result<Option<ChildRef>, RestartChildError> {
        match self.ask(Call::Restart(name(id)), Wants::Reply).await? {
            Answer::Started(child) => Ok(Some(child)),
            Answer::Failed(error) => Err(error.into()),
            Answer::Reply(Reply::Ignored) => Ok(None),
            Answer::Reply(reply) => Err(error_of(reply).unwrap_or(CallError::NotAlive).into()),
            _ => Err(CallError::NotAlive.into()),
        }
    }

    /// Forgets a child that is not running.
    ///
    /// # Errors
    ///
    /// If there is no such child, it runs or is being restarted, or the supervisor is not running.
    ///
    /// # Cancel safety
    ///
    /// The child is deleted even if the future is dropped after its first poll.
    pub async fn delete_child(&self, id: &str) -> Result<(), CallError> {
        self.done(Call::Delete(name(id))).await
    }

    /// All children, last started first.
    ///
    /// # Errors
    ///
    /// [`CallError::NotAlive`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn which_children(&self) -> Result<Vec<ChildInfo>, CallError> {
        match self.ask(Call::Query, Wants::Children).await? {
            Answer::Children(children) => Ok(children),
            _ => Err(CallError::NotAlive),
        }
    }

    /// How many children there are.
    ///
    /// # Errors
    ///
    /// [`CallError::NotAlive`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn count_children(&self) -> Result<Counts, CallError> {
        match self.ask(Call::Query, Wants::Counts).await? {
            Answer::Counts(counts) => Ok(counts),
            _ => Err(CallError::NotAlive),
        }
    }

    /// Makes the supervisor handle nothing more until [`resume`](Self::resume): exits and calls wait in
    /// its inbox. Only an order to stop is heard. Done when everything before it is handled.
    ///
    /// # Errors
    ///
    /// [`CallError::NotAlive`].
    ///
    /// # Cancel safety
    ///
    /// The supervisor is suspended even if the future is dropped after its first poll.
    pub async fn suspend(&self) -> Result<(), CallError> {
        self.done(Call::Suspend).await
    }

    /// Lets a suspended supervisor go on.
    pub fn resume(&self) {
        if let Some(node) = self.node() {
            node.resume();
        }
    }

    /// The supervisor at `path` below this one (ids joined by `/`), if it runs.
    #[must_use]
    pub fn supervisor(&self, path: &str) -> Option<Self> {
        Some(Self::of(&self.descend(path)?))
    }

    /// The running incarnation of the child at `path` below this supervisor (ids joined by `/`), if there is one.
    #[must_use]
    pub fn child(&self, path: &str) -> Option<ChildRef> {
        let (node, id) = match path.rsplit_once('/') {
            Some((above, id)) => (self.descend(above)?, id),
            None => (self.node()?, path),
        };
        let (key, incarnation, id) = node.with(|state| {
            let children = state.machine.children();
            let key = match id.strip_prefix('#').and_then(|number| number.parse().ok()) {
                Some(number) => {
                    let number = ChildId::Number(number);
                    children
                        .iter()
                        .find(|(_, entry)| entry.id == number)
                        .map(|(key, _)| key)
                }
                None => state.machine.find(id),
            };
            let entry = children.get(key?).filter(|entry| entry.is_alive())?;
            Some((key?, entry.incarnation, entry.id.clone()))
        })?;
        Some(ChildRef {
            place: Place {
                node,
                key,
                incarnation,
            },
            id,
        })
    }

    fn descend(&self, path: &str) -> Option<Arc<Node>> {
        path.split('/').try_fold(self.node()?, |node, id| {
            node.with(|state| {
                let key = state.machine.find(id)?;
                match &state.machine.payload_mut(key)?.live {
                    Some(Live::Supervisor(below)) => Some(Arc::clone(below)),
                    _ => None,
                }
            })
        })
    }

    /// The tree below this supervisor as it is now. Never waits; `None` if it is not running.
    #[must_use]
    pub fn snapshot(&self) -> Option<TreeSnapshot> {
        let node = self.node()?;
        Some(TreeSnapshot::of(&node))
    }

    /// Stops the tree in order and waits for its end, as long as the shutdown times of its children
    /// allow. Of a nested supervisor: its parent then decides, and restarts it if it is permanent.
    ///
    /// When it returns, all children are gone: their futures were dropped, with everything those owned. Their closures were
    /// not: what they captured belongs to the specifications, which go with the last handle that owns the tree, and with the
    /// tasks that brought its end about. Those the runtime drops a moment later: microseconds, or some milliseconds on a
    /// busy machine. Whoever has to know that a captured value is gone (a file that is locked, say) has to have that value
    /// tell: by a channel that it closes when it is dropped.
    ///
    /// # Cancel safety
    ///
    /// The tree is stopped even if the future is dropped after its first poll.
    pub async fn stop(&self) -> ShutdownReport {
        let Some(node) = self.node() else {
            return ShutdownReport::default();
        };
        let stop = node.begin_stop();
        node.wait_ended().await;
        stop.report()
    }

    /// Stops the tree in order, but kills what is left of it after `deadline`. The report says who
    /// needed how long, who was killed, and who still runs because it never yields.
    ///
    /// # Cancel safety
    ///
    /// The tree is stopped even if the future is dropped after its first poll, but then without the
    /// deadline.
    pub async fn shutdown(&self, deadline: Duration) -> ShutdownReport {
        let Some(node) = self.node() else {
            return ShutdownReport::default();
        };
        let stop = node.begin_stop();
        if !node.ends_within(deadline).await {
            node.kill(Exit::Killed);
            // An abort takes effect at the next await of the child; who has none by then is reported.
            node.ends_within(DROP_GRACE).await;
        }
        stop.report()
    }

    /// Waits for the end of the supervisor that runs now; if none runs, tells how the last one ended. Observers of its
    /// events may hear the last of them a moment later.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn ended(&self) -> Ended {
        match &self.owner {
            Some(owner) => owner.0.wait_ended().await,
            None => self.address.ended().await,
        }
    }

    /// Whether `node` is the incarnation that runs now.
    pub(crate) fn is_at(&self, node: &Arc<Node>) -> bool {
        self.node()
            .is_some_and(|current| Arc::ptr_eq(&current, node))
    }

    pub(crate) fn node(&self) -> Option<Arc<Node>> {
        self.address.node()
    }

    async fn done(&self, call: Call<Seat>) -> Result<(), CallError> {
        match self.ask(call, Wants::Reply).await? {
            Answer::Reply(reply) => error_of(reply).map_or(Ok(()), Err),
            _ => Ok(()),
        }
    }

    async fn ask(&self, call: Call<Seat>, wants: Wants) -> Result<Answer, CallError> {
        let node = self.node().ok_or(CallError::NotAlive)?;
        let (answer, answered) = oneshot::channel();
        node.post(Message::Call(call, Caller { wants, answer }));
        drop(node);
        answered.await.map_err(|_| CallError::NotAlive)
    }
}

fn name(id: &str) -> Target {
    Target::Id(ChildId::Name(id.into()))
}

fn error_of(reply: Reply) -> Option<CallError> {
    match reply {
        Reply::NotFound => Some(CallError::NotFound),
        Reply::Running => Some(CallError::Running),
        Reply::Restarting => Some(CallError::Restarting),
        Reply::NotSupported => Some(CallError::NotSupported),
        _ => None,
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervisor")
            .field("id", &self.id)
            .field("alive", &self.is_alive())
            .finish_non_exhaustive()
    }
}
