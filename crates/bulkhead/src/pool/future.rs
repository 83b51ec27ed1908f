//! Waiting for a job.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project::pin_project;
use seaworthy_core::Rejected;
use seaworthy_core::clock;
use seaworthy_core::reject::Reject;
use tokio::runtime::Handle;
use tokio::time::{Sleep, sleep_until};

use super::handle::ThreadPool;
use super::job::{Answer, Job};
use super::ticket::Ticket;

/// The result of a job. Made by [`ThreadPool::run`].
///
/// Dropping it takes the job out of the queue, where its place is free at once. If it is at work, it runs to its end and
/// keeps its place until then; it [can see](Job::is_abandoned) that nobody waits any more.
#[must_use = "dropping it takes the job out of the queue"]
pub struct JobFuture<T> {
    state: State<T>,
}

enum State<T> {
    Refused(Rejected),
    In {
        ticket: Ticket<T>,
        /// While it waits in line.
        patience: Option<Pin<Box<Sleep>>>,
    },
    Over,
}

impl<T: Send + 'static> JobFuture<T> {
    pub(crate) fn new<F>(pool: &ThreadPool, work: F) -> Self
    where
        F: FnOnce(&Job<'_>) -> T + Send + 'static,
    {
        let has_timers = || Handle::try_current().is_ok();
        let state = match Ticket::new(pool, work, has_timers) {
            Ok((ticket, max_wait)) => State::In {
                ticket,
                patience: max_wait.map(patience),
            },
            Err(rejected) => State::Refused(rejected),
        };
        Self { state }
    }
}

fn patience(max_wait: Duration) -> Pin<Box<Sleep>> {
    Box::pin(sleep_until(clock::after(max_wait)))
}

impl<T> Future for JobFuture<T> {
    type Output = Answer<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer<T>> {
        let answer = match &mut self.state {
            State::Refused(rejected) => Err(*rejected),
            State::In { ticket, patience } => match poll(ticket, patience, cx) {
                Poll::Ready(answer) => answer,
                Poll::Pending => return Poll::Pending,
            },
            State::Over => panic!("polled again after it was ready"),
        };
        self.state = State::Over;
        Poll::Ready(answer)
    }
}

fn poll<T>(
    ticket: &mut Ticket<T>,
    patience: &mut Option<Pin<Box<Sleep>>>,
    cx: &mut Context<'_>,
) -> Poll<Answer<T>> {
    if let Poll::Ready(answer) = ticket.poll(cx) {
        return Poll::Ready(answer);
    }
    if let Some(sleep) = patience
        && sleep.as_mut().poll(cx).is_ready()
    {
        // In the queue by now, it waits as long as it takes.
        *patience = None;
        if let Some(rejected) = ticket.give_up() {
            return Poll::Ready(Err(rejected));
        }
    }
    Poll::Pending
}

/// Nothing in it is pinned in place.
impl<T> Unpin for JobFuture<T> {}

impl<T> fmt::Debug for JobFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobFuture").finish_non_exhaustive()
    }
}

/// The response of a [`PoolService`](crate::PoolService).
///
/// Dropping it does what dropping a [`JobFuture`] does.
#[pin_project]
#[derive(Debug)]
#[must_use = "dropping it takes the job out of the queue"]
pub struct PoolResponse<Res, Err, R> {
    #[pin]
    job: JobFuture<Result<Res, Err>>,
    reject: R,
}

impl<Res, Err, R> PoolResponse<Res, Err, R> {
    pub(crate) fn new(job: JobFuture<Result<Res, Err>>, reject: R) -> Self {
        Self { job, reject }
    }
}

impl<Res, Err, R: Reject<Res, Err>> Future for PoolResponse<Res, Err, R> {
    type Output = Result<Res, Err>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = this.job.poll(cx);
        answer.map(|answer| answer.unwrap_or_else(|rejected| this.reject.reject(rejected)))
    }
}
