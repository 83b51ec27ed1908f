//! One-off pieces of work with results, under a supervisor.

mod alarm;
mod builder;
mod error;
mod handle;
mod once;
mod outcome;
mod starting;
mod stream;
mod yield_many;

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use seaworthy_core::ConfigError;

use crate::body::Worker;
use crate::child::new_child;
use crate::config::Options;
use crate::context::Context;
use crate::exit::ChildResult;
use crate::id::ChildId;
use crate::monitor::ChildRef;
use crate::supervisor::Supervisor;
pub use builder::TaskSupervisorBuilder;
pub use error::{SpawnError, TaskError};
pub use handle::Task;
use once::{Forget, Once, Ties};
use starting::Starting;
pub use stream::TaskStream;
pub use yield_many::yield_many;

/// A supervisor of one-off pieces of work: Elixir's `Task.Supervisor`.
///
/// A task is a temporary child: it runs once, is never restarted, and is forgotten when it has ended. As any child it
/// appears in the tree, has a [`Context`], is told to stop when the supervisor stops, and its panic is contained,
/// reported as a crash, and known to whoever awaits its [`Task`]. What it returns is its result, whatever it is: a
/// task that returns an `Err` has ended well.
///
/// A cheap handle; the same rules of ownership hold as for [`Supervisor`], to which it dereferences for everything
/// but starting. When the supervisor stops, it asks all tasks at once, and the shutdown time runs once for all;
/// whoever awaits a task then is told how it ended.
///
/// # When not to use it
///
/// For work that belongs to one child and ends with it, [`Context::spawn`] is enough; for work whose end and
/// panics are the caller's business alone, `tokio::spawn` and `JoinSet` are. What must run again after a crash is a
/// [`Child`](crate::Child).
///
/// ```
/// use seaworthy_supervisor::{Child, Supervisor, TaskError, TaskSupervisor};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let builder = TaskSupervisor::builder("tasks").max_children(100);
/// let tasks = builder.handle();
/// let root = Supervisor::builder("app").child(Child::supervisor(builder)).start().await?;
///
/// let answer = tasks.spawn_nolink(|_cx| async { 40 + 2 }).await?;
/// assert_eq!(answer.await?, 42);
///
/// let bad = tasks.spawn_nolink(|_cx| async { assert_eq!(1 + 1, 3) }).await?;
/// let Err(TaskError::Exited(reason)) = bad.await else { unreachable!() };
/// assert_eq!(reason.kind(), "panic");
/// # root.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TaskSupervisor {
    supervisor: Supervisor,
    options: Arc<Options>,
}

impl TaskSupervisor {
    /// Begins the specification of a task supervisor.
    pub fn builder(id: impl Into<Arc<str>>) -> TaskSupervisorBuilder {
        TaskSupervisorBuilder::new(id.into())
    }

    /// Starts a task that nobody is linked to: its crash concerns only who awaits it. Elixir's `async_nolink`.
    ///
    /// ```
    /// # use seaworthy_supervisor::TaskSupervisor;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let tasks = TaskSupervisor::builder("tasks").start().await?;
    /// let text = String::from("seaworthy");
    /// let task = tasks.spawn_nolink(|_cx| async move { text.len() }).await?;
    /// assert_eq!(task.await?, 9);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If there is no room for it, or the supervisor is not running: nothing of it runs then.
    ///
    /// # Cancel safety
    ///
    /// The task is started even if the future is dropped after its first poll, and runs without a handle then.
    pub async fn spawn_nolink<F, Fut>(&self, work: F) -> Result<Task<Fut::Output>, SpawnError>
    where
        F: FnOnce(Context) -> Fut + Send + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: Send + 'static,
    {
        self.begin(Starting::new(work, None, false)).await
    }

