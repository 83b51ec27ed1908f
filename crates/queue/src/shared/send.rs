//! How an item comes in.

use std::task::{Poll, Waker};

use seaworthy_core::clock;
use seaworthy_core::sync::atomic::Ordering;

use super::{Inner, Shared, Want};
use crate::error::SendError;
use crate::sender::Sent;
use crate::store::Offered;
use crate::store::entry::Entry;
use crate::why::Why;

impl<T> Shared<T> {
    pub(crate) fn weigh(&self, item: &T) -> u32 {
        self.functions.weigh(item)
    }

    /// Sends an item if that can be done at once.
    #[inline]
    pub(crate) fn try_send(&self, item: T) -> Result<Sent, SendError<T>> {
        if self.full.load(Ordering::Relaxed) {
            return Err(self.refuse(item));
        }
        let weight = self.weigh(&item);
        let entry = self.functions.tag(item, weight, clock::coarse());
        let (result, wakers) = {
            let mut inner = self.inner.lock();
            let result = inner.offer(entry);
            (result, self.settle(&mut inner))
        };
        wakers.wake();
        self.conclude(result)
    }

    /// Whether who has no room waits for some.
    pub(crate) fn waits(&self) -> bool {
        self.inner.lock().store.waits()
    }

    /// It was full a moment ago.
    #[cold]
    fn refuse(&self, item: T) -> SendError<T> {
        let inner = self.inner.lock();
        if inner.closed {
            SendError::Closed(item)
        } else {
            SendError::Full(item)
        }
    }

    #[inline]
    fn conclude(&self, result: Result<Offered<T>, Entry<T>>) -> Result<Sent, SendError<T>> {
        match result {
            Ok(Offered::In(evicted)) if evicted.is_empty() => Ok(Sent::Queued),
            Ok(Offered::In(evicted)) => {
                let evicted = evicted.into_iter();
                self.throw(evicted.map(|entry| (entry, Why::Evicted)).collect());
                Ok(Sent::Evicting)
            }
            Ok(Offered::Dropped(entry)) => {
                self.throw(vec![(entry, Why::NoRoom)]);
                Ok(Sent::Dropped)
            }
            Ok(Offered::Full(entry)) => Err(SendError::Full(entry.item)),
            Ok(Offered::TooHeavy(entry)) => Err(SendError::TooHeavy(entry.item)),
            Err(entry) => Err(SendError::Closed(entry.item)),
        }
    }

    /// Sends the item that `item` holds, or waits in line for that, at `place`.
    pub(crate) fn poll_send(
        &self,
        item: &mut Option<T>,
        place: &mut Option<usize>,
        waker: &Waker,
    ) -> Poll<Result<Sent, SendError<T>>> {
        let Some(taken) = item.take() else {
            return Poll::Ready(Ok(Sent::Queued));
        };
        let weight = self.weigh(&taken);
        let entry = self.functions.tag(taken, weight, clock::coarse());
        let waker = waker.clone();
        let (result, wakers, unused) = {
            let mut inner = self.inner.lock();
            let (result, unused) = inner.offer_or_wait(entry, place, waker);
            (result, self.settle(&mut inner), unused)
        };
        wakers.wake();
        drop(unused);
        match result {
            Ok(result) => Poll::Ready(self.conclude(result)),
            Err(entry) => {
                *item = Some(entry.item);
                Poll::Pending
            }
        }
    }

    /// A place for an item of this weight, or one in line.
    pub(crate) fn poll_reserve(
        &self,
        weight: u32,
        place: &mut Option<usize>,
        waker: &Waker,
    ) -> Poll<Result<(), SendError<()>>> {
        let waker = waker.clone();
        let (result, wakers, unused) = {
            let mut inner = self.inner.lock();
            let (result, unused) = inner.reserve_or_wait(weight, place, waker);
            (result, self.settle(&mut inner), unused)
        };
        wakers.wake();
        drop(unused);
        result
    }

