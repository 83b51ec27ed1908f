//! A request in a worker's hands.

use super::{Mailbox, Message};
use crate::delivery::Delivery;
use crate::error::TryRecvError;
use crate::shared::Seat;

/// A request, gone from the queue or still in it.
///
/// Dropped without an [`end`](Self::end), its worker has crashed: the caller is told so, or the request is delivered
/// again.
#[derive(Debug)]
pub(super) enum Job<Req, Res, E> {
    Taken(Message<Req, Res, E>),
    Delivered(Delivery<Message<Req, Res, E>>),
}

impl<Req, Res, E> Job<Req, Res, E> {
    #[inline]
    pub(super) fn try_take(
        mailbox: &Mailbox<Req, Res, E>,
        seat: &mut Seat,
    ) -> Result<Self, TryRecvError> {
        let shared = &mailbox.shared;
        match &mailbox.options.copier {
            None => shared.try_recv(seat).map(Self::Taken),
            Some(copier) => {
                let copy = |message: &Message<Req, Res, E>| message.copy(&**copier);
                Delivery::try_recv_by(shared, seat, copy).map(Self::Delivered)
            }
        }
    }

    fn message(&mut self) -> &mut Message<Req, Res, E> {
        match self {
            Self::Taken(message) => message,
            Self::Delivered(delivery) => delivery,
        }
    }

    /// The request, if anybody still waits for its answer.
    pub(super) fn begin(&mut self) -> Option<Req> {
        let message = self.message();
        message
            .reply
            .begin()
            .then(|| message.request.take())
            .flatten()
    }

    /// It is done.
    pub(super) fn end(mut self, outcome: Result<Res, E>) {
        let reply = self.message().reply.take();
        // Before: whoever has the answer finds nobody else at it.
        self.settle();
        reply.answer(outcome);
    }

    /// It is not to be done.
    pub(super) fn pass_over(self) {
        self.settle();
    }

    fn settle(self) {
        if let Self::Delivered(delivery) = self {
            // If its lease is over, somebody else is at it, who finds that the answer is there.
            let _ = delivery.ack();
        }
    }
}
