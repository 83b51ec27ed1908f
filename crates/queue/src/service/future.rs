//! A request on its way.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use seaworthy_core::{Name, Reason, Rejected};

use super::Message;
use super::slot::{Asking, Failed, Outcome};
use crate::error::SendError;
use crate::sender::{Sender, Sent};
use crate::sending::Offering;
use crate::shared::Shared;

/// The response of a [`Client`](super::Client).
///
/// Dropping it gives the request up: a worker that has not begun with it passes over it.
#[must_use = "futures do nothing unless they are polled"]
pub struct ResponseFuture<Req, Res, E> {
    asking: Asking<Outcome<Res, E>>,
    component: Name,
    state: State<Req, Res, E>,
}

enum State<Req, Res, E> {
    /// It is in the queue, or with a worker.
    Sent,
    /// It waits for room in the queue.
    Waits {
        shared: Arc<Shared<Message<Req, Res, E>>>,
        offering: Offering<Message<Req, Res, E>>,
    },
    /// It was turned away.
    Rejected(Rejected),
    Done,
}

impl<Req, Res, E> Unpin for ResponseFuture<Req, Res, E> {}

impl<Req, Res, E> ResponseFuture<Req, Res, E> {
    #[inline]
    pub(super) fn new(
        asking: Asking<Outcome<Res, E>>,
        message: Message<Req, Res, E>,
        sender: &Sender<Message<Req, Res, E>>,
    ) -> Self {
        let shared = sender.shared();
        let state = match shared.try_send(message) {
            // One that was dropped was answered by whoever dropped it.
            Ok(_) => State::Sent,
            Err(SendError::Full(message)) if shared.waits() => State::Waits {
                shared: Arc::clone(shared),
                offering: Offering::new(message),
            },
            Err(error) => State::Rejected(error.to_rejected(shared.component())),
        };
        Self {
            asking,
            component: shared.component(),
            state,
        }
    }

    fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<Result<Sent, Rejected>> {
        let State::Waits { shared, offering } = &mut self.state else {
            return Poll::Ready(Ok(Sent::Queued));
        };
        let component = self.component;
        offering
            .poll(shared, cx)
            .map_err(|error| error.to_rejected(component))
    }
}

impl<Req, Res, E: From<Rejected>> Future for ResponseFuture<Req, Res, E> {
    type Output = Result<Res, E>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let State::Waits { .. } = self.state {
            match self.poll_sent(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(sent) => self.leave_line(sent.err()),
            }
        }
        match self.state {
            State::Sent => {}
            State::Rejected(rejected) => {
                self.state = State::Done;
                return Poll::Ready(Err(rejected.into()));
            }
            State::Waits { .. } | State::Done => panic!("polled again after it was ready"),
        }
        let Poll::Ready(outcome) = self.asking.poll(cx.waker()) else {
            return Poll::Pending;
        };
        self.state = State::Done;
        Poll::Ready(match outcome {
            Some(Ok(response)) => Ok(response),
            Some(Err(Failed::Service(error))) => Err(error),
            Some(Err(Failed::Rejected(rejected))) => Err(rejected.into()),
            None => Err(Rejected::new(Reason::Crashed, self.component).into()),
        })
    }
}

impl<Req, Res, E> ResponseFuture<Req, Res, E> {
    fn leave_line(&mut self, rejected: Option<Rejected>) {
        let after = rejected.map_or(State::Sent, State::Rejected);
        let before = std::mem::replace(&mut self.state, after);
        if let State::Waits {
            shared,
            mut offering,
        } = before
        {
            // Whoever gives up drops the request.
            drop(offering.give_up(&shared));
        }
    }
}

impl<Req, Res, E> Drop for ResponseFuture<Req, Res, E> {
    fn drop(&mut self) {
        self.leave_line(None);
    }
}

impl<Req, Res, E> fmt::Debug for ResponseFuture<Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
