//! An item that is in a worker's hands and still in the queue.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::panic;

use crate::carried::Carried;
use crate::config::check::TIME_MAX;
use crate::error::{LeaseOver, TryRecvError};
use crate::shared::{Seat, Shared};
use crate::store::{Ending, Settled, Ticket};

/// An item that is delivered again unless it is [acknowledged](Self::ack).
///
/// Of [`Receiver::recv_delivery`](crate::Receiver::recv_delivery). It holds a copy of the item, which it derefs to.
/// Dropped without a word, the item goes back to the front of the queue: its worker was cancelled, or panicked.
#[must_use = "dropping it sends the item back"]
pub struct Delivery<T> {
    /// Taken by whoever settles it.
    shared: Option<Arc<Shared<T>>>,
    ticket: Ticket,
    item: T,
    attempt: u32,
    carried: Carried,
}

impl<T> Delivery<T> {
    pub(crate) fn try_recv(shared: &Arc<Shared<T>>, seat: &mut Seat) -> Result<Self, TryRecvError>
    where
        T: Clone,
    {
        Self::try_recv_by(shared, seat, T::clone)
    }

    /// The same, for a worker that gets a copy of this kind.
    pub(crate) fn try_recv_by(
        shared: &Arc<Shared<T>>,
        seat: &mut Seat,
        copy: impl FnOnce(&T) -> T,
    ) -> Result<Self, TryRecvError> {
        let (ticket, entry) = shared.try_recv_delivery(seat, copy)?;
        Ok(Self {
            shared: Some(Arc::clone(shared)),
            ticket,
            item: entry.item,
            attempt: entry.tag.attempts,
            carried: entry.carried,
        })
    }

    /// Which delivery of this item it is: 1 for the first.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The span that was current where it was sent: to work on it in that, `work.instrument(delivery.span().clone())`.
    #[cfg(feature = "tracing")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tracing")))]
    #[must_use]
    pub fn span(&self) -> &tracing::Span {
        self.carried.span()
    }

    pub(crate) fn carried(&self) -> &Carried {
        &self.carried
    }

    /// The item is done: it will never be delivered again.
    ///
    /// # Errors
    ///
    /// [`LeaseOver`]: it was delivered again already, or is a dead letter. Whoever has it now decides.
    pub fn ack(mut self) -> Result<(), LeaseOver> {
        match self.settle(Ending::Ack) {
            Some(Settled::Done(entry)) => {
                // A value of the user.
                panic::drop_quietly(entry);
                Ok(())
            }
            _ => Err(LeaseOver),
        }
    }

    /// The item is done as far as the queue goes: it will never be delivered again, and is the caller's, with what was changed
    /// of it.
    ///
    /// ```
    /// # use seaworthy_queue::Queue;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let letters: Queue<String> = Queue::builder("letters").build()?;
    /// letters.sender().try_send("hello".to_owned())?;
    /// let mut delivery = letters.receiver().try_recv_delivery()?;
    /// delivery.push_str(", world");
    /// let letter: String = delivery.into_inner()?;
    /// assert_eq!((&*letter, letters.in_flight()), ("hello, world", 0));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`ack`](Self::ack); the item is dropped.
    pub fn into_inner(mut self) -> Result<T, LeaseOver> {
        match self.settle(Ending::Ack) {
            Some(Settled::Done(mut entry)) => {
                std::mem::swap(&mut entry.item, &mut self.item);
                Ok(entry.item)
            }
            _ => Err(LeaseOver),
        }
    }

    /// The item is to be delivered again after this time, a year at most, unless it was delivered as often as it may be.
    ///
    /// # Errors
    ///
    /// [`LeaseOver`]: it was delivered again already, or is a dead letter.
    pub fn nack(mut self, delay: Duration) -> Result<(), LeaseOver> {
        let delay = delay.min(TIME_MAX);
        self.settle(Ending::Nack(delay)).map(drop).ok_or(LeaseOver)
    }

    /// Nobody is to try again: the item is a dead letter.
    ///
    /// # Errors
    ///
    /// [`LeaseOver`]: it was delivered again already, or is one.
    pub fn bury(mut self) -> Result<(), LeaseOver> {
        self.settle(Ending::Bury).map(drop).ok_or(LeaseOver)
    }

    /// Its worker panicked over another item: it goes back, and this does not count as an attempt.
    pub(crate) fn spare(mut self) {
        let _ = self.settle(Ending::Spared);
    }

    /// The worker is alive: the lease begins anew.
    ///
    /// # Errors
    ///
    /// [`LeaseOver`]: it is over.
    pub fn extend(&self) -> Result<(), LeaseOver> {
        let extended = self
            .shared
            .as_ref()
            .is_some_and(|shared| shared.extend(self.ticket));
        if extended { Ok(()) } else { Err(LeaseOver) }
    }

    fn settle(&mut self, ending: Ending) -> Option<Settled<T>> {
        self.shared.take()?.settle_delivery(self.ticket, ending)
    }
}

impl<T> Deref for Delivery<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.item
    }
}

/// Of the worker's copy.
impl<T> DerefMut for Delivery<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.item
    }
}

impl<T> Drop for Delivery<T> {
    fn drop(&mut self) {
        if self.shared.is_some() {
            let ending = if std::thread::panicking() {
                Ending::Panicked(panic::current())
            } else {
                Ending::Dropped
            };
            let _ = self.settle(ending);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Delivery<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("item", &self.item)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}
