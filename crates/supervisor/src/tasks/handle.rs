//! The handle of a task.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context as Waking, Poll, ready};
use std::time::Duration;

use super::error::TaskError;
use super::outcome::Outcome;
use crate::config::Shutdown;
use crate::exit::ExitReason;
use crate::monitor::ChildRef;
use crate::node::Place;

/// A task under a [`TaskSupervisor`](crate::TaskSupervisor), and its result to come. Await it for the result.
///
/// The result is kept until it is asked for, and can be had once: whoever asks again is told
/// [`TaskError::Taken`]. By the time it is there, everything of the task is gone, its sub-tasks included. It can
/// be awaited in any runtime, and when the task's own is gone.
///
/// A value is the result only of a task that ended as it should. If what the task leaves behind panics while it is
/// dropped, that is a crash, as the events say, and the value is dropped.
///
/// Dropping the handle leaves the task running, as with tokio's; its result is dropped then. See
/// [`kill_on_drop`](Self::kill_on_drop) for the other choice.
///
/// # Cancel safety
///
/// `(&mut task).await` is cancel safe: the result stays until it has been returned. So `tokio::time::timeout(limit,
/// &mut task)` waits for a while (Elixir's `Task.yield`).
///
/// ```
/// use std::time::Duration;
/// use seaworthy_supervisor::{Shutdown, TaskSupervisor};
/// use tokio::time::timeout;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tasks = TaskSupervisor::builder("tasks").start().await?;
/// let mut slow = tasks
///     .spawn_nolink(|_cx| async { tokio::time::sleep(Duration::from_secs(60)).await })
///     .await?;
/// assert!(timeout(Duration::from_secs(1), &mut slow).await.is_err(), "not done yet");
/// // A last chance, then the end.
/// assert!(slow.shutdown(Shutdown::Timeout(Duration::from_secs(1))).await.is_none());
/// # Ok(())
/// # }
/// ```
#[must_use = "a task whose handle is dropped runs on, and its result is lost"]
pub struct Task<T> {
    child: ChildRef,
    link: Option<Place>,
    pub(super) outcome: Outcome<T>,
    /// We told it to end.
    told: bool,
    kill_on_drop: bool,
}

impl<T> Task<T> {
    pub(super) fn new(child: ChildRef, link: Option<Place>, outcome: Outcome<T>) -> Self {
        Self {
            child,
            link,
            outcome,
            told: false,
            kill_on_drop: false,
        }
    }

    /// The task as a child of its supervisor: its path, a monitor, and a kill that counts as a crash.
    #[must_use]
    pub fn child(&self) -> &ChildRef {
        &self.child
    }

    /// Whether the task has ended, well or not. Its result may have been taken or not.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        !self.child.is_alive()
    }

    /// The task is killed when this handle is dropped before the end of the task, as
    /// [`shutdown`](Self::shutdown) with [`Shutdown::BrutalKill`] does it.
    pub fn kill_on_drop(mut self) -> Self {
        self.kill_on_drop = true;
        self
    }

    /// Tells the task to end, waits until it is gone, and returns its result if it came in time. `None`: it ended
    /// because it was told to. A result that says how it ended before is returned as well.
    ///
    /// With [`Shutdown::Timeout`] the task ends as a child does that its supervisor asks: at its next await if it
    /// does not listen, within this time if it does, and then it is killed. With [`Shutdown::Infinity`] it has the
    /// time it takes, with [`Shutdown::BrutalKill`] none. Its supervisor goes on meanwhile. That is no crash, and
    /// whoever the task was [linked](crate::TaskSupervisor::spawn) to is not told: the link is taken away first.
    ///
    /// A task that does not come to an await cannot be ended, and is waited for, unless its supervisor
    /// [gives it up](crate::TaskSupervisorBuilder::on_zombie).
    ///
    /// # Cancel safety
    ///
    /// Once polled, the task ends as it was told even if the future is dropped. The handle keeps the result.
    pub async fn shutdown(&mut self, how: Shutdown) -> Option<Result<T, TaskError>> {
        if !self.outcome.has_ended() {
            self.told |= self.end(how);
            poll_fn(|waker| self.outcome.poll_ended(waker)).await;
        }
        match self.outcome.take() {
            Err(TaskError::Exited(ExitReason::Shutdown(None) | ExitReason::Killed))
                if self.told =>
            {
                None
            }
            result => Some(result),
        }
    }

    /// Tells the task to end; false if it has, or is about to for another reason.
    pub(super) fn end(&mut self, how: Shutdown) -> bool {
        let Place {
            node,
            key,
            incarnation,
        } = &self.child.place;
        if let Some(link) = self.link.take() {
            self.child.place.unlink(&link);
        }
        let at_once = how == Shutdown::BrutalKill;
        let ends = node.end_child(*key, *incarnation, at_once);
        if let Shutdown::Timeout(limit) = how
            && ends
        {
            kill_after(limit, &self.child);
        }
        ends
    }
}

/// Kills the task when its time is up, whoever still waits for it.
fn kill_after(limit: Duration, child: &ChildRef) {
    let (gone, place) = (child.monitor(), child.place.clone());
    child.place.node.tree.runtime.spawn(async move {
        if tokio::time::timeout(limit, gone).await.is_err() {
            place.node.end_child(place.key, place.incarnation, true);
        }
    });
}

impl<T> Future for Task<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, waker: &mut Waking<'_>) -> Poll<Self::Output> {
        ready!(self.outcome.poll_ended(waker));
        Poll::Ready(self.outcome.take())
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if self.kill_on_drop && !self.outcome.is_known() {
            self.end(Shutdown::BrutalKill);
        }
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("child", &self.child)
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}
