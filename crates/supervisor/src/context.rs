//! What a child can ask of its supervisor.

mod subtask;

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Waking, Poll};

use pin_project::pin_project;
use seaworthy_core::panic;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::id::ChildId;
use crate::link::Exits;
use crate::monitor::ChildRef;
use crate::node::Place;
use crate::supervisor::Supervisor;
pub(crate) use subtask::Hold;
use subtask::SubTask;

/// The side of a supervisor that a child sees: who it is, when it is to stop, and tasks of its own.
///
/// A cheap handle; clones are the same incarnation. One that outlives its incarnation is harmless: it says that
/// the child is shutting down, and starts nothing.
#[derive(Clone)]
pub struct Context {
    place: Place,
}

impl Context {
    pub(crate) fn new(place: Place) -> Self {
        Self { place }
    }

    /// Keeps the incarnation from being over; `None` if it is already.
    pub(crate) fn hold(&self) -> Option<Hold> {
        self.place.hold()
    }

    pub(crate) fn runtime(&self) -> &tokio::runtime::Handle {
        &self.place.node.tree.runtime
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The ids from the root to this child, joined by `/`. Of a child that is forgotten, those to its supervisor.
    #[must_use]
    pub fn path(&self) -> Arc<str> {
        self.place.path()
    }

    /// Which incarnation this is. A later one at the same path has a higher number, also after its supervisor was
    /// restarted, so the number can serve as a fencing token within this process.
    #[must_use]
    pub fn incarnation(&self) -> u64 {
        self.place.incarnation
    }

    /// Resolves when the supervisor asks this child to stop.
    ///
    /// Calling this is what OTP calls trapping exits: from now on the child is told, and has its
    /// [shutdown time](crate::Child::shutdown) to end by itself. A child that never calls it is dropped at its next
    /// await instead. With [`BrutalKill`](crate::Shutdown::BrutalKill) it is dropped in any case.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. It may be awaited any number of times, and resolves at once when the order was given.
    #[must_use = "taking it means to listen: await it"]
    pub fn shutdown(&self) -> ShutdownSignal {
        ShutdownSignal {
            inner: self.place.trap().cancelled_owned(),
        }
    }

    /// Whether the supervisor has asked this child to stop, or it has ended already. Does not trap exits.
    #[must_use]
    pub fn is_shutting_down(&self) -> bool {
        self.place.is_ending()
    }

    /// Says that the first phase is over, for a child that [waits for that](crate::Child::wait_ready). Any
    /// further call, and one by another child, does nothing.
    pub fn ready(&self) {
        self.place
            .node
            .ready(self.place.key, self.place.incarnation);
    }

    /// Links this incarnation with another process: when one of the two ends, the other gets an exit signal with
    /// the reason, and ends with the same one. [`ExitReason::Normal`](crate::ExitReason::Normal) ends nobody, and one
    /// that [traps exits](Self::trap_exits) reads the signal instead.
    ///
    /// If the other has ended already, the signal comes at once, with
    /// [`NoProcess`](crate::ExitReason::NoProcess). Linking twice is linking once. As in OTP, a supervisor on
    /// the other side ignores signals along links, but its own end is signalled.
    ///
    /// ```
    /// use seaworthy_supervisor::{Child, Context, Exit, Restart, Supervisor};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let root = Supervisor::builder("app")
    ///     .child(Child::task("bomb", |_cx: Context| async { std::future::pending().await }).restart(Restart::Temporary))
    ///     .child(Child::task("witness", |cx: Context| async move {
    ///         let mut exits = cx.trap_exits();
    ///         let bomb = cx.supervisor().child("bomb").ok_or("there is no bomb")?;
    ///         cx.link(&bomb);
    ///         bomb.exit("boom".into());
    ///         while let Some(exit) = exits.recv().await {
    ///             println!("{exit}");
    ///             if let Exit::Shutdown = exit {
    ///                 break;
    ///             }
    ///         }
    ///         Ok(())
    ///     }))
    ///     .start()
    ///     .await?;
    /// # root.stop().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn link(&self, other: &ChildRef) {
        self.place.link(&other.place);
    }

    /// Takes a link away, whoever made it. No signal of the other comes after this.
    pub fn unlink(&self, other: &ChildRef) {
        self.place.unlink(&other.place);
    }

    /// Makes this incarnation read the exit signals that come along its links and from
    /// [`ChildRef::exit`](crate::ChildRef::exit), instead of dying of them. It then also reads the order of its
    /// supervisor, and has its [shutdown time](crate::Child::shutdown), as with [`shutdown`](Self::shutdown).
    /// A kill cannot be trapped.
    ///
    /// Of several calls each gives a reader of the same signals, and each signal is read once.
    pub fn trap_exits(&self) -> Exits {
        self.place.trap_exits()
    }

