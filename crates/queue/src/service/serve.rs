//! A worker that drives a service from a queue.

use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project::{pin_project, pinned_drop};
use seaworthy_core::panic;
use tower_service::Service;

use super::Mailbox;
use super::busy::Desk;
use super::job::Job;
use super::running::{Call, Running};
use crate::carried::InSpan;
use crate::error::TryRecvError;
use crate::receiving::Waiting;
use crate::shared::Seat;

/// Takes a request when the service is ready for it, and there is one.
#[pin_project(PinnedDrop)]
pub(super) struct Server<S, Req, Res, E>
where
    S: Service<Req>,
{
    mailbox: Arc<Mailbox<Req, Res, E>>,
    desk: Arc<Desk>,
    service: S,
    /// The service is ready for one more request, as far as this poll knows: it may have changed its mind since the last.
    ready: bool,
    waiting: Waiting,
    #[pin]
    running: Running<InSpan<S::Future>, Req, Res, E>,
    /// How many were said to run. Of those that do, one that panics is in no list any more.
    told: usize,
}

/// So many requests are begun in one poll at most: on a runtime that does not see to that itself, others want to run, too.
const TURNS: usize = 128;

/// What came of looking for a request.
enum Step<Req, Res, E> {
    Job(Job<Req, Res, E>),
    /// There is one, and the service is not ready for it.
    NotReady,
    Broken(E),
}

impl<S, Req, Res, E> Server<S, Req, Res, E>
where
    S: Service<Req, Response = Res, Error = E>,
{
    pub(super) fn new(
        mailbox: &Arc<Mailbox<Req, Res, E>>,
        service: S,
        concurrency: NonZeroUsize,
    ) -> Self {
        Self {
            mailbox: Arc::clone(mailbox),
            desk: mailbox.busy.desk(),
            service,
            ready: false,
            waiting: Waiting::new(mailbox.way()),
            running: Running::new(concurrency),
            told: 0,
        }
    }

    /// With `stopped`, nothing new is begun.
    #[inline]
    pub(super) fn poll_serve(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        stopped: bool,
    ) -> Poll<Result<(), E>> {
        let polled = self.as_mut().poll_work(cx, stopped);
        let this = self.project();
        this.mailbox.rests(this.desk, this.told, this.running.len());
        polled
    }

    fn poll_work(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        stopped: bool,
    ) -> Poll<Result<(), E>> {
        *self.as_mut().project().ready = false;
        for _ in 0..TURNS {
            let mut this = self.as_mut().project();
            let metrics = &this.mailbox.shared.metrics;
            this.running
                .as_mut()
                .poll(cx, |began| metrics.served(began));
            if stopped {
                return self.poll_stop();
            }
            if this.running.as_mut().is_full() {
                return Poll::Pending;
            }
            this.desk.expect(this.running.len() + 1);
            match self.as_mut().poll_step(cx) {
                Poll::Pending | Poll::Ready(Some(Step::NotReady)) => return Poll::Pending,
                Poll::Ready(Some(Step::Broken(error))) => return Poll::Ready(Err(error)),
                Poll::Ready(Some(Step::Job(job))) => self.as_mut().begin(job),
                Poll::Ready(None) => {
                    if self.as_mut().project().running.len() > 0 {
                        return Poll::Pending;
                    }
                    return Poll::Ready(Ok(()));
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Ready once nothing is under way any more.
    fn poll_stop(self: Pin<&mut Self>) -> Poll<Result<(), E>> {
        let this = self.project();
        // Whatever it was called for, somebody else may do.
        this.waiting.leave(&this.mailbox.shared);
        if this.running.len() > 0 {
            Poll::Pending
        } else {
            Poll::Ready(Ok(()))
        }
    }

    fn begin(self: Pin<&mut Self>, mut job: Job<Req, Res, E>) {
        let this = self.project();
        match job.begin() {
            Some((request, carried)) => {
                *this.ready = false;
                let future = carried.run(|| this.service.call(request));
                let future = carried.wrap(future);
                this.running.push(Call::new(future, job));
            }
            None => job.pass_over(),
        }
    }

    /// Looks for a request, and waits for one if there is none.
    fn poll_step(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Step<Req, Res, E>>> {
        let this = self.project();
        let (mailbox, service, ready) = (&**this.mailbox, this.service, this.ready);
        let step = ready!(this.waiting.poll(&mailbox.shared, cx, |seat, cx| {
            look(mailbox, seat, service, ready, cx)
        }));
        if let Some(Step::NotReady) = step {
            // Somebody else may be ready for it.
            this.waiting.leave(&mailbox.shared);
        }
        Poll::Ready(step)
    }
}

fn look<S, Req, Res, E>(
    mailbox: &Mailbox<Req, Res, E>,
    seat: &mut Seat,
    service: &mut S,
    ready: &mut bool,
    cx: &mut Context<'_>,
) -> Result<Step<Req, Res, E>, TryRecvError>
where
    S: Service<Req, Response = Res, Error = E>,
{
    if !*ready {
        // Not before there is a request: whoever is ready may hold something for that.
        mailbox.shared.peek(seat)?;
        match service.poll_ready(cx) {
            Poll::Pending => return Ok(Step::NotReady),
            Poll::Ready(Err(error)) => return Ok(Step::Broken(error)),
            Poll::Ready(Ok(())) => *ready = true,
        }
    }
    Job::try_take(mailbox, seat).map(Step::Job)
}

#[pinned_drop]
impl<S, Req, Res, E> PinnedDrop for Server<S, Req, Res, E>
where
    S: Service<Req>,
{
    fn drop(self: Pin<&mut Self>) {
        let mut this = self.project();
        this.waiting.leave(&this.mailbox.shared);
        // With all that they hold: whoever waits for this desk to be empty finds nothing of them.
        let _ = panic::catch(|| this.running.as_mut().clear());
        this.mailbox.rests(this.desk, this.told, 0);
    }
}
