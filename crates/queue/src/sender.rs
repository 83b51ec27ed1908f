//! The handle by which items come in.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::blocking;
use crate::error::SendError;
use crate::permit::{OwnedPermit, Permit};
use crate::sending::{Offering, Reserving, Sending};
use crate::shared::{Moment, Shared};
use crate::sink::SendSink;

/// Sends items into a queue.
///
/// Clones send into the same queue. When the last one is gone, and no [`Queue`](crate::Queue) is left either, the queue
/// is closed: receivers get what is in it, and then `None`.
///
/// It needs no runtime; without one, each that waits for [so long](crate::Overload::WaitFor) has a thread that looks at the
/// clock. Where one is entered that has no timers, [`Overload::WaitFor`](crate::Overload::WaitFor) and
/// [`send_timeout`](Self::send_timeout) panic, as tokio's timers do.
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

/// What became of an item that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sent {
    /// It is in the queue.
    Queued,
    /// It is in the queue, and others had to leave for it, which the hook has seen.
    Evicting,
    /// It was dropped, because there was no room, which the hook has seen.
    Dropped,
}

impl<T> Sender<T> {
    pub(crate) fn new(shared: &Arc<Shared<T>>) -> Self {
        shared.sender_comes();
        Self {
            shared: Arc::clone(shared),
        }
    }

    /// Sends an item, or hands it back at once.
    ///
    /// # Errors
    ///
    /// [`SendError::Full`] if there is no room (or others wait for it), [`SendError::Closed`], or
    /// [`SendError::TooHeavy`] (as long as the queue has room at all: a full one looks at no item); with the item.
    #[inline]
    pub fn try_send(&self, item: T) -> Result<Sent, SendError<T>> {
        let sent = self.shared.try_send(item);
        self.shared.counted(sent).map(|arrived| arrived.sent)
    }

    /// Sends an item. Waits for room if the queue was [configured](crate::Overload) so, first come, first served.
    ///
    /// # Errors
    ///
    /// As [`try_send`](Self::try_send).
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the item, which is then not in the queue, and gives its place in line up. To keep the item,
    /// [`reserve`](Self::reserve) first.
    pub fn send(&self, item: T) -> Sending<'_, T> {
        Sending::new(&self.shared, Offering::new(item))
    }

    /// As [`send`](Self::send), but where that waits, this waits for `time` at most, whatever is configured.
    ///
    /// # Errors
    ///
    /// As [`try_send`](Self::try_send): [`SendError::Full`] when time is up.
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub fn send_timeout(&self, item: T, time: Duration) -> Sending<'_, T> {
        Sending::new(&self.shared, Offering::within(item, time))
    }

    /// Sends items as a [`Sink`](futures_sink::Sink).
    pub fn into_sink(self) -> SendSink<T> {
        SendSink::new(self)
    }

    /// Sends an item from a thread that may be blocked.
    ///
    /// # Errors
    ///
    /// As [`try_send`](Self::try_send).
    pub fn blocking_send(&self, item: T) -> Result<Sent, SendError<T>> {
        blocking::send(&self.shared, item)
    }

    /// Waits for room for one item that weighs 1, and takes it: in line with those who send, for any time, and also if the
    /// queue rejects or drops items otherwise.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`].
    ///
    /// # Cancel safety
    ///
    /// Dropping it gives the place in line up, and what it was given meanwhile.
    pub async fn reserve(&self) -> Result<Permit<'_, T>, SendError<()>> {
        self.reserve_weight(1).await
    }

    /// As [`reserve`](Self::reserve), for an item of this weight.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`] or [`SendError::TooHeavy`].
    ///
    /// # Cancel safety
    ///
    /// As [`reserve`](Self::reserve).
    pub async fn reserve_weight(&self, weight: u32) -> Result<Permit<'_, T>, SendError<()>> {
        Reserving::new(&self.shared, weight).await?;
        Ok(Permit::new(&self.shared, weight))
    }

    /// As [`reserve`](Self::reserve), for a permit that borrows nothing.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`].
    ///
    /// # Cancel safety
    ///
    /// As [`reserve`](Self::reserve); the sender is dropped too.
    pub async fn reserve_owned(self) -> Result<OwnedPermit<T>, SendError<()>> {
        Reserving::new(&self.shared, 1).await?;
        Ok(OwnedPermit::new(self, 1))
    }

    /// Takes room for one item that weighs 1, if there is some.
    ///
    /// # Errors
    ///
    /// As [`try_send`](Self::try_send).
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, SendError<()>> {
        self.try_reserve_weight(1)
    }

    /// As [`try_reserve`](Self::try_reserve), for an item of this weight.
    ///
    /// ```
    /// # use seaworthy_queue::{Queue, SendError};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let frames: Queue<Vec<u8>> = Queue::builder("frames")
    ///     .weight(1_000, |frame: &Vec<u8>| frame.len() as u32)
    ///     .build()?;
    /// let tx = frames.sender();
    /// let room = tx.try_reserve_weight(800)?;
    /// assert!(matches!(tx.try_reserve_weight(300), Err(SendError::Full(()))));
    /// room.send(vec![0; 800]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`try_send`](Self::try_send).
    pub fn try_reserve_weight(&self, weight: u32) -> Result<Permit<'_, T>, SendError<()>> {
        self.shared.counted(self.shared.try_reserve(weight))?;
        Ok(Permit::new(&self.shared, weight))
    }

    /// As [`try_reserve`](Self::try_reserve), for a permit that borrows nothing.
    ///
    /// # Errors
    ///
    /// As [`try_send`](Self::try_send), with the sender in place of an item.
    pub fn try_reserve_owned(self) -> Result<OwnedPermit<T>, SendError<Self>> {
        match self.shared.counted(self.shared.try_reserve(1)) {
            Ok(()) => Ok(OwnedPermit::new(self, 1)),
            Err(error) => Err(error.with(self)),
        }
    }

    /// Waits until nothing can be sent any more: the queue is closed, or nobody is left who could receive.
    ///
    /// # Cancel safety
    ///
    /// Dropping it changes nothing.
    pub async fn closed(&self) {
        self.shared.until(Moment::Closed).await;
    }

    /// Whether nothing can be sent any more.
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

    /// Whether both send into the same queue.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// A handle that does not keep the queue open.
    #[must_use]
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender {
            shared: Arc::downgrade(&self.shared),
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared<T>> {
        &self.shared
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self::new(&self.shared)
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.sender_goes();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("queue", self.shared.name())
            .finish_non_exhaustive()
    }
}

/// A [`Sender`] that does not keep its queue open.
pub struct WeakSender<T> {
    shared: std::sync::Weak<Shared<T>>,
}

impl<T> WeakSender<T> {
    /// A sender, if there is still one, or a [`Queue`](crate::Queue).
    #[must_use]
    pub fn upgrade(&self) -> Option<Sender<T>> {
        let shared = self.shared.upgrade()?;
        let comes_back = shared.sender_comes_back();
        comes_back.then_some(Sender { shared })
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender").finish_non_exhaustive()
    }
}
