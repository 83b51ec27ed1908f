//! How an item goes out.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use seaworthy_core::clock::{self, Coarse};
use seaworthy_core::panic;

use super::{ITEMS, Inner, Keeper, STIRS, Shared, Way};
use crate::error::TryRecvError;
use crate::receipts::Receipts;
use crate::store::entry::Entry;
use crate::store::{Ending, Overboard, Settled, Ticket};
use crate::wakers::let_go;

/// How somebody receives, and where it is in line, if it is.
#[derive(Debug)]
pub(crate) struct Seat {
    way: Way,
    place: Option<usize>,
}

impl Seat {
    /// Not in line.
    pub(crate) fn new(way: Way) -> Self {
        let place = None;
        Self { way, place }
    }
}

/// Whether an item is to be waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lined {
    /// It is worth trying now.
    TryNow,
    /// Until somebody calls, and for no longer than this.
    Wait(Option<Duration>),
}

impl<T> Shared<T> {
    #[inline]
    pub(crate) fn try_recv(&self, seat: &mut Seat) -> Result<T, TryRecvError> {
        self.try_take(seat).map(|entry| entry.item)
    }

    /// The same, with all that is known about it.
    #[inline]
    pub(crate) fn try_take(&self, seat: &mut Seat) -> Result<Entry<T>, TryRecvError> {
        let entry = self.take(seat, |inner, now, overboard| {
            inner.store.take(now, overboard)
        })?;
        if entry.is_new() {
            self.metrics.waited(entry.tag.since, 1);
        }
        Ok(entry)
    }

    /// As many as there are, up to `most`.
    pub(crate) fn try_recv_many(
        &self,
        seat: &mut Seat,
        buffer: &mut Vec<T>,
        most: usize,
    ) -> Result<usize, TryRecvError> {
        let mut receipts = Receipts::default();
        let taken = self.take(seat, |inner, now, overboard| {
            let mut count = 0;
            while count < most
                && let Some(entry) = inner.store.take(now, overboard)
            {
                buffer.push(receipts.sign(entry));
                count += 1;
            }
            (count > 0).then_some(count)
        });
        receipts.tell(&self.metrics);
        taken
    }

    /// An item that stays in the queue until it is settled.
    pub(crate) fn try_recv_delivery(
        self: &Arc<Self>,
        seat: &mut Seat,
        copy: impl FnOnce(&T) -> T,
    ) -> Result<(Ticket, Entry<T>), TryRecvError> {
        let (ticket, entry) = self.take(seat, |inner, now, overboard| {
            inner.store.board(now, overboard)
        })?;
        if entry.tag.attempts == 1 {
            self.metrics.waited(entry.tag.since, 1);
        }
        // A copy is made by code of the user, outside the lock. If that panics, the item goes back.
        let boarding = Boarding {
            shared: self,
            ticket,
            entry: Some(entry),
        };
        Ok(boarding.depart(copy))
    }

    /// Whether there is something to receive, or was a moment ago.
    pub(crate) fn peek(&self, seat: &Seat) -> Result<(), TryRecvError> {
        if !self.is_known(STIRS) {
            return Err(TryRecvError::Empty);
        }
        if seat.way == Way::Take && self.is_known(ITEMS) {
            return Ok(());
        }
        let inner = self.inner.lock();
        if inner.has_something(seat.way, inner.now()) {
            Ok(())
        } else {
            Err(inner.nothing())
        }
    }

    /// Whoever gets something, or is told that there will be nothing, leaves the line.
    #[inline]
    fn take<R>(
        &self,
        seat: &mut Seat,
        take: impl FnOnce(&mut Inner<T>, Coarse, &mut Vec<Overboard<T>>) -> Option<R>,
    ) -> Result<R, TryRecvError> {
        if !self.is_known(STIRS) {
            return Err(TryRecvError::Empty);
        }
        let mut overboard = Vec::new();
        let mut inner = self.inner.lock();
        let now = inner.now();
        let taken = take(&mut inner, now, &mut overboard);
        let taken = taken.ok_or_else(|| inner.nothing());
        let stays = taken.as_ref().is_err_and(|it| *it == TryRecvError::Empty);
        let unused = if stays || seat.place.is_none() {
            None
        } else {
            inner.leave_line(seat, true)
        };
        self.settle(inner);
        let_go(unused);
        if !overboard.is_empty() {
            self.throw(overboard);
        }
        taken
    }

    /// Takes a place in line for an item, or keeps it; unless it is worth trying now.
    pub(crate) fn line_up(&self, seat: &mut Seat, waker: &Waker) -> Lined {
        let waker = waker.clone();
        let mut inner = self.inner.lock();
        let now = inner.now();
        let (lined, unused) = inner.line_up(seat, waker, now);
        if inner.stirs() {
            self.settle(inner);
        } else {
            // It has come to a queue in which nothing is to be seen to.
            drop(inner);
        }
        let_go(unused);
        lined
    }

