//! The handle by which items go out.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use crate::blocking;
use crate::delivery::Delivery;
use crate::error::TryRecvError;
use crate::receiving::InLine;
use crate::shared::{Seat, Shared, Way};
use crate::stream::{DeliveryStream, ItemStream};

/// Receives items from a queue.
///
/// Clones receive from the same queue, and each item goes to one of them. When the last one is gone, and no
/// [`Queue`](crate::Queue) is left either, the queue is closed, and what is in it is dropped, which the hook sees.
///
/// It needs no runtime: without one, whoever waits for a lease to end has a thread that sleeps until then. Where a runtime
/// is entered that has no timers, that panics, as tokio's timers do.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Receiver<T> {
    pub(crate) fn new(shared: &Arc<Shared<T>>) -> Self {
        shared.receiver_comes();
        Self {
            shared: Arc::clone(shared),
        }
    }

    /// Receives an item, waiting for one if need be. `None` once the queue is closed (or all senders are gone) and nothing
    /// is left in it: deliveries that are under way may still come back.
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses nothing: an item is taken when it returns, and not before.
    pub async fn recv(&self) -> Option<T> {
        let mut line = InLine::new(&self.shared, Way::Take);
        poll_fn(|cx| line.poll(cx, |seat| self.shared.try_recv(seat))).await
    }

    /// As [`recv`](Self::recv), with the span that was current where the item was sent: to work on it in that,
    /// `work(item).instrument(span)`. [`recv`](Self::recv) and [`recv_many`](Self::recv_many) drop the span.
    ///
    /// # Cancel safety
    ///
    /// As [`recv`](Self::recv).
    #[cfg(feature = "tracing")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tracing")))]
    pub async fn recv_with_span(&self) -> Option<(T, tracing::Span)> {
        let mut line = InLine::new(&self.shared, Way::Take);
        let entry = poll_fn(|cx| line.poll(cx, |seat| self.shared.try_take(seat))).await?;
        Some((entry.item, entry.carried.into_span()))
    }

    /// Receives as many items as there are, up to `most`, waiting for the first one if need be; they are appended to
    /// `buffer`. 0 once nothing will come any more, or if `most` is 0.
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses nothing: nothing is in `buffer` before it returns.
    pub async fn recv_many(&self, buffer: &mut Vec<T>, most: usize) -> usize {
        if most == 0 {
            return 0;
        }
        let mut line = InLine::new(&self.shared, Way::Take);
        let received =
            poll_fn(|cx| line.poll(cx, |seat| self.shared.try_recv_many(seat, buffer, most)));
        received.await.unwrap_or(0)
    }

    /// Receives an item if there is one.
    ///
    /// # Errors
    ///
    /// [`TryRecvError`], if there is none now, or never will be.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.shared.try_recv(&mut Seat::new(Way::Take))
    }

    /// Receives an item on a thread that may be blocked.
    #[must_use]
    pub fn blocking_recv(&self) -> Option<T> {
        blocking::recv(&self.shared, Way::Take, |seat| self.shared.try_recv(seat))
    }

    /// As [`recv_many`](Self::recv_many), on a thread that may be blocked.
    #[must_use]
    pub fn blocking_recv_many(&self, buffer: &mut Vec<T>, most: usize) -> usize {
        if most == 0 {
            return 0;
        }
        let attempt = |seat: &mut Seat| self.shared.try_recv_many(seat, buffer, most);
        blocking::recv(&self.shared, Way::Take, attempt).unwrap_or(0)
    }

    /// Receives an item that stays in the queue until it is acknowledged: if it is not, because the worker panics, is
    /// cancelled or hangs, it is delivered again. The worker has a copy; an item that is large goes into an `Arc`.
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses nothing: an item is taken when it returns, and not before.
    pub async fn recv_delivery(&self) -> Option<Delivery<T>>
    where
        T: Clone,
    {
        let mut line = InLine::new(&self.shared, Way::Board);
        poll_fn(|cx| line.poll(cx, |seat| Delivery::try_recv(&self.shared, seat))).await
    }

    /// As [`recv_delivery`](Self::recv_delivery), if there is one.
    ///
    /// # Errors
    ///
    /// [`TryRecvError`], if there is none now (or as many are under way as may be), or never will be.
    pub fn try_recv_delivery(&self) -> Result<Delivery<T>, TryRecvError>
    where
        T: Clone,
    {
        Delivery::try_recv(&self.shared, &mut Seat::new(Way::Board))
    }

    /// Receives deliveries until there is none now, or `most` of them, into `buffer`; waits for the first. How many: 0 if
    /// there will be nothing any more, or `most` is 0.
    ///
    /// Together they may be worked on at once, such as in one transaction; each is settled on its own. If one of them makes
    /// workers crash, it takes an attempt of all with it: those whose [`attempt`](Delivery::attempt) is above 1 are better
    /// off alone.
    ///
    /// # Cancel safety
    ///
    /// Dropping it delivers nothing.
    pub async fn recv_deliveries(&self, buffer: &mut Vec<Delivery<T>>, most: usize) -> usize
    where
        T: Clone,
    {
        if most == 0 {
            return 0;
        }
        let Some(first) = self.recv_delivery().await else {
            return 0;
        };
        let more = std::iter::from_fn(|| self.try_recv_delivery().ok());
        let before = buffer.len();
        buffer.extend(std::iter::once(first).chain(more).take(most));
        buffer.len() - before
    }

    /// As [`recv_delivery`](Self::recv_delivery), on a thread that may be blocked.
    #[must_use]
    pub fn blocking_recv_delivery(&self) -> Option<Delivery<T>>
    where
        T: Clone,
    {
        let attempt = |seat: &mut Seat| Delivery::try_recv(&self.shared, seat);
        blocking::recv(&self.shared, Way::Board, attempt)
    }

    /// Receives items as a [`Stream`](futures_core::Stream), as [`recv`](Self::recv) does.
    pub fn into_stream(self) -> ItemStream<T> {
        ItemStream::new(self)
    }

    /// Receives deliveries as a [`Stream`](futures_core::Stream), as [`recv_delivery`](Self::recv_delivery) does.
    pub fn into_deliveries(self) -> DeliveryStream<T> {
        DeliveryStream::new(self)
    }

    /// Asks for so many more items, in a queue that takes items [on demand](crate::Config::on_demand) only.
    pub fn demand(&self, items: u64) {
        self.shared.demand(items);
    }

    /// Nothing more comes in. What is in the queue can be received.
    pub fn close(&self) {
        self.shared.close();
    }

    /// Whether nothing more comes in.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// How many more items fit in now. What they weigh is a matter of its own.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.shared.capacity().0
    }

    /// How many items there may be.
    #[must_use]
    pub fn max_capacity(&self) -> usize {
        self.shared.capacity().1
    }

    /// How many items wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.look(|store| store.len())
    }

    /// Whether no item waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn shared(&self) -> &Arc<Shared<T>> {
        &self.shared
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self::new(&self.shared)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.receiver_goes();
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("queue", self.shared.name())
            .finish_non_exhaustive()
    }
}
