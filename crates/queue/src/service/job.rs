//! A request in a worker's hands.

use super::{Mailbox, Message};
use crate::carried::Carried;
use crate::delivery::Delivery;
use crate::error::TryRecvError;
use crate::shared::Seat;
use crate::store::entry::Entry;

/// A request, gone from the queue or still in it.
///
/// Dropped without an [`end`](Self::end), its worker has crashed: the caller is told so, or the request is delivered
/// again.
#[derive(Debug)]
pub(super) enum Job<Req, Res, E> {
    Taken(Entry<Message<Req, Res, E>>),
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
            None => shared.try_take(seat).map(Self::Taken),
            Some(copier) => {
                let copy = |message: &Message<Req, Res, E>| message.copy(&**copier);
                Delivery::try_recv_by(shared, seat, copy).map(Self::Delivered)
            }
        }
    }

    fn message(&mut self) -> &mut Message<Req, Res, E> {
        match self {
            Self::Taken(entry) => &mut entry.item,
            Self::Delivered(delivery) => delivery,
        }
    }

    /// The request, if anybody still waits for its answer, and what it carries.
    pub(super) fn begin(&mut self) -> Option<(Req, Carried)> {
        let message = self.message();
        let request = if message.reply.begin() {
            message.request.take()?
        } else {
            return None;
        };
        let carried = match self {
            Self::Taken(entry) => std::mem::take(&mut entry.carried),
            Self::Delivered(delivery) => delivery.carried().clone(),
        };
        Some((request, carried))
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

    /// Its worker is gone, and it is not done. `guilty` if that may be its fault.
    pub(super) fn abort(mut self, guilty: bool) {
        if !self.message().reply.is_awaited() {
            // It would only be in the way of others.
            self.settle();
        } else if let (false, Self::Delivered(delivery)) = (guilty, self) {
            delivery.spare();
        }
    }

    fn settle(self) {
        if let Self::Delivered(delivery) = self {
            // If its lease is over, somebody else is at it, who finds that the answer is there.
            let _ = delivery.ack();
        }
    }
}
