//! The handle of a pool.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::component::{Component, Snapshot};
use seaworthy_core::event::{Events, Severity};
use seaworthy_core::{ConfigError, Rejected};

use super::blocking;
use super::builder::ThreadPoolBuilder;
use super::config::PoolConfig;
use super::event::PoolEvent;
use super::future::JobFuture;
use super::gone::Gone;
use super::job::Job;
use super::report::PoolReport;
use super::service::PoolService;
use super::shared::Shared;
use super::view::{self, PoolView};

/// Threads of their own for one class of work that blocks or computes, and a bounded queue in front of them.
///
/// A slow or stuck job takes a thread of this pool and of nothing else: neither the executor nor another class of work
/// waits for it. There are never more jobs at work than threads, whatever their callers do. Jobs are begun in the order
/// in which they came.
///
/// A cheap handle: clones are the same pool. It needs no runtime: results can be awaited anywhere, and
/// [`run_blocking`](Self::run_blocking) is for code that is not async. When the last handle is dropped, and nobody
/// waits for a result any more, the threads end by themselves.
///
/// ```
/// use seaworthy_bulkhead::ThreadPool;
/// use seaworthy_core::Reason;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let images = ThreadPool::builder("images").threads(2).max_queued(100).build()?;
///
/// let bytes = vec![1_u8, 2, 3];
/// let sum = images.run(move || bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>()).await?;
/// assert_eq!(sum, 6);
///
/// let broken = images.run(|| -> u32 { panic!("not an image") }).await.unwrap_err();
/// assert_eq!(broken.reason(), Reason::Crashed);
/// # Ok(())
/// # }
/// ```
///
/// # When not to use it
///
/// For work that awaits: a [bulkhead](crate) does for that, without threads. For a piece of blocking work now and then
/// `tokio::task::spawn_blocking` is enough; its threads are shared by all, and up to 512 of them, which is what a pool of
/// its own keeps apart and bounded. For work that has to be ended from outside: no thread can be.
#[derive(Clone)]
pub struct ThreadPool {
    handle: Arc<Handle>,
}

/// The threads have the rest.
struct Handle {
    shared: Arc<Shared>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl ThreadPool {
    /// Begins a pool. Its name is shown in rejections, events, metrics and dashboards, and in front of a number by its
    /// threads.
    pub fn builder(name: impl Into<Arc<str>>) -> ThreadPoolBuilder {
        ThreadPoolBuilder::new(name.into())
    }

    pub(crate) fn start(shared: Arc<Shared>) -> Result<Self, ConfigError> {
        let handle = Arc::new(Handle { shared });
        handle.shared.recruit()?;
        Ok(Self { handle })
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        self.shared().name()
    }

    /// Puts `work` in the queue, now, and gives a future of its result.
    ///
    /// A caller that waits for a place, as [`WhenFull::Wait`](crate::WhenFull::Wait) has it, needs the timers of a tokio
    /// runtime; without one, a full queue turns him away at once.
    ///
    /// # Errors
    ///
    /// [`Rejected`], if `work` was not done: with [`Reason::BulkheadFull`](seaworthy_core::Reason::BulkheadFull) there was
    /// no place, with [`Reason::ShuttingDown`](seaworthy_core::Reason::ShuttingDown) the pool is on its way out. With
    /// [`Reason::Crashed`](seaworthy_core::Reason::Crashed) it panicked; what it said is in a [`PoolEvent::Panicked`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future takes `work` out of the queue, or out of the line in front of it: it never runs, and its place
    /// is free at once. If it is at work already, it runs to its end, and has its place until then.
    pub fn run<F, T>(&self, work: F) -> JobFuture<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.run_with(|_| work())
    }

    /// As [`run`](Self::run), for work that looks whether anybody still waits for it.
    ///
    /// ```
    /// use seaworthy_bulkhead::{Job, ThreadPool};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let numbers = ThreadPool::builder("numbers").threads(1).build()?;
    /// let largest = numbers.run_with(|job: &Job| {
    ///     let mut largest = 0_u64;
    ///     for number in 1..=10_000_u64 {
    ///         if job.is_abandoned() {
    ///             break;
    ///         }
    ///         largest = largest.max(number * 2_654_435_761 % 10_007);
    ///     }
    ///     largest
    /// });
    /// assert_eq!(largest.await?, 10_006);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub fn run_with<F, T>(&self, work: F) -> JobFuture<T>
    where
        F: FnOnce(&Job<'_>) -> T + Send + 'static,
        T: Send + 'static,
    {
        JobFuture::new(self, work)
    }

    /// As [`run`](Self::run), but blocks this thread until there is a result. For code that is not async.
    ///
    /// Not for tasks, whose executor it would block, nor for jobs of the same pool: if all its threads wait for jobs that
    /// wait for a thread, they wait for ever.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn run_blocking<F, T>(&self, work: F) -> Result<T, Rejected>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        blocking::run(self, |_: &Job<'_>| work())
    }

