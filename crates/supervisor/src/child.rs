//! The specification of a child.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::backoff::Backoff;
use seaworthy_core::{BoxError, ConfigError};

use crate::body::{Body, Closure, Instance, Make, Worker};
use crate::builder::SupervisorSpec;
use crate::config::{OnZombie, Options, Pause, Quarantine, Restart, Shutdown};
use crate::context::Context;
use crate::exit::ChildResult;
use crate::id::ChildId;
use crate::init::{Ignored, Init};
use crate::machine::NewChild;
use crate::node::Seat;

/// How to start a child, when to restart it, and how to stop it.
///
/// The closure of a child is called once for each incarnation and makes everything that the incarnation owns:
/// nothing of an old one is left when the next begins. Share what is to survive (a queue, a counter) by capturing it.
///
/// A child is a task on the runtime: it must not block its thread, since nothing can stop a task that does not
/// reach an await. For work that does there are [threads](Self::blocking), and for code that must be possible to kill
/// operating-system processes (`Child::process`, on Unix).
///
/// ```
/// use seaworthy_supervisor::{Child, Context, Init, Restart};
///
/// // Ready at once.
/// let ticker = Child::task("ticker", |cx: Context| async move {
///     let mut ticks = tokio::time::interval(std::time::Duration::from_secs(1));
///     loop {
///         tokio::select! {
///             _ = ticks.tick() => println!("tick"),
///             () = cx.shutdown() => return Ok(()),
///         }
///     }
/// });
///
/// // Ready when its first phase is done: children after it are started only then.
/// let store = Child::init("store", |_cx| async {
///     let file = tokio::task::spawn_blocking(|| std::fs::read("store.bin")).await??;
///     Ok(Init::Run(async move {
///         println!("{} bytes", file.len());
///         Ok(())
///     }))
/// })
/// .restart(Restart::Transient);
/// # let _ = (ticker, store);
/// ```
#[must_use = "a child is started by giving it to a supervisor"]
pub struct Child {
    pub(crate) id: Arc<str>,
    pub(crate) options: Options,
    pub(crate) body: Arc<dyn Body>,
}

impl Child {
    /// A child that is ready as soon as it is spawned.
    pub fn task<F, Fut>(id: impl Into<Arc<str>>, start: F) -> Self
    where
        F: Fn(Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ChildResult> + Send + 'static,
    {
        Self::worker(id, Options::worker(false), Closure(start))
    }

    /// A child with two phases. While the first runs, its supervisor waits, and the children after it are not
    /// started. If it fails, panics or takes longer than [`start_timeout`](Self::start_timeout), the child has failed
    /// to start; if it says [`Init::Ignore`], there is no process and that is fine.
    pub fn init<F, Fut, Run>(id: impl Into<Arc<str>>, start: F) -> Self
    where
        F: Fn(Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Init<Run>, BoxError>> + Send + 'static,
        Run: Future<Output = ChildResult> + Send + 'static,
    {
        let both = move |cx: Context| two_phases(cx.clone(), start(cx));
        Self::worker(id, Options::worker(true), Closure(both))
    }

    /// A nested supervisor. Its id is its child id; it is waited for as long as its own children
    /// need to stop.
    pub fn supervisor(supervisor: impl Into<SupervisorSpec>) -> Self {
        let spec = supervisor.into();
        Self {
            id: Arc::clone(&spec.id),
            options: Options::supervisor(),
            body: Arc::new(spec),
        }
    }

    /// What the instances of a [`DynamicSupervisor`](crate::DynamicSupervisor) are made of: the closure is called for
    /// each incarnation of each instance with the arguments of that instance.
    pub fn template<A, F, Fut>(start: F) -> Template<A>
    where
        F: Fn(Context, A) -> Fut + Send + Sync + 'static,
        A: Clone + Send + Sync + 'static,
        Fut: Future<Output = ChildResult> + Send + 'static,
    {
        let closure = Arc::new(start);
        Template::new(Options::worker(false), move |args| {
            let closure = Arc::clone(&closure);
            Arc::new(Worker {
                make: Instance { closure, args },
            })
        })
    }

    /// A [template](Self::template) whose instances have two phases, as with [`init`](Self::init).
    pub fn template_init<A, F, Fut, Run>(start: F) -> Template<A>
    where
        F: Fn(Context, A) -> Fut + Send + Sync + 'static,
        A: Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Init<Run>, BoxError>> + Send + 'static,
        Run: Future<Output = ChildResult> + Send + 'static,
    {
        let mut template =
            Self::template(move |cx: Context, args| two_phases(cx.clone(), start(cx, args)));
        template.options.handshake = true;
        template
    }

    fn worker<M: Make>(id: impl Into<Arc<str>>, options: Options, make: M) -> Self {
        Self {
            id: id.into(),
            options,
            body: Arc::new(Worker { make }),
        }
    }

    /// When it is restarted. Default: [`Restart::Permanent`].
    pub fn restart(mut self, restart: Restart) -> Self {
        self.options.restart = restart;
        self
    }

    /// How it is stopped. Default: 5 seconds for a worker that listens, as long as it takes for a supervisor.
    pub fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.options.shutdown = shutdown;
        self
    }

    /// Whether its end may end its supervisor, as [`AutoShutdown`](crate::AutoShutdown) says. A permanent child cannot
    /// be significant. Default: false.
    pub fn significant(mut self, significant: bool) -> Self {
        self.options.significant = significant;
        self
    }

    /// How long a child that is not ready at once may take until it is; `None`: as long as it likes,
    /// with its supervisor waiting. Default: 30 seconds. (OTP's is no limit.) A nested supervisor takes
    /// as long as its children; this does not limit it.
    pub fn start_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.options.start_timeout = limit.into();
        self
    }

