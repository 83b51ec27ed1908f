//! A job from its caller's side.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use seaworthy_core::{Reason, Rejected, panic};
use tokio::sync::oneshot;

use super::handle::ThreadPool;
use super::job::{Answer, Job, Work};
use super::store::Number;

/// Waits for a job; dropped, takes it back.
pub(crate) struct Ticket<T> {
    pool: ThreadPool,
    number: Number,
    answer: oneshot::Receiver<Answer<T>>,
    /// There is nothing to take back.
    is_over: bool,
}

impl<T: Send + 'static> Ticket<T> {
    /// Brings a job; says for how long it waits in line, if it has to, which it does only if its caller can.
    pub(crate) fn new<F>(
        pool: &ThreadPool,
        work: F,
        can_wait: impl FnOnce() -> bool,
    ) -> Result<(Self, Option<Duration>), Rejected>
    where
        F: FnOnce(&Job<'_>) -> T + Send + 'static,
    {
        if let Some(rejected) = pool.shared().turn_away() {
            // What it has is of the user.
            panic::drop_quietly(work);
            return Err(rejected);
        }
        let (work, answer) = Work::new(work);
        let (number, max_wait) = pool.shared().bring(Box::new(work), can_wait)?;
        let ticket = Self {
            pool: pool.clone(),
            number,
            answer,
            is_over: false,
        };
        Ok((ticket, max_wait))
    }
}

impl<T> Ticket<T> {
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Answer<T>> {
        let polled = Pin::new(&mut self.answer).poll(cx);
        polled.map(|answer| {
            self.is_over = true;
            // Every job is answered.
            let lost = || Err(self.pool.shared().rejected(Reason::Crashed));
            answer.unwrap_or_else(|_| lost())
        })
    }

    /// Has waited in line for long enough. `None` if it is not there any more.
    pub(crate) fn give_up(&mut self) -> Option<Rejected> {
        let rejected = self.pool.shared().give_up(self.number);
        self.is_over |= rejected.is_some();
        rejected
    }
}

impl<T> Drop for Ticket<T> {
    fn drop(&mut self) {
        if !self.is_over {
            self.pool.shared().withdraw(self.number);
        }
    }
}
