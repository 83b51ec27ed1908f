//! The handle by which items go out.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use crate::blocking;
use crate::delivery::Delivery;
use crate::error::TryRecvError;
use crate::receiving::InLine;
use crate::shared::{Shared, Way};

/// Receives items from a queue.
///
/// Clones receive from the same queue, and each item goes to one of them. When the last one is gone, and no
/// [`Queue`](crate::Queue) is left either, the queue is closed.
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
        poll_fn(|cx| line.poll(cx, |shared| shared.try_recv())).await
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
        let received = poll_fn(|cx| line.poll(cx, |shared| shared.try_recv_many(buffer, most)));
        received.await.unwrap_or(0)
    }

    /// Receives an item if there is one.
    ///
    /// # Errors
    ///
    /// [`TryRecvError`], if there is none now, or never will be.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.shared.try_recv()
    }

    /// Receives an item on a thread that may be blocked.
    #[must_use]
    pub fn blocking_recv(&self) -> Option<T> {
        blocking::recv(&self.shared, Way::Take, |shared| shared.try_recv())
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
        poll_fn(|cx| line.poll(cx, Delivery::try_recv)).await
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
        Delivery::try_recv(&self.shared)
    }

    /// As [`recv_delivery`](Self::recv_delivery), on a thread that may be blocked.
    #[must_use]
    pub fn blocking_recv_delivery(&self) -> Option<Delivery<T>>
    where
        T: Clone,
    {
        blocking::recv(&self.shared, Way::Board, Delivery::try_recv)
    }

    /// Asks for so many more items, in a queue that takes items [on demand](crate::Config::on_demand) only.
    pub fn demand(&self, items: u64) {
        self.shared.demand(items);
    }

    /// Nothing more comes in. What is in the queue can be received.
    pub fn close(&self) {
        self.shared.close();
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