    /// The child counts as started when it calls [`Context::ready`], not at once: another way to
    /// write a first phase, for a body that cannot be cut in two.
    pub fn wait_ready(mut self) -> Self {
        self.options.handshake = true;
        self
    }

    /// Waits before each restart: longer each time, as `backoff` says, and beginning anew after a life of at least
    /// `healthy_after`. The restart counts when it is due. Default: no wait, as in OTP.
    ///
    /// Meanwhile the supervisor goes on with its other children; those that are restarted together with this one are
    /// stopped at once and wait with it.
    pub fn backoff(mut self, backoff: Backoff, healthy_after: Duration) -> Self {
        self.options.backoff = Some(Pause {
            backoff,
            healthy_after,
        });
        self
    }

    /// From when it is ready on, it has to call [`Context::heartbeat`] at least every `limit`; when it does not, it is
    /// killed, which is a crash with [`ExitReason::HeartbeatTimeout`](crate::ExitReason::HeartbeatTimeout). From 1 ms to a
    /// year. Default: no heartbeat.
    ///
    /// A child that blocks all threads of the runtime is noticed only if there is a
    /// [watchdog](crate::Builder::watchdog) thread.
    pub fn heartbeat(mut self, limit: Duration) -> Self {
        self.options.heartbeat = Some(limit);
        self
    }

    /// Gives it up when it fails the same way for the `times`-th time within `within`: it is not restarted, its
    /// supervisor and siblings go on without it, and
    /// [`SupervisorEvent::ChildQuarantined`](crate::SupervisorEvent::ChildQuarantined) says so. The same way: a panic at
    /// the same place, or an error with the same text but for its numbers. From 2 to 1000 times, from 1 ms to a year.
    /// Default: never.
    ///
    /// For this to come first, the intensity of the supervisor must allow that many restarts in that time.
    pub fn quarantine(mut self, times: u32, within: Duration) -> Self {
        self.options.quarantine = Some(Quarantine { times, within });
        self
    }

    /// What to do if it does not end when it has to. Default: [`OnZombie::Wait`].
    pub fn on_zombie(mut self, policy: OnZombie) -> Self {
        self.options.on_zombie = policy;
        self
    }

    /// Makes its restarts wait until these siblings run: a crash because a database is away does not eat up the
    /// intensity while the database comes back. They have to come before this child: one that is deleted is waited for
    /// until it is added again, and no longer, since it then comes after it.
    ///
    /// Starts that are asked for (with the supervisor, or by a call) do not wait: order is what they go by. Under
    /// one-for-all all are restarted together, so nothing is waited for.
    pub fn depends_on(mut self, siblings: impl IntoIterator<Item = impl Into<Arc<str>>>) -> Self {
        let siblings: Vec<Arc<str>> = siblings.into_iter().map(Into::into).collect();
        self.options.needs = (!siblings.is_empty()).then(|| siblings.into());
        self
    }