    pub(crate) fn try_reserve(&self, weight: u32) -> Result<(), SendError<()>> {
        self.with(|inner, _, _| inner.try_reserve(weight))
    }

    /// Gives a place in line up.
    pub(crate) fn stop_sending(&self, place: &mut Option<usize>) {
        let Some(place) = place.take() else {
            return;
        };
        let waker = self.with(|inner, _, _| {
            let (want, waker) = inner.senders.leave(place);
            if want.granted {
                inner.store.unreserve(want.weight);
            }
            inner.senders.shrink();
            waker
        });
        drop(waker);
    }

    /// An item for a place that was reserved. It is let in although the queue may have been closed since.
    pub(crate) fn fill(&self, item: T, weight: u32) {
        let entry = self.functions.tag(item, weight, clock::coarse());
        self.with(|inner, _, _| inner.store.fill(entry));
    }

    pub(crate) fn unreserve(&self, weight: u32) {
        self.with(|inner, _, _| inner.store.unreserve(weight));
    }
}

type Waits<R> = (R, Option<Waker>);

impl<T> Inner<T> {
    /// `Err` if the queue is closed.
    #[inline]
    fn offer(&mut self, entry: Entry<T>) -> Result<Offered<T>, Entry<T>> {
        if self.closed {
            return Err(entry);
        }
        // Nobody overtakes those who wait.
        if !self.senders.is_empty() && self.store.waits() {
            return Ok(Offered::Full(entry));
        }
        Ok(self.store.offer(entry))
    }

    /// `Err` with the entry if it waits now. With it, a waker that is to be dropped outside the lock.
    #[expect(
        clippy::type_complexity,
        reason = "a result in a result, of a private function"
    )]
    fn offer_or_wait(
        &mut self,
        entry: Entry<T>,
        place: &mut Option<usize>,
        waker: Waker,
    ) -> Waits<Result<Result<Offered<T>, Entry<T>>, Entry<T>>> {
        if let Some(at) = *place {
            if !self.senders.was_called(at) {
                return (Err(entry), Some(self.senders.rejoin(at, waker)));
            }
            *place = None;
            let (want, before) = self.senders.leave(at);
            if want.granted {
                self.store.fill(entry);
                return (Ok(Ok(Offered::In(Vec::new()))), Some(before));
            }
            return (Ok(Err(entry)), Some(before));
        }
        match self.offer(entry) {
            Ok(Offered::Full(entry))
                if self.store.waits() && !self.store.is_too_heavy(entry.tag.weight) =>
            {
                let want = Want {
                    weight: entry.tag.weight,
                    granted: false,
                };
                *place = Some(self.senders.join(waker, want));
                (Err(entry), None)
            }
            offered => (Ok(offered), Some(waker)),
        }
    }

    fn try_reserve(&mut self, weight: u32) -> Result<(), SendError<()>> {
        if self.closed {
            Err(SendError::Closed(()))
        } else if self.store.is_too_heavy(weight) {
            Err(SendError::TooHeavy(()))
        } else if self.senders.is_empty() && self.store.reserve(weight) {
            Ok(())
        } else {
            Err(SendError::Full(()))
        }
    }

    fn reserve_or_wait(
        &mut self,
        weight: u32,
        place: &mut Option<usize>,
        waker: Waker,
    ) -> Waits<Poll<Result<(), SendError<()>>>> {
        if let Some(at) = *place {
            if !self.senders.was_called(at) {
                return (Poll::Pending, Some(self.senders.rejoin(at, waker)));
            }
            *place = None;
            let (want, before) = self.senders.leave(at);
            let result = if want.granted {
                Ok(())
            } else {
                Err(SendError::Closed(()))
            };
            return (Poll::Ready(result), Some(before));
        }
        match self.try_reserve(weight) {
            Err(SendError::Full(())) => {
                let granted = false;
                *place = Some(self.senders.join(waker, Want { weight, granted }));
                (Poll::Pending, None)
            }
            result => (Poll::Ready(result), Some(waker)),
        }
    }
}
