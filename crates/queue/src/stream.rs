//! Receivers as streams.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::delivery::Delivery;
use crate::receiver::Receiver;
use crate::receiving::Waiting;
use crate::shared::Way;

/// The items of a queue, until it is closed and empty. Of [`Receiver::into_stream`].
///
/// # Cancel safety
///
/// Dropping it loses nothing, and neither does dropping a future that polls it: an item is taken when it is returned, and
/// not before.
///
/// It stays in line when such a future is dropped: whoever does something else for long before the next poll may be the one
/// who is called for an item, while others wait for one. In a `select!` with other work, call
/// [`recv`](Receiver::recv), which leaves the line.
#[must_use = "streams do nothing unless they are polled"]
pub struct ItemStream<T> {
    receiver: Receiver<T>,
    waiting: Waiting,
}

impl<T> Unpin for ItemStream<T> {}

impl<T> ItemStream<T> {
    pub(crate) fn new(receiver: Receiver<T>) -> Self {
        Self {
            receiver,
            waiting: Waiting::new(Way::Take),
        }
    }
}

impl<T> Stream for ItemStream<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        let shared = this.receiver.shared();
        this.waiting
            .poll(shared, cx, |seat, _| shared.try_recv(seat))
    }
}

impl<T> Drop for ItemStream<T> {
    fn drop(&mut self) {
        self.waiting.leave(self.receiver.shared());
    }
}

impl<T> fmt::Debug for ItemStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemStream")
            .field("receiver", &self.receiver)
            .finish_non_exhaustive()
    }
}

/// The items of a queue as deliveries, until it is closed and empty. Of [`Receiver::into_deliveries`].
///
/// # Cancel safety
///
/// As of [`ItemStream`].
#[must_use = "streams do nothing unless they are polled"]
pub struct DeliveryStream<T> {
    receiver: Receiver<T>,
    waiting: Waiting,
}

impl<T> Unpin for DeliveryStream<T> {}

impl<T> DeliveryStream<T> {
    pub(crate) fn new(receiver: Receiver<T>) -> Self {
        Self {
            receiver,
            waiting: Waiting::new(Way::Board),
        }
    }
}

impl<T: Clone> Stream for DeliveryStream<T> {
    type Item = Delivery<T>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery<T>>> {
        let this = self.get_mut();
        let shared = this.receiver.shared();
        this.waiting
            .poll(shared, cx, |seat, _| Delivery::try_recv(shared, seat))
    }
}

impl<T> Drop for DeliveryStream<T> {
    fn drop(&mut self) {
        self.waiting.leave(self.receiver.shared());
    }
}

impl<T> fmt::Debug for DeliveryStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeliveryStream")
            .field("receiver", &self.receiver)
            .finish_non_exhaustive()
    }
}