    /// Checks it as a child of the supervisor at `path`; `exists` knows the siblings before it.
    pub(crate) fn check(
        &self,
        path: &str,
        exists: impl Fn(&Arc<str>) -> bool,
    ) -> Result<(), ConfigError> {
        let path = format!("{path}/{}", self.id);
        self.options.check(&path)?;
        let needs = self.options.needs.iter().flat_map(|needs| needs.iter());
        match needs.into_iter().find(|sibling| !exists(sibling)) {
            Some(sibling) => Err(ConfigError::new(
                path,
                "depends_on",
                sibling,
                "a sibling that comes before it",
            )),
            None => Ok(()),
        }
    }

    pub(crate) fn child_id(&self) -> ChildId {
        ChildId::Name(Arc::clone(&self.id))
    }

    /// What the supervisor keeps of it, time and again.
    pub(crate) fn new_child(&self) -> NewChild<Seat> {
        new_child(Arc::new(self.options.clone()), Arc::clone(&self.body))
    }

    /// What the supervisor keeps of it, once: nothing of it is left with the caller.
    pub(crate) fn into_new_child(self) -> NewChild<Seat> {
        new_child(Arc::new(self.options), self.body)
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("id", &self.id)
            .field("options", &self.options)
            .finish()
    }
}

pub(crate) fn new_child(options: Arc<Options>, body: Arc<dyn Body>) -> NewChild<Seat> {
    NewChild {
        restart: options.restart,
        significant: options.significant,
        supervisor: options.supervisor,
        paused: options.backoff.is_some(),
        needs: options.needs.clone(),
        payload: Seat::new(options, body),
    }
}

async fn two_phases<Run>(
    cx: Context,
    init: impl Future<Output = Result<Init<Run>, BoxError>>,
) -> ChildResult
where
    Run: Future<Output = ChildResult>,
{
    match init.await? {
        Init::Run(run) => {
            cx.ready();
            drop(cx);
            run.await
        }
        Init::Ignore => Err(Ignored.into()),
    }
}

/// What the instances of a dynamic supervisor have in common. Made by [`Child::template`].
#[must_use = "a template is used by giving it to a dynamic supervisor"]
pub struct Template<A> {
    pub(crate) options: Options,
    pub(crate) make: Arc<dyn Fn(A) -> Arc<dyn Body> + Send + Sync>,
}

impl<A> Template<A> {
    fn new(options: Options, make: impl Fn(A) -> Arc<dyn Body> + Send + Sync + 'static) -> Self {
        Self {
            options,
            make: Arc::new(make),
        }
    }

    /// As [`Child::restart`].
    pub fn restart(mut self, restart: Restart) -> Self {
        self.options.restart = restart;
        self
    }

    /// As [`Child::shutdown`].
    pub fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.options.shutdown = shutdown;
        self
    }

    /// As [`Child::significant`].
    pub fn significant(mut self, significant: bool) -> Self {
        self.options.significant = significant;
        self
    }

    /// As [`Child::backoff`].
    pub fn backoff(mut self, backoff: Backoff, healthy_after: Duration) -> Self {
        self.options.backoff = Some(Pause {
            backoff,
            healthy_after,
        });
        self
    }

    /// As [`Child::heartbeat`].
    pub fn heartbeat(mut self, limit: Duration) -> Self {
        self.options.heartbeat = Some(limit);
        self
    }

    /// As [`Child::quarantine`]. An instance that is given up is forgotten.
    pub fn quarantine(mut self, times: u32, within: Duration) -> Self {
        self.options.quarantine = Some(Quarantine { times, within });
        self
    }

    /// As [`Child::on_zombie`].
    pub fn on_zombie(mut self, policy: OnZombie) -> Self {
        self.options.on_zombie = policy;
        self
    }

    /// As [`Child::start_timeout`].
    pub fn start_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.options.start_timeout = limit.into();
        self
    }
}

impl<A> fmt::Debug for Template<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
