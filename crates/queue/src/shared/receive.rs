//! How an item goes out.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use seaworthy_core::clock::{self, Coarse};
use seaworthy_core::sync::atomic::Ordering;

use super::{Inner, Keeper, Shared, Way};
use crate::error::TryRecvError;
use crate::letter::DeadLetter;
use crate::store::entry::{Entry, Tag};
use crate::store::{Ending, Overboard, Settled, Ticket};

/// Whether an item is to be waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lined {
    /// It is worth trying now.
    TryNow,
    /// Until somebody calls, and for no longer than this.
    Wait(Option<Duration>),
}

impl<T> Shared<T> {
    pub(crate) fn try_recv(&self) -> Result<T, TryRecvError> {
        let taken = self.take(|inner, now, overboard| inner.store.take(now, overboard));
        taken.map(|entry| entry.item)
    }

    /// As many as there are, up to `most`.
    pub(crate) fn try_recv_many(
        &self,
        buffer: &mut Vec<T>,
        most: usize,
    ) -> Result<usize, TryRecvError> {
        self.take(|inner, now, overboard| {
            let mut count = 0;
            while count < most
                && let Some(entry) = inner.store.take(now, overboard)
            {
                buffer.push(entry.item);
                count += 1;
            }
            (count > 0).then_some(count)
        })
    }

    /// An item that stays in the queue until it is settled.
    pub(crate) fn try_recv_delivery(self: &Arc<Self>) -> Result<(Ticket, T, Tag), TryRecvError>
    where
        T: Clone,
    {
        let (ticket, entry) =
            self.take(|inner, now, overboard| inner.store.board(now, overboard))?;
        // A copy is made by code of the user, outside the lock. If that panics, the item goes back.
        let boarding = Boarding {
            shared: self,
            ticket,
            entry: Some(entry),
        };
        Ok(boarding.depart())
    }

    /// Whether there is something to receive.
    pub(crate) fn peek(&self, way: Way) -> Result<(), TryRecvError> {
        let inner = self.inner.lock();
        if inner.has_something(way, clock::coarse()) {
            Ok(())
        } else {
            Err(inner.nothing())
        }
    }

    fn take<R>(
        &self,
        take: impl FnOnce(&mut Inner<T>, Coarse, &mut Vec<Overboard<T>>) -> Option<R>,
    ) -> Result<R, TryRecvError> {
        let now = clock::coarse();
        let mut overboard = Vec::new();
        let (taken, wakers) = {
            let mut inner = self.inner.lock();
            let taken = take(&mut inner, now, &mut overboard);
            let taken = taken.ok_or_else(|| inner.nothing());
            (taken, self.settle(&mut inner))
        };
        wakers.wake();
        if !overboard.is_empty() {
            self.throw(overboard);
        }
        taken
    }

    /// Takes a place in line for an item, or keeps it; unless it is worth trying now.
    pub(crate) fn poll_line(&self, way: Way, place: &mut Option<usize>, waker: &Waker) -> Lined {
        let waker = waker.clone();
        let now = clock::coarse();
        let (polled, wakers, unused) = {
            let mut inner = self.inner.lock();
            let (polled, unused) = inner.line_up(way, place, waker, now);
            (polled, self.settle(&mut inner), unused)
        };
        wakers.wake();
        drop(unused);
        polled
    }

    /// Gives a place in line up. Who was called and took nothing calls the next.
    pub(crate) fn stop_receiving(&self, way: Way, place: &mut Option<usize>, took: bool) {
        let Some(place) = place.take() else {
            return;
        };
        let (wakers, unused) = {
            let mut inner = self.inner.lock();
            let unused = inner.leave_line(way, place, took);
            (self.settle(&mut inner), unused)
        };
        wakers.wake();
        drop(unused);
    }

    /// A delivery has ended. The item, if it is done; `None` if the delivery had ended before.
    pub(crate) fn settle_delivery(&self, ticket: Ticket, ending: Ending) -> Option<Settled<T>> {
        self.with(|inner, now, overboard| inner.store.settle(now, ticket, ending, overboard))
    }

    pub(crate) fn extend(&self, ticket: Ticket) -> bool {
        self.with(|inner, now, _| inner.store.extend(now, ticket))
    }

    pub(crate) fn take_dead(&self) -> Option<DeadLetter<T>> {
        self.with(|inner, _, _| inner.store.take_dead())
    }

    pub(crate) fn drain_one(&self) -> Option<T> {
        let entry = self.with(|inner, _, _| inner.store.drain_one());
        entry.map(|entry| entry.item)
    }

    pub(crate) fn throw_one(&self, item: T, why: crate::why::Why) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        self.functions.throw(item, why);
    }
}

impl<T> Inner<T> {
    fn nothing(&self) -> TryRecvError {
        if self.is_over() {
            TryRecvError::Closed
        } else {
            TryRecvError::Empty
        }
    }

    fn has_something(&self, way: Way, now: Coarse) -> bool {
        let due = self.store.next_due().is_some_and(|due| due <= now);
        let allowed = way == Way::Take || self.store.may_board();
        due || allowed && self.store.len() > 0
    }

    fn line_up(
        &mut self,
        way: Way,
        place: &mut Option<usize>,
        waker: Waker,
        now: Coarse,
    ) -> (Lined, Option<Waker>) {
        if self.is_over() || self.has_something(way, now) {
            return (Lined::TryNow, Some(waker));
        }
        let line = &mut self.receivers[way as usize];
        let (at, unused) = match *place {
            Some(at) => (at, Some(line.rejoin(at, waker))),
            None => (line.join(waker, ()), None),
        };
        *place = Some(at);
        let keeps = self.keeper.is_none_or(|it| (it.way, it.place) == (way, at));
        let due = self
            .store
            .next_due()
            .filter(|due| keeps || self.keeper.is_some_and(|keeper| *due < keeper.due));
        let Some(due) = due else {
            if keeps {
                self.keeper = None;
            }
            return (Lined::Wait(None), unused);
        };
        self.keeper = Some(Keeper {
            way,
            place: at,
            due,
        });
        let delay = due.since(now) + clock::coarse_lag() + Duration::from_nanos(1);
        (Lined::Wait(Some(delay)), unused)
    }

    fn leave_line(&mut self, way: Way, place: usize, took: bool) -> Waker {
        let keeps = |keeper: &Keeper| (keeper.way, keeper.place) == (way, place);
        if self.keeper.as_ref().is_some_and(keeps) {
            self.keeper = None;
        }
        let line = &mut self.receivers[way as usize];
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

impl<T: Clone> Boarding<'_, T> {
    fn depart(mut self) -> (Ticket, T, Tag) {
        let (copy, tag) = match &self.entry {
            Some(entry) => (entry.item.clone(), entry.tag),
            None => unreachable!("it is there until it departs"),
        };
        if let Some(entry) = self.entry.take() {
            let ticket = self.ticket;
            self.shared
                .with(|inner, now, _| inner.store.depart(now, ticket, entry));
        }
        (self.ticket, copy, tag)
    }
}

/// The copy could not be made.
impl<T> Drop for Boarding<'_, T> {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            let ticket = self.ticket;
            self.shared.with(|inner, now, overboard| {
                inner.store.depart(now, ticket, entry);
                inner
                    .store
                    .settle(now, ticket, Ending::Panicked(None), overboard)
            });
        }
    }
}