    /// Gives a place in line up. Who was called and took nothing calls the next.
    #[inline]
    pub(crate) fn stop_receiving(&self, seat: &mut Seat) {
        if seat.place.is_some() {
            self.leave_line(seat);
        }
    }

    fn leave_line(&self, seat: &mut Seat) {
        let unused = self.with(|inner, _, _| inner.leave_line(seat, false));
        let_go(unused);
    }

    /// A delivery has ended. The item, if it is done; `None` if the delivery had ended before.
    pub(crate) fn settle_delivery(&self, ticket: Ticket, ending: Ending) -> Option<Settled<T>> {
        let settled =
            self.with(|inner, now, overboard| inner.store.settle(now, ticket, ending, overboard));
        self.abandon();
        settled
    }

    pub(crate) fn extend(&self, ticket: Ticket) -> bool {
        self.with(|inner, now, _| inner.store.extend(now, ticket))
    }
}

impl<T> Inner<T> {
    /// What time it is, if that matters to whoever receives.
    #[inline]
    fn now(&self) -> Coarse {
        if self.store.is_timed() {
            clock::coarse()
        } else {
            Coarse::default()
        }
    }

    fn nothing(&self) -> TryRecvError {
        if self.is_over() {
            TryRecvError::Closed
        } else {
            TryRecvError::Empty
        }
    }

    fn has_something(&self, way: Way, now: Coarse) -> bool {
        let allowed = way == Way::Take || self.store.may_board();
        let is_due = || self.store.next_due().is_some_and(|due| due <= now);
        allowed && self.store.len() > 0 || self.store.awaits_something() && is_due()
    }

    /// With it, a waker that is to be dropped outside the lock.
    fn line_up(&mut self, seat: &mut Seat, waker: Waker, now: Coarse) -> (Lined, Option<Waker>) {
        let way = seat.way;
        if self.is_over() || self.has_something(way, now) {
            return (Lined::TryNow, Some(waker));
        }
        let line = &mut self.receivers[way as usize];
        let (place, unused) = match seat.place {
            Some(place) => (place, line.rejoin(place, waker)),
            None => (line.join(waker, ()), None),
        };
        seat.place = Some(place);
        (self.watch(way, place, now), unused)
    }

    /// One who waits becomes or stays the keeper, if there is something to look after and nobody who does in time.
    fn watch(&mut self, way: Way, place: usize, now: Coarse) -> Lined {
        if self.keeper.is_none() && !self.store.awaits_something() {
            return Lined::Wait(None);
        }
        let others = self.keeper.filter(|it| (it.way, it.place) != (way, place));
        let due = self.store.next_due();
        let due = due.filter(|due| others.is_none_or(|other| *due < other.due));
        let Some(due) = due else {
            self.keeper = others;
            return Lined::Wait(None);
        };
        self.keeper = Some(Keeper { way, place, due });
        let delay = due.since(now) + clock::coarse_lag() + Duration::from_nanos(1);
        Lined::Wait(Some(delay))
    }

    fn leave_line(&mut self, seat: &mut Seat, took: bool) -> Option<Waker> {
        let place = seat.place.take()?;
        let keeps = |keeper: Keeper| (keeper.way, keeper.place) == (seat.way, place);
        if self.keeper.is_some_and(keeps) {
            self.keeper = None;
        }
        let line = &mut self.receivers[seat.way as usize];
        let called = line.was_called(place);
        let ((), unused) = line.leave(place);
        line.shrink();
        if called && !took {
            self.store.pass_news_on();
        }
        unused
    }
}

/// An item that is about to be delivered.
struct Boarding<'a, T> {
    shared: &'a Shared<T>,
    ticket: Ticket,
    entry: Option<Entry<T>>,
}

impl<T> Boarding<'_, T> {
    fn depart(mut self, copy: impl FnOnce(&T) -> T) -> (Ticket, Entry<T>) {
        let copy = match &self.entry {
            Some(entry) => Entry {
                item: entry.carried.run(|| copy(&entry.item)),
                tag: entry.tag,
                carried: entry.carried.clone(),
            },
            None => unreachable!("it is there until it departs"),
        };
        if let Some(entry) = self.entry.take() {
            let ticket = self.ticket;
            self.shared
                .with(|inner, now, _| inner.store.depart(now, ticket, entry));
        }
        (self.ticket, copy)
    }
}

/// The copy could not be made.
impl<T> Drop for Boarding<'_, T> {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            let (ticket, ending) = (self.ticket, Ending::Panicked(panic::current()));
            self.shared.with(|inner, now, overboard| {
                inner.store.depart(now, ticket, entry);
                inner.store.settle(now, ticket, ending, overboard)
            });
            self.shared.abandon();
        }
    }
}