    /// Starts a task that is [linked](Context::link) to the incarnation of `cx`: if one of the two crashes, or is
    /// told to end, the other ends as well. Elixir's `async`.
    ///
    /// The rules are those of links: a normal end concerns nobody, so the task goes on when its caller has
    /// done its work; a caller that [traps exits](Context::trap_exits) reads of the end of the task instead; when the
    /// supervisor of the task stops it, the caller ends as well. The link is there before the task runs. If the
    /// incarnation is over by then, the task ends at once with
    /// [`ExitReason::NoProcess`](crate::ExitReason::NoProcess).
    ///
    /// ```
    /// use seaworthy_supervisor::{Child, Context, Supervisor, TaskSupervisor};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let builder = TaskSupervisor::builder("tasks");
    /// let tasks = builder.handle();
    /// let report = Child::task("report", move |cx: Context| {
    ///     let tasks = tasks.clone();
    ///     async move {
    ///         let pages = tasks.spawn(&cx, |_cx| async { vec!["page 1", "page 2"] }).await?;
    ///         println!("{} pages", pages.await?.len());
    ///         cx.shutdown().await;
    ///         Ok(())
    ///     }
    /// });
    /// let root = Supervisor::builder("app").child(Child::supervisor(builder)).child(report);
    /// let root = root.start().await?;
    /// # root.stop().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If there is no room for it, or the supervisor is not running: nothing of it runs then.
    ///
    /// # Cancel safety
    ///
    /// The task is started even if the future is dropped after its first poll, and runs without a handle then.
    pub async fn spawn<F, Fut>(
        &self,
        cx: &Context,
        work: F,
    ) -> Result<Task<Fut::Output>, SpawnError>
    where
        F: FnOnce(Context) -> Fut + Send + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: Send + 'static,
    {
        self.begin(Starting::new(work, Some(cx.place()), false))
            .await
    }

    /// Starts a task without a handle for its result, which is how it ends, as with a [`Child`](crate::Child): an
    /// error is a crash, in the events. Elixir's `start_child`.
    ///
    /// # Errors
    ///
    /// If there is no room for it, or the supervisor is not running: nothing of it runs then.
    ///
    /// # Cancel safety
    ///
    /// The task is started even if the future is dropped after its first poll.
    pub async fn start_child<F, Fut>(&self, work: F) -> Result<ChildRef, SpawnError>
    where
        F: FnOnce(Context) -> Fut + Send + 'static,
        Fut: Future<Output = ChildResult> + Send + 'static,
    {
        let make = Once::new(work, Forget, Ties::default());
        let child = new_child(Arc::clone(&self.options), Arc::new(Worker { make }));
        let started = self
            .supervisor
            .start_new(self.id(), ChildId::Number(0), child)
            .await?;
        started.ok_or(SpawnError::NotAlive)
    }

    /// Runs `work` for each of `items` in a task of its own, at most `max_concurrency` at a time, and gives the
    /// results as they come. See [`TaskStream`].
    ///
    /// # Errors
    ///
    /// If `max_concurrency` is zero.
    pub fn stream<I, F, Fut>(
        &self,
        items: I,
        max_concurrency: usize,
        work: F,
    ) -> Result<TaskStream<I::IntoIter, Fut::Output>, ConfigError>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        F: Fn(Context, I::Item) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: Send + 'static,
    {
        if max_concurrency == 0 {
            let error = ConfigError::new(self.id(), "stream.max_concurrency", 0, "at least 1");
            return Err(error);
        }
        let work = Arc::new(work);
        let start = move |item: I::Item| {
            let work = Arc::clone(&work);
            Starting::new(move |cx| work(cx, item), None, true)
        };
        let tasks = self.clone();
        Ok(TaskStream::new(
            tasks,
            items.into_iter(),
            max_concurrency,
            start,
        ))
    }

    async fn begin<T>(&self, mut starting: Starting<T>) -> Result<Task<T>, SpawnError> {
        starting.ask(&self.supervisor, &self.options);
        poll_fn(|waker| starting.poll_started(waker)).await
    }
}

impl std::ops::Deref for TaskSupervisor {
    type Target = Supervisor;

    fn deref(&self) -> &Supervisor {
        &self.supervisor
    }
}

impl fmt::Debug for TaskSupervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TaskSupervisor")
            .field(&self.supervisor)
            .finish()
    }
}
