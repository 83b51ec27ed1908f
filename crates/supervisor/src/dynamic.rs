//! Many children of one kind, started as they are needed.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::event::Events;

use crate::body::Body;
use crate::builder::SupervisorSpec;
use crate::child::{Template, new_child};
use crate::config::{AutoShutdown, Mode, Options};
use crate::error::{CallError, StartChildError, StartError};
use crate::id::ChildId;
use crate::machine::Target;
use crate::monitor::ChildRef;
use crate::supervisor::Supervisor;

/// How many children a dynamic supervisor may have unless told otherwise.
const MAX_CHILDREN: usize = 1_000_000;

/// A supervisor of many children made from one template: OTP's `simple_one_for_one`.
///
/// A cheap handle; the same rules of ownership hold as for [`Supervisor`], to which it dereferences for
/// everything but starting and terminating. Starting, stopping and restarting a child take constant time.
/// When the supervisor stops, it asks all children at once, and the shutdown time of the template runs once for all.
///
/// ```
/// use seaworthy_supervisor::{Child, Context, DynamicSupervisor, Restart};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let rooms = DynamicSupervisor::builder("rooms")
///     .template(
///         Child::template(|cx: Context, name: String| async move {
///             println!("{name} is open as {}", cx.path());
///             cx.shutdown().await;
///             Ok(())
///         })
///         .restart(Restart::Transient),
///     )
///     .start()
///     .await?;
///
/// let lounge = rooms.start_child("lounge".to_owned()).await?.expect("not ignored");
/// assert_eq!(&*lounge.path(), "rooms/#1");
/// rooms.terminate_child(&lounge).await?;
/// assert_eq!(rooms.count_children().await?.workers, 0);
/// # Ok(())
/// # }
/// ```
pub struct DynamicSupervisor<A> {
    supervisor: Supervisor,
    maker: Option<Maker<A>>,
}

/// The template, ready for use.
struct Maker<A> {
    options: Arc<Options>,
    make: Arc<dyn Fn(A) -> Arc<dyn Body> + Send + Sync>,
}

impl<A> DynamicSupervisor<A> {
    /// Begins the specification of a dynamic supervisor. It needs exactly one
    /// [template](DynamicBuilder::template).
    pub fn builder(id: impl Into<Arc<str>>) -> DynamicBuilder<A> {
        let mode = Mode::Dynamic {
            max_children: MAX_CHILDREN,
        };
        DynamicBuilder {
            spec: SupervisorSpec::new(id.into(), mode),
            maker: None,
            args: PhantomData,
        }
    }

    /// Starts a child with these arguments. `None`: its first phase said that no process is needed.
    ///
    /// # Errors
    ///
    /// If the child fails to start (then it is not kept), there is no room for it, or the supervisor is not running.
    ///
    /// # Cancel safety
    ///
    /// The child is started even if the future is dropped after its first poll.
    pub async fn start_child(&self, args: A) -> Result<Option<ChildRef>, StartChildError> {
        let maker = self.maker.as_ref().ok_or(StartChildError::NotAlive)?;
        let child = new_child(Arc::clone(&maker.options), (maker.make)(args));
        // The supervisor numbers the child itself.
        self.supervisor
            .start_new(self.supervisor.id(), ChildId::Number(0), child)
            .await
    }

    /// Stops a child, or cancels its restart, and forgets it. Fine if this incarnation of it is gone
    /// already; a later one is not touched.
    ///
    /// # Errors
    ///
    /// [`CallError::NotFound`] for a living child of another supervisor, [`CallError::NotAlive`].
    ///
    /// # Cancel safety
    ///
    /// The child is stopped even if the future is dropped after its first poll.
    pub async fn terminate_child(&self, child: &ChildRef) -> Result<(), CallError> {
        let ours = self.supervisor.is_at(&child.place.node);
        if !ours && child.is_alive() {
            return Err(CallError::NotFound);
        }
        if !ours {
            // It died with an earlier incarnation of this supervisor, or elsewhere.
            return if self.supervisor.is_alive() {
                Ok(())
            } else {
                Err(CallError::NotAlive)
            };
        }
        let (key, incarnation) = (child.place.key, child.place.incarnation);
        self.supervisor
            .terminate(Target::Process { key, incarnation })
            .await
    }
}

