//! Children that are threads.

mod context;
mod stop;

use std::future::pending;
use std::io;
use std::sync::Arc;

use seaworthy_core::panic;
use tokio::sync::oneshot;

use crate::body::{Closure, Instance, Worker};
use crate::child::{Child, Template};
use crate::config::Options;
use crate::context::{Context, Hold};
use crate::exit::{ChildResult, ExitReason};
pub use context::BlockingContext;
use stop::{Stop, StopOnDrop};

impl Child {
    /// A child that is a thread of its own, for work that blocks or computes and so must not run as a task: a
    /// driver without an async side, a long calculation, a loop around a blocking `recv`.
    ///
    /// The closure is called once for each incarnation, in a new thread with the name of the child. What it returns
    /// is how the child ends; a panic in it is a crash like any other, with message and location. Inside, the
    /// runtime is entered: `tokio::runtime::Handle::current().block_on(..)` works.
    ///
    /// Nothing can stop a thread from outside, so it has to ask:
    /// [`should_stop`](BlockingContext::should_stop) between two pieces of work, and
    /// [`sleep`](BlockingContext::sleep) instead of sleeping. It is told of everything that would drop a task: the
    /// order to stop, a kill, the end of the runtime. The incarnation is over when the closure has returned, and not
    /// before: the next one does not begin, monitors are not told, a group restart waits. A thread that never asks
    /// therefore holds up its own restart and, when the tree is to stop, the end of the tree. It is reported as a
    /// zombie, and its [policy](Self::on_zombie) may be not to wait; a [deadline](crate::Supervisor::shutdown) for the
    /// tree reports it as still running. A thread that works is told from one that hangs by its
    /// [heartbeat](Self::heartbeat). Values in thread-locals are the one thing that is dropped after the end.
    ///
    /// # When not to use it
    ///
    /// For a short piece of blocking work inside a task use `tokio::task::spawn_blocking`. For code that can abort,
    /// overflow its stack or hang for good use a child that is an operating-system process: only that can be killed.
    ///
    /// # Costs
    ///
    /// A thread for each child, and a task that waits for it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use seaworthy_supervisor::{BlockingContext, Child, Supervisor};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cruncher = Child::blocking("cruncher", |cx: BlockingContext| {
    ///     let mut primes = Vec::new();
    ///     for number in 2_u64.. {
    ///         if cx.should_stop() {
    ///             break;
    ///         }
    ///         if !primes.iter().any(|prime| number % prime == 0) {
    ///             primes.push(number);
    ///         }
    ///     }
    ///     Ok(())
    /// });
    /// let root = Supervisor::builder("app").child(cruncher).start().await?;
    /// assert!(root.shutdown(Duration::from_secs(10)).await.is_clean());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors of the child
    ///
    /// If the system has no thread left, the child ends with an error that says so.
    pub fn blocking<F>(id: impl Into<Arc<str>>, start: F) -> Self
    where
        F: Fn(BlockingContext) -> ChildResult + Send + Sync + 'static,
    {
        let start = Arc::new(start);
        let make = Closure(move |cx: Context| {
            let start = Arc::clone(&start);
            run(cx, move |cx| start(cx))
        });
        Self {
            id: id.into(),
            options: Options::worker(false),
            body: Arc::new(Worker { make }),
        }
    }

    /// A [template](Self::template) whose instances are threads, as with [`blocking`](Self::blocking).
    pub fn template_blocking<A, F>(start: F) -> Template<A>
    where
        F: Fn(BlockingContext, A) -> ChildResult + Send + Sync + 'static,
        A: Clone + Send + Sync + 'static,
    {
        let start = Arc::new(start);
        let closure = Arc::new(move |cx: Context, args: A| {
            let start = Arc::clone(&start);
            run(cx, move |cx| start(cx, args))
        });
        Template {
            options: Options::worker(false),
            make: Arc::new(move |args| {
                let closure = Arc::clone(&closure);
                Arc::new(Worker {
                    make: Instance { closure, args },
                })
            }),
        }
    }
}

/// The system would not give us a thread.
#[derive(Debug, thiserror::Error)]
#[error("cannot start a thread for the child")]
struct NoThread(#[source] io::Error);

/// The task beside the thread: passes orders on, and the result back.
async fn run<F>(cx: Context, body: F) -> ChildResult
where
    F: FnOnce(BlockingContext) -> ChildResult + Send + 'static,
{
    // A thread has to be told, so the child always traps exits.
    let told = cx.shutdown();
    let stop = Arc::new(Stop::default());
    // However this future ends: from then on nobody waits for the thread but its incarnation.
    let _stop = StopOnDrop(Arc::clone(&stop));
    let Some(hold) = cx.hold() else {
        // It was killed before it began, and is about to be dropped.
        return pending().await;
    };
    let mut result = spawn(cx, stop.clone(), hold, body).map_err(NoThread)?;
    let unheard = |_| Err(ExitReason::Unknown.into());
    tokio::select! {
        biased;
        result = &mut result => return result.unwrap_or_else(unheard),
        () = told => stop.raise(),
    }
    result.await.unwrap_or_else(unheard)
}

fn spawn<F>(
    cx: Context,
    stop: Arc<Stop>,
    hold: Hold,
    body: F,
) -> io::Result<oneshot::Receiver<ChildResult>>
where
    F: FnOnce(BlockingContext) -> ChildResult + Send + 'static,
{
    let (sender, result) = oneshot::channel();
    let path = cx.path();
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    #[cfg(feature = "tracing")]
    let span = tracing::Span::current();
    std::thread::Builder::new().name(name).spawn(move || {
        let runtime = cx.runtime().clone();
        let _in_runtime = runtime.enter();
        // Dropped last of all that the child owns. If it is the last thing that the incarnation waited for, the
        // supervisor goes on in this thread.
        let _hold = hold;
        #[cfg(feature = "tracing")]
        let _entered = span.enter();
        let cx = BlockingContext::new(cx, stop);
        let result = match panic::catch(|| body(cx)) {
            Ok(result) => result,
            Err(panicked) => Err(ExitReason::Panic(panicked.into()).into()),
        };
        // Whoever dropped the task knows already how the child ended.
        panic::drop_quietly(sender.send(result));
    })?;
    Ok(result)
}
