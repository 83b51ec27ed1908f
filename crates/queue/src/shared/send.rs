//! How an item comes in.

use std::task::{Poll, Waker};

use seaworthy_core::clock::{self, Coarse};

use super::{CLOSED, FULL, Inner, Shared, Want};
use crate::carried::Carried;
use crate::error::SendError;
use crate::sender::Sent;
use crate::store::Offered;
use crate::store::entry::{Entry, Spot, Tag};
use crate::wakers::let_go;
use crate::why::Why;

impl<T> Shared<T> {
    /// An item with all that its functions say about it, each of which is asked once.
    #[inline]
    pub(crate) fn entry(&self, item: T, carried: Carried) -> Entry<T> {
        if self.plain {
            let tag = Tag::plain(clock::coarse());
            return Entry { item, tag, carried };
        }
        self.examine(item, carried)
    }

    #[inline(never)]
    fn examine(&self, item: T, carried: Carried) -> Entry<T> {
        let weight = self.functions.weigh(&item, &self.log);
        let entry = self.functions.tag(item, weight, clock::coarse(), &self.log);
        Entry { carried, ..entry }
    }

    /// Sends an item if that can be done at once.
    #[inline]
    pub(crate) fn try_send(&self, item: T) -> Result<Arrived, SendError<T>> {
        if self.is_known(CLOSED) {
            return Err(SendError::Closed(item));
        }
        if self.is_known(FULL) {
            return Err(SendError::Full(item));
        }
        self.try_send_now(item)
    }

    /// With a look under the lock. A function of its own, so that a full queue says so without ado.
    fn try_send_now(&self, item: T) -> Result<Arrived, SendError<T>> {
        let sent = self.send_now_or_wait(item);
        sent.unwrap_or_else(|entry| Err(SendError::Full(entry.item)))
    }

    /// Sends an item if that can be done at once; one that may wait for room is handed back with all that its functions have said about it.
    #[inline]
    pub(crate) fn send_or_wait(&self, item: T) -> Result<Result<Arrived, SendError<T>>, Entry<T>> {
        if self.is_known(CLOSED) {
            return Ok(Err(SendError::Closed(item)));
        }
        if self.is_known(FULL) && !self.waits() {
            return Ok(Err(SendError::Full(item)));
        }
        self.send_now_or_wait(item)
    }

    #[inline]
    fn send_now_or_wait(&self, item: T) -> Result<Result<Arrived, SendError<T>>, Entry<T>> {
        match self.let_in(self.entry(item, Carried::current())) {
            Ok(spot) => Ok(Ok(Arrived::at(spot))),
            Err(entry) => match self.offer(entry) {
                Step::Waits(entry) => Err(entry),
                step => Ok(self.conclude(step)),
            },
        }
    }

    /// Lets an item in for which there is room that nobody waits for, which is the usual case. The item, otherwise.
    #[inline]
    pub(crate) fn let_in(&self, entry: Entry<T>) -> Result<Spot, Entry<T>> {
        let mut inner = self.inner.lock();
        if inner.closed || !inner.senders.is_empty() {
            return Err(entry);
        }
        let spot = inner.store.let_in(entry)?;
        self.settle(inner);
        Ok(spot)
    }

    /// Whether who has no room waits for some.
    pub(crate) fn waits(&self) -> bool {
        self.look(|store| store.waits())
    }

    #[cold]
    fn offer(&self, entry: Entry<T>) -> Step<T> {
        let mut inner = self.inner.lock();
        let step = inner.offer(entry);
        self.settle(inner);
        step
    }

    fn conclude(&self, step: Step<T>) -> Result<Arrived, SendError<T>> {
        match step {
            Step::Done(Offered::In(spot, evicted)) if evicted.is_empty() => Ok(Arrived::at(spot)),
            Step::Done(Offered::In(spot, evicted)) => {
                let count = evicted.len() as u64;
                for entry in evicted {
                    self.throw_one(entry, Why::Evicted);
                }
                self.log.dropped(Why::Evicted, count);
                Ok(Arrived {
                    sent: Sent::Evicting,
                    ..Arrived::at(spot)
                })
            }
            Step::Done(Offered::Dropped(entry)) => {
                self.throw_one(entry, Why::NoRoom);
                self.log.dropped(Why::NoRoom, 1);
                Ok(Arrived {
                    sent: Sent::Dropped,
                    spot: None,
                })
            }
            Step::Done(Offered::TooHeavy(entry)) => Err(SendError::TooHeavy(entry.item)),
            Step::Done(Offered::Full(entry)) | Step::Waits(entry) => {
                Err(SendError::Full(entry.item))
            }
            Step::Closed(entry) => Err(SendError::Closed(entry.item)),
        }
    }

    /// Sends the item that `entry` holds, or waits in line for that, at `place`.
    pub(crate) fn poll_send(
        &self,
        entry: &mut Option<Entry<T>>,
        place: &mut Option<usize>,
        waker: &Waker,
    ) -> Poll<Result<Arrived, SendError<T>>> {
        let waker = waker.clone();
        let Some(offered) = entry.take() else {
            panic!("polled after it was ready");
        };
        let now = clock::coarse();
        let mut inner = self.inner.lock();
        let (step, unused) = inner.offer_or_wait(offered, place, waker, now);
        self.settle(inner);
        let_go(unused);
        match step {
            Step::Waits(offered) => {
                *entry = Some(offered);
                Poll::Pending
            }
            step => {
                let sent = self.conclude(step);
                // Room that was given before the last receiver went.
                self.abandon();
                Poll::Ready(sent)
            }
        }
    }

