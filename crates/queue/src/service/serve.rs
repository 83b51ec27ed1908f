//! A worker that drives a service from a queue.

use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project::{pin_project, pinned_drop};
use tokio::time::{Sleep, sleep};
use tower_service::Service;

use super::job::Job;
use super::running::{Call, Running};
use super::{Mailbox, Message};
use crate::error::TryRecvError;
use crate::shared::{Lined, Shared, Way};

/// Takes a request when the service is ready for it, and there is one.
#[pin_project(PinnedDrop)]
pub(super) struct Server<S, Req, Res, E>
where
    S: Service<Req>,
{
    shared: Arc<Shared<Message<Req, Res, E>>>,
    way: Way,
    service: S,
    /// The service is ready for one more request.
    ready: bool,
    place: Option<usize>,
    due: Option<Pin<Box<Sleep>>>,
    #[pin]
    running: Running<S::Future, Req, Res, E>,
}

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
        mailbox: &Mailbox<Req, Res, E>,
        service: S,
        concurrency: NonZeroUsize,
    ) -> Self {
        Self {
            shared: Arc::clone(&mailbox.shared),
            way: mailbox.way(),
            service,
            ready: false,
            place: None,
            due: None,
            running: Running::new(concurrency),
        }
    }

    /// With `stopped`, nothing new is begun.
    pub(super) fn poll_serve(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        stopped: bool,
    ) -> Poll<Result<(), E>> {
        loop {
            self.as_mut().project().running.poll(cx);
            if stopped {
                return self.poll_stop();
            }
            if self.as_mut().project().running.is_full() {
                return Poll::Pending;
            }
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
    }

    /// Ready once nothing is under way any more.
    fn poll_stop(self: Pin<&mut Self>) -> Poll<Result<(), E>> {
        let this = self.project();
        // Whatever it was called for, somebody else may do.
        this.shared.stop_receiving(*this.way, this.place, false);
        if this.running.len() > 0 {
            Poll::Pending
        } else {
            Poll::Ready(Ok(()))
        }
    }

    fn begin(self: Pin<&mut Self>, mut job: Job<Req, Res, E>) {
        let this = self.project();
        match job.begin() {
            Some(request) => {
                *this.ready = false;
                let future = this.service.call(request);
                this.running.push(Call::new(future, job));
            }
            None => job.pass_over(),
        }
    }

    /// Looks for a request, and waits for one if there is none.
    fn poll_step(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Step<Req, Res, E>>> {
        let this = self.project();
        loop {
            let looked = look(this.shared, *this.way, this.service, this.ready, cx);
            let step = match looked {
                Ok(step) => Some(step),
                Err(TryRecvError::Closed) => None,
                Err(TryRecvError::Empty) => {
                    let lined = this.shared.poll_line(*this.way, this.place, cx.waker());
                    let Lined::Wait(time) = lined else {
                        continue;
                    };
                    // The timers of the runtime are a millisecond coarse.
                    let time = time.map(|time| time.max(Duration::from_millis(1)));
                    *this.due = time.map(|time| Box::pin(sleep(time)));
                    let is_due = this
                        .due
                        .as_mut()
                        .is_some_and(|due| due.as_mut().poll(cx).is_ready());
                    if is_due {
                        continue;
                    }
                    return Poll::Pending;
                }
            };
            *this.due = None;
            // Somebody else may be ready for it.
            let took = !matches!(step, Some(Step::NotReady));
            this.shared.stop_receiving(*this.way, this.place, took);
            return Poll::Ready(step);
        }
    }
}

fn look<S, Req, Res, E>(
    shared: &Arc<Shared<Message<Req, Res, E>>>,
    way: Way,
    service: &mut S,
    ready: &mut bool,
    cx: &mut Context<'_>,
) -> Result<Step<Req, Res, E>, TryRecvError>
where
    S: Service<Req, Response = Res, Error = E>,
{
    if !*ready {
        // Not before there is a request: whoever is ready may hold something for that.
        shared.peek(way)?;
        match service.poll_ready(cx) {
            Poll::Pending => return Ok(Step::NotReady),
            Poll::Ready(Err(error)) => return Ok(Step::Broken(error)),
            Poll::Ready(Ok(())) => *ready = true,
        }
    }
    Job::try_take(shared, way).map(Step::Job)
}

#[pinned_drop]
impl<S, Req, Res, E> PinnedDrop for Server<S, Req, Res, E>
where
    S: Service<Req>,
{
    fn drop(self: Pin<&mut Self>) {
        let this = self.project();
        this.shared.stop_receiving(*this.way, this.place, false);
    }
}