    /// A tower service that does `work` for each request, on the threads of this pool.
    ///
    /// It is always ready: whether there is a place is found out by the call. A call that is turned away, or whose work
    /// panics, is an error made of [`Rejected`], or a response as [`respond`](PoolService::respond) says.
    ///
    /// ```
    /// use seaworthy_bulkhead::ThreadPool;
    /// use seaworthy_core::BoxError;
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let numbers = ThreadPool::builder("numbers").threads(1).build()?;
    /// let square = numbers.service(|number: u64| {
    ///     number.checked_mul(number).ok_or(BoxError::from("too large"))
    /// });
    /// assert_eq!(square.clone().oneshot(12).await?, 144);
    /// assert!(square.oneshot(u64::MAX).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn service<F>(&self, work: F) -> PoolService<F> {
        PoolService::new(self.clone(), work)
    }

    /// How it is.
    #[must_use]
    pub fn view(&self) -> PoolView {
        self.shared().crew.look(view::of)
    }

    /// How it is, as dashboards show it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Component::snapshot(&**self.shared())
    }

    /// The configuration by which it goes.
    #[must_use]
    pub fn config(&self) -> PoolConfig {
        self.shared().crew.look(|store| store.config().clone())
    }

    /// The bus on which it tells of [`PoolEvent`]s.
    #[must_use]
    pub fn events(&self) -> &Events {
        self.shared().events()
    }

    /// Has so many threads from now on. Those that are too many end with the jobs that they have, and nothing is begun
    /// before fewer are at work than there are to be.
    ///
    /// # Errors
    ///
    /// As [`reconfigure`](Self::reconfigure).
    pub fn set_threads(&self, threads: u32) -> Result<(), ConfigError> {
        let mut config = self.config();
        config.threads = threads;
        self.reconfigure(config)
    }

    /// Goes by another configuration. What is in the queue stays there, also if there is less room now; nobody comes in
    /// before there is some. Who waits in line waits for as long as he would have.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed, or the system has not so many threads; nothing has changed
    /// then.
    pub fn reconfigure(&self, config: PoolConfig) -> Result<(), ConfigError> {
        config.check(self.name())?;
        let (threads, max_queued) = (config.threads, config.max_queued);
        let shared = self.shared();
        let before = self.config();
        shared.crew.reconfigure(&shared.metrics, config);
        if let Err(error) = shared.recruit() {
            shared.crew.reconfigure(&shared.metrics, before);
            return Err(error);
        }
        let event = PoolEvent::Reconfigured {
            threads,
            max_queued,
        };
        shared.tell(Severity::Info, event);
        Ok(())
    }

    /// Takes no more jobs, and waits until those that it has are done; those that were not begun when `deadline` is over
    /// are dropped, and their callers told. Callers that wait in line for a place are turned away at once.
    ///
    /// What is at work at the deadline runs to its end, as nothing can stop a thread; the report says how many that are.
    /// Whoever else shuts it down gets a report of his own; the earlier deadline counts.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it leaves the pool on its way out: it takes no more jobs, goes on with those that it has, and there is
    /// no deadline for them until somebody shuts it down again.
    ///
    /// # Panics
    ///
    /// Without the timers of a tokio runtime: there, use [`shutdown_blocking`](Self::shutdown_blocking).
    pub async fn shutdown(&self, deadline: Duration) -> PoolReport {
        self.shared().drain();
        // Whether in time or not: what is left is dropped, and the report says it.
        let _ = tokio::time::timeout(deadline, Gone::new(self.shared())).await;
        self.finish()
    }

    /// As [`shutdown`](Self::shutdown), but blocks this thread. For code that is not async.
    pub fn shutdown_blocking(&self, deadline: Duration) -> PoolReport {
        self.shared().drain();
        blocking::wait(Gone::new(self.shared()), deadline);
        self.finish()
    }

    fn finish(&self) -> PoolReport {
        let report = self.shared().close();
        let severity = if report.is_clean() {
            Severity::Info
        } else {
            Severity::Warning
        };
        self.shared().tell(severity, PoolEvent::ShutDown(report));
        report
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPool")
            .field("name", self.name())
            .field("view", &self.view())
            .finish_non_exhaustive()
    }
}
