//! Dead letters, and those who wait for them.

use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use tokio::task::coop::poll_proceed;

use super::{Inner, Shared};
use crate::letter::DeadLetter;
use crate::wakers::{Wakers, let_go};

impl<T> Shared<T> {
    pub(crate) fn take_dead(&self) -> Option<DeadLetter<T>> {
        self.with(|inner, _, _| inner.store.take_dead())
    }

    /// Up to so many come in anew. How many it were.
    pub(crate) fn resend_dead(&self, most: usize) -> usize {
        let sent = self.with(|inner, now, _| {
            // Nobody overtakes those who wait.
            let may = !inner.closed && inner.senders.is_empty();
            if may {
                inner.store.resend_dead(now, most)
            } else {
                0
            }
        });
        self.abandon();
        sent
    }

    /// Ready with one, or with `None` if there will be none any more.
    pub(crate) fn recv_dead(&self) -> Mourning<'_, T> {
        Mourning {
            shared: self,
            place: None,
        }
    }
}

impl<T> Inner<T> {
    /// Nobody waits for dead letters that are there.
    #[inline]
    pub(super) fn rests_in_peace(&self) -> bool {
        self.store.dead() == 0 || self.mourners.is_empty()
    }

    /// One for each letter; whoever is called and takes none makes way for the next.
    pub(super) fn call_mourners(&mut self, wakers: &mut Wakers) {
        while self.is_over() || self.mourners.called() < self.store.dead() {
            let Some((_, waker)) = self.mourners.call() else {
                return;
            };
            wakers.push(waker);
        }
    }

    /// With it, wakers that are to be dropped outside the lock.
    fn mourn(
        &mut self,
        place: &mut Option<usize>,
        waker: Waker,
    ) -> (Poll<Option<DeadLetter<T>>>, [Option<Waker>; 2]) {
        let letter = self.store.take_dead();
        if letter.is_none() && !self.is_over() {
            let unused = match *place {
                Some(place) => self.mourners.rejoin(place, waker),
                None => {
                    *place = Some(self.mourners.join(waker, ()));
                    None
                }
            };
            return (Poll::Pending, [unused, None]);
        }
        let unused = place.take().and_then(|place| self.mourners.leave(place).1);
        (Poll::Ready(letter), [unused, Some(waker)])
    }
}

/// Waits for a dead letter.
pub(crate) struct Mourning<'a, T> {
    shared: &'a Shared<T>,
    place: Option<usize>,
}

impl<T> Future for Mourning<'_, T> {
    type Output = Option<DeadLetter<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let coop = ready!(poll_proceed(cx));
        let this = self.get_mut();
        let waker = cx.waker().clone();
        let mut inner = this.shared.inner.lock();
        let (polled, unused) = inner.mourn(&mut this.place, waker);
        this.shared.settle(inner);
        let_go(unused.into_iter().flatten());
        if polled.is_ready() {
            coop.made_progress();
        }
        polled
    }
}

impl<T> Drop for Mourning<'_, T> {
    fn drop(&mut self) {
        let Some(place) = self.place.take() else {
            return;
        };
        let ((), unused) = self.shared.with(|inner, _, _| {
            let left = inner.mourners.leave(place);
            inner.mourners.shrink();
            left
        });
        let_go(unused);
    }
}
