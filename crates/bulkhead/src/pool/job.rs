//! One piece of work, from its caller to a thread and back.

use std::fmt;
use std::time::Duration;

use seaworthy_core::panic::{self, Panicked};
use seaworthy_core::{Name, Reason, Rejected};
use tokio::sync::oneshot;

use super::span::Span;
use super::store::Ended;

/// What a job can find out about itself, for [`ThreadPool::run_with`](crate::ThreadPool::run_with).
pub struct Job<'a> {
    caller: &'a dyn Caller,
    queued_for: Duration,
}

impl Job<'_> {
    /// Whether nobody waits for the result any more. Nothing stops a thread from outside: a long job does well to ask
    /// now and then, and to end early. It costs one load of an atomic.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.caller.has_gone()
    }

    /// How long it had waited before it was begun, in line and in the queue.
    #[must_use]
    pub fn queued_for(&self) -> Duration {
        self.queued_for
    }
}

impl fmt::Debug for Job<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("abandoned", &self.is_abandoned())
            .field("queued_for", &self.queued_for)
            .finish()
    }
}

/// Whoever waits for a result.
trait Caller: Sync {
    fn has_gone(&self) -> bool;
}

impl<T: Send> Caller for oneshot::Sender<T> {
    fn has_gone(&self) -> bool {
        self.is_closed()
    }
}

/// A job whatever it does and returns. Code of the user runs in all of these.
pub(crate) trait Task: Send {
    /// Does it, and keeps the result if anybody wants it.
    fn run(&mut self, pool: Name, queued_for: Duration) -> Result<(), Panicked>;

    /// Hands the result over, or that it was not done and why.
    fn answer(self: Box<Self>, unless_done: Rejected);
}

/// What comes back.
pub(crate) type Answer<T> = Result<T, Rejected>;

/// What a job does, and who waits for it.
pub(crate) struct Work<F, T> {
    work: Option<F>,
    result: Option<Answer<T>>,
    caller: oneshot::Sender<Answer<T>>,
    span: Span,
}

impl<F, T> Work<F, T> {
    pub(crate) fn new(work: F) -> (Self, oneshot::Receiver<Answer<T>>) {
        let (caller, answer) = oneshot::channel();
        let work = Self {
            work: Some(work),
            result: None,
            caller,
            span: Span::current(),
        };
        (work, answer)
    }
}

impl<F, T> Task for Work<F, T>
where
    F: FnOnce(&Job<'_>) -> T + Send,
    T: Send,
{
    fn run(&mut self, pool: Name, queued_for: Duration) -> Result<(), Panicked> {
        let Some(work) = self.work.take() else {
            return Ok(());
        };
        let job = Job {
            caller: &self.caller,
            queued_for,
        };
        let span = &self.span;
        let result = panic::catch(|| span.enter(|| work(&job)));
        let (result, panicked) = match result {
            Ok(value) => (Ok(value), Ok(())),
            Err(panicked) => (Err(Rejected::new(Reason::Crashed, pool)), Err(panicked)),
        };
        if self.caller.is_closed() {
            // As long as that takes, the thread is at work.
            panic::drop_quietly(result);
        } else {
            self.result = Some(result);
        }
        panicked
    }

    fn answer(self: Box<Self>, unless_done: Rejected) {
        let Self {
            work,
            result,
            caller,
            ..
        } = *self;
        panic::drop_quietly(work);
        // The waker of the caller, and what he does not want, are code of the user.
        let _ = panic::catch(|| drop(caller.send(result.unwrap_or(Err(unless_done)))));
    }
}

/// How it ended, for the figures.
pub(crate) fn ended(result: &Result<(), Panicked>) -> Ended {
    match result {
        Ok(()) => Ended::Well,
        Err(_) => Ended::Panicked,
    }
}