    /// An item that whoever sent it does not want any more, if it still waits.
    pub(crate) fn withdraw(&self, spot: Spot) -> Option<T> {
        let entry = self.with(|inner, _, _| inner.store.withdraw(spot));
        entry.map(|entry| entry.item)
    }

    /// A place for an item of this weight, or one in line.
    pub(crate) fn poll_reserve(
        &self,
        weight: u32,
        place: &mut Option<usize>,
        waker: &Waker,
    ) -> Poll<Result<(), SendError<()>>> {
        let waker = waker.clone();
        let mut inner = self.inner.lock();
        let (result, unused) = inner.reserve_or_wait(weight, place, waker);
        self.settle(inner);
        let_go(unused);
        result
    }

    pub(crate) fn try_reserve(&self, weight: u32) -> Result<(), SendError<()>> {
        self.with(|inner, _, _| inner.try_reserve(weight))
    }

    /// Gives a place in line up, and the room that it was given.
    #[inline]
    pub(crate) fn stop_sending(&self, place: &mut Option<usize>) {
        if let Some(place) = place.take() {
            self.leave(place, false);
        }
    }

    /// The same, for one who would have waited longer.
    #[inline]
    pub(crate) fn withdraw_sending(&self, place: &mut Option<usize>) {
        if let Some(place) = place.take() {
            self.leave(place, true);
        }
    }

    fn leave(&self, place: usize, gives_up: bool) {
        let unused = self.with(|inner, _, _| {
            if gives_up {
                inner.store.gives_up();
            }
            let (want, unused) = inner.senders.leave(place);
            if want.granted {
                inner.store.unreserve(want.weight);
            }
            inner.senders.shrink();
            unused
        });
        let_go(unused);
    }

    /// An item for a place that was reserved. It is let in although the queue may have been closed since.
    pub(crate) fn fill(&self, item: T, weight: u32) {
        let entry = self.functions.tag(item, weight, clock::coarse(), &self.log);
        let carried = Carried::current();
        let entry = Entry { carried, ..entry };
        self.with(|inner, _, _| inner.store.fill(entry));
        self.abandon();
    }

    pub(crate) fn unreserve(&self, weight: u32) {
        self.with(|inner, _, _| inner.store.unreserve(weight));
    }
}

/// What became of an item, and where it is, if it is in the queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived {
    pub(crate) sent: Sent,
    pub(crate) spot: Option<Spot>,
}

impl Arrived {
    #[inline]
    pub(crate) fn at(spot: Spot) -> Self {
        Self {
            sent: Sent::Queued,
            spot: Some(spot),
        }
    }
}

/// What has become of an item.
enum Step<T> {
    /// It was offered, with room for it or without.
    Done(Offered<T>),
    /// It would have to wait, or does.
    Waits(Entry<T>),
    /// Nothing comes in any more.
    Closed(Entry<T>),
}

impl<T> Inner<T> {
    fn offer(&mut self, entry: Entry<T>) -> Step<T> {
        if self.closed {
            return Step::Closed(entry);
        }
        // Nobody overtakes those who wait, unless nobody is to wait behind them either.
        if !self.senders.is_empty() && !self.store.drops() {
            return self.refuse(entry);
        }
        match self.store.offer(entry) {
            Offered::Full(entry) => self.refuse(entry),
            offered => Step::Done(offered),
        }
    }

    fn refuse(&self, entry: Entry<T>) -> Step<T> {
        if self.store.is_too_heavy(entry.tag.weight) {
            Step::Done(Offered::TooHeavy(entry))
        } else if self.store.waits() {
            Step::Waits(entry)
        } else {
            Step::Done(Offered::Full(entry))
        }
    }

    /// With it, a waker that is to be dropped outside the lock.
    fn offer_or_wait(
        &mut self,
        mut entry: Entry<T>,
        place: &mut Option<usize>,
        waker: Waker,
        now: Coarse,
    ) -> (Step<T>, Option<Waker>) {
        if let Some(at) = *place {
            if !self.senders.was_called(at) {
                return (Step::Waits(entry), self.senders.rejoin(at, waker));
            }
            *place = None;
            let (want, _) = self.senders.leave(at);
            if want.granted {
                // It has waited for the queue until now, and not in it.
                entry.tag.since = now;
                let spot = self.store.fill(entry);
                return (Step::Done(Offered::In(spot, Vec::new())), Some(waker));
            }
            // There will be no room: this says why, or the configuration has changed once more.
        }
        match self.offer(entry) {
            Step::Waits(entry) => {
                let (weight, granted) = (entry.tag.weight, false);
                *place = Some(self.senders.join(waker, Want { weight, granted }));
                (Step::Waits(entry), None)
            }
            step => (step, Some(waker)),
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

    /// With it, a waker that is to be dropped outside the lock.
    fn reserve_or_wait(
        &mut self,
        weight: u32,
        place: &mut Option<usize>,
        waker: Waker,
    ) -> (Poll<Result<(), SendError<()>>>, Option<Waker>) {
        if let Some(at) = *place {
            if !self.senders.was_called(at) {
                return (Poll::Pending, self.senders.rejoin(at, waker));
            }
            *place = None;
            let (want, _) = self.senders.leave(at);
            if want.granted {
                return (Poll::Ready(Ok(())), Some(waker));
            }
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