    /// This incarnation, as others see it. Of a child that is forgotten, the id is `#0`.
    #[must_use]
    pub fn me(&self) -> ChildRef {
        let Place { node, key, .. } = &self.place;
        let id = node.with(|state| Some(state.machine.children().get(*key)?.id.clone()));
        ChildRef {
            place: self.place.clone(),
            id: id.unwrap_or(ChildId::Number(0)),
        }
    }

    /// Has pictures and snapshots of the tree show this child as `name`, next to its id: for an instance under a
    /// [`DynamicSupervisor`](crate::DynamicSupervisor), which is only a number otherwise. Paths stay as they are, and
    /// later incarnations keep it.
    ///
    /// Whoever sees the tree sees the name: give none that is a secret.
    pub fn show_as(&self, name: impl Into<Arc<str>>) {
        let name = name.into();
        let unused = self.place.node.with(|state| {
            match state.current(self.place.key, self.place.incarnation) {
                Some(seat) => seat.extra().shown_as.replace(name),
                None => Some(name),
            }
        });
        drop(unused);
    }

    /// Says that this incarnation lives, to a supervisor that [listens for it](crate::Child::heartbeat). Takes a lock for
    /// a moment; does nothing if nobody listens.
    pub fn heartbeat(&self) {
        self.place.node.beat(self.place.key, self.place.incarnation);
    }

    /// Leaves `value` to the next incarnation of this child, in place of what was left before.
    ///
    /// It is handed over if this one ends normally, by shutdown or with an error. After a panic, a kill or a missed
    /// deadline it is dropped: whoever did not end by its own decision may leave something broken. A value that
    /// nobody takes is kept until such an end, or until the child is forgotten.
    ///
    /// ```
    /// use seaworthy_supervisor::{Child, Context};
    ///
    /// let importer = Child::task("importer", |cx: Context| async move {
    ///     let mut line: u64 = cx.take_over().unwrap_or_default();
    ///     loop {
    ///         line += 1;
    ///         cx.hand_over(line);
    ///         if line == 1000 {
    ///             return Err("connection lost".into()); // the next one goes on here
    ///         }
    ///         tokio::task::yield_now().await;
    ///     }
    /// });
    /// # let _ = importer;
    /// ```
    pub fn hand_over<T: Any + Send>(&self, value: T) {
        let mut left: Option<Box<dyn Any + Send>> = Some(Box::new(value));
        self.place.node.with(|state| {
            let seat = state.current(self.place.key, self.place.incarnation);
            if let Some(seat) = seat {
                std::mem::swap(&mut seat.extra().legacy, &mut left);
            }
        });
        panic::drop_quietly(left);
    }

    /// Takes what an earlier incarnation [left](Self::hand_over); `None` if there is nothing of this type.
    #[must_use]
    pub fn take_over<T: Any + Send>(&self) -> Option<T> {
        let legacy = self.place.node.with(|state| {
            let seat = state.current(self.place.key, self.place.incarnation)?;
            let legacy = &mut seat.extra.as_mut()?.legacy;
            legacy.take_if(|legacy| legacy.is::<T>())
        })?;
        Some(*legacy.downcast().ok()?)
    }

    /// The supervisor of this child. The handle does not own it.
    #[must_use]
    pub fn supervisor(&self) -> Supervisor {
        Supervisor::of(&self.place.node)
    }

    /// Spawns a task that belongs to this incarnation.
    ///
    /// It ends when the child ends, and the next incarnation does not begin before it is gone. A
    /// panic in it is a crash of the child, as if the child had panicked itself; it also reaches whoever
    /// awaits the handle. Dropping the handle leaves the task running.
    ///
    /// After the child has ended the task is never polled, and the handle says that it was cancelled.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        SubTask::spawn(&self.place, future)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("path", &self.path())
            .field("incarnation", &self.incarnation())
            .finish_non_exhaustive()
    }
}

/// The future of [`Context::shutdown`].
#[derive(Debug)]
#[pin_project]
#[must_use = "futures do nothing unless awaited"]
pub struct ShutdownSignal {
    #[pin]
    inner: WaitForCancellationFutureOwned,
}

impl Future for ShutdownSignal {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Waking<'_>) -> Poll<()> {
        self.project().inner.poll(cx)
    }
}

impl Place {
    pub(crate) fn path(&self) -> Arc<str> {
        self.node
            .with(|state| match state.machine.children().get(self.key) {
                Some(entry) => self.node.child_path(&entry.id),
                None => Arc::clone(&self.node.path),
            })
    }

    /// The token that is cancelled when the child is to stop; it is so already if that was said.
    pub(crate) fn trap(&self) -> CancellationToken {
        self.node
            .with(|state| match state.current(self.key, self.incarnation) {
                Some(seat) if !seat.is_asked() => seat
                    .extra()
                    .trap
                    .get_or_insert_with(CancellationToken::new)
                    .clone(),
                _ => {
                    let token = CancellationToken::new();
                    token.cancel();
                    token
                }
            })
    }

    fn is_ending(&self) -> bool {
        self.node
            .with(|state| match state.current(self.key, self.incarnation) {
                Some(seat) => seat.is_asked(),
                None => true,
            })
    }
}
