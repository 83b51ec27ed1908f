//! A request in a worker's hands.

use super::Message;
use crate::delivery::Delivery;
use crate::error::TryRecvError;
use crate::shared::{Seat, Shared, Way};

use std::sync::Arc;

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
    pub(super) fn try_take(
        shared: &Arc<Shared<Message<Req, Res, E>>>,
        seat: &mut Seat,
    ) -> Result<Self, TryRecvError> {
        match seat.way() {
            Way::Take => shared.try_recv(seat).map(Self::Taken),
            Way::Board => Delivery::try_recv(shared, seat).map(Self::Delivered),
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
        self.message().reply.answer(outcome);
        self.settle();
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
