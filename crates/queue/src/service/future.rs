//! A request on its way.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use seaworthy_core::panic;
use seaworthy_core::shard::Share;
use seaworthy_core::{Reason, Rejected};

use super::slot::{Asking, Failed, Outcome};
use super::{Mailbox, Message};
use crate::error::SendError;
use crate::sender::Sender;
use crate::sending::Offering;
use crate::store::entry::Spot;

/// The response of a [`Client`](super::Client).
///
/// Dropping it gives the request up: if no worker has begun with it, it leaves the queue, and its place is free.
#[must_use = "futures do nothing unless they are polled"]
pub struct ResponseFuture<Req, Res, E> {
    mailbox: Share<Mailbox<Req, Res, E>>,
    asking: Asking<Outcome<Res, E>>,
    state: State<Req, Res, E>,
}

enum State<Req, Res, E> {
    /// It is in the queue, where it was put, or with a worker.
    Sent(Option<Spot>),
    /// It waits for room in the queue.
    Waits(Box<Waits<Req, Res, E>>),
    /// It was turned away.
    Rejected(Rejected),
    Done,
}

/// A request that waits for room.
struct Waits<Req, Res, E> {
    offering: Offering<Message<Req, Res, E>>,
    /// Keeps the queue open: who waits for room is a caller, even if the client is gone by now.
    _sender: Sender<Message<Req, Res, E>>,
}

impl<Req, Res, E> Unpin for ResponseFuture<Req, Res, E> {}

impl<Req, Res, E> ResponseFuture<Req, Res, E> {
    #[inline]
    pub(super) fn new(
        mailbox: Share<Mailbox<Req, Res, E>>,
        sender: &Sender<Message<Req, Res, E>>,
        request: Req,
    ) -> Self {
        let (asking, message) = mailbox.open(request);
        let shared = &mailbox.shared;
        let state = match shared.send_or_wait(message) {
            // One that was dropped was answered by whoever dropped it.
            Ok(Ok(arrived)) => State::Sent(arrived.spot),
            Ok(Err(error)) => {
                shared.refuses(&error);
                State::Rejected(mailbox.to_rejected(&error))
            }
            Err(entry) => State::Waits(Box::new(Waits {
                offering: Offering::again(entry),
                _sender: sender.clone(),
            })),
        };
        Self {
            mailbox,
            asking,
            state,
        }
    }
}

impl<Req, Res, E: From<Rejected>> Future for ResponseFuture<Req, Res, E> {
    type Output = Result<Res, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let mailbox = &*this.mailbox;
        loop {
            match &mut this.state {
                State::Sent(_) => {
                    let outcome = ready!(this.asking.poll(&mailbox.pool, cx.waker()));
                    this.state = State::Done;
                    return Poll::Ready(mailbox.conclude(outcome));
                }
                State::Waits(waits) => {
                    let sent = ready!(waits.offering.poll(&mailbox.shared, cx));
                    this.state = match sent {
                        Ok(arrived) => State::Sent(arrived.spot),
                        Err(error) => State::Rejected(mailbox.to_rejected(&error)),
                    };
                }
                State::Rejected(rejected) => {
                    let rejected = *rejected;
                    this.state = State::Done;
                    return Poll::Ready(Err(rejected.into()));
                }
                State::Done => panic!("polled again after it was ready"),
            }
        }
    }
}

impl<Req, Res, E> Mailbox<Req, Res, E> {
    fn to_rejected<T>(&self, error: &SendError<T>) -> Rejected {
        match error {
            // Not on its way out: nobody is left who could serve, as those are told who waited for that.
            SendError::Closed(_) if self.shared.is_orphaned() => {
                Rejected::new(Reason::Stopped, self.shared.component())
            }
            _ => error.to_rejected(self.shared.component()),
        }
    }

    #[inline]
    fn conclude(&self, outcome: Option<Outcome<Res, E>>) -> Result<Res, E>
    where
        E: From<Rejected>,
    {
        match outcome {
            Some(Ok(response)) => Ok(response),
            Some(Err(Failed::Service(error))) => Err(error),
            Some(Err(Failed::Rejected(rejected))) => Err(rejected.into()),
            None => Err(Rejected::new(Reason::Crashed, self.shared.component()).into()),
        }
    }
}

impl<Req, Res, E> Drop for ResponseFuture<Req, Res, E> {
    fn drop(&mut self) {
        let shared = &self.mailbox.shared;
        // Its place is free at once, and not when it would have been its turn.
        let unsent = match &mut self.state {
            State::Waits(waits) => waits.offering.withdraw(shared),
            State::Sent(Some(spot)) if self.asking.is_waiting() => shared.withdraw(*spot),
            _ => None,
        };
        // A value of the user.
        panic::drop_quietly(unsent);
        self.asking.leave(&self.mailbox.pool);
    }
}

impl<Req, Res, E> fmt::Debug for ResponseFuture<Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