impl<A> std::ops::Deref for DynamicSupervisor<A> {
    type Target = Supervisor;

    fn deref(&self) -> &Supervisor {
        &self.supervisor
    }
}

impl<A> Clone for DynamicSupervisor<A> {
    fn clone(&self) -> Self {
        Self {
            supervisor: self.supervisor.clone(),
            maker: self.maker.clone(),
        }
    }
}

impl<A> Clone for Maker<A> {
    fn clone(&self) -> Self {
        Self {
            options: Arc::clone(&self.options),
            make: Arc::clone(&self.make),
        }
    }
}

impl<A> fmt::Debug for DynamicSupervisor<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DynamicSupervisor")
            .field(&self.supervisor)
            .finish()
    }
}

/// Says what a dynamic supervisor is like; made by [`DynamicSupervisor::builder`].
#[must_use = "a supervisor has to be started, or given to another one as a child"]
pub struct DynamicBuilder<A> {
    spec: SupervisorSpec,
    maker: Option<Maker<A>>,
    args: PhantomData<fn(A)>,
}

impl<A> DynamicBuilder<A> {
    /// What its children are made of. Exactly one is needed; `start` refuses none and a second one.
    pub fn template(mut self, template: Template<A>) -> Self {
        let Template { options, make } = template;
        self.spec.templates = (self.spec.templates.0 + 1, Some(options.clone()));
        self.maker = Some(Maker {
            options: Arc::new(options),
            make,
        });
        self
    }

    /// How many children it may have, those being restarted included. Default: a million.
    pub fn max_children(mut self, max_children: usize) -> Self {
        self.spec.flags.mode = Mode::Dynamic { max_children };
        self
    }

    /// As [`Builder::intensity`](crate::Builder::intensity): counted over all its children.
    pub fn intensity(mut self, max_restarts: u32, period: Duration) -> Self {
        self.spec.flags.max_restarts = max_restarts;
        self.spec.flags.period = period;
        self
    }

    /// As [`Builder::auto_shutdown`](crate::Builder::auto_shutdown).
    pub fn auto_shutdown(mut self, auto_shutdown: AutoShutdown) -> Self {
        self.spec.flags.auto_shutdown = auto_shutdown;
        self
    }

    /// As [`Builder::events`](crate::Builder::events).
    pub fn events(mut self, events: &Events) -> Self {
        self.spec.events = Some(events.clone());
        self
    }

    /// A handle that can be had before the supervisor is started, and that stays valid when it is restarted by
    /// its parent. Take it after the [template](Self::template) was given: without one it can start nothing.
    #[must_use]
    pub fn handle(&self) -> DynamicSupervisor<A> {
        let supervisor = Supervisor::at(&self.spec.id, &self.spec.address);
        DynamicSupervisor {
            supervisor,
            maker: self.maker.clone(),
        }
    }

    /// Starts the supervisor as the root of a tree, as [`Builder::start`](crate::Builder::start) does.
    ///
    /// # Errors
    ///
    /// If it is specified wrongly.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the supervisor is stopped.
    pub async fn start(self) -> Result<DynamicSupervisor<A>, StartError> {
        let supervisor = self.spec.start().await?;
        Ok(DynamicSupervisor {
            supervisor,
            maker: self.maker,
        })
    }
}

impl<A> From<DynamicBuilder<A>> for SupervisorSpec {
    fn from(builder: DynamicBuilder<A>) -> Self {
        builder.spec
    }
}

impl<A> fmt::Debug for DynamicBuilder<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicBuilder")
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}
