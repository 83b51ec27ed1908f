//! What happens once in the life of a queue.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Inner, Shared};
use crate::wakers::let_go;

/// What happens once, and for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Nothing comes in any more.
    Closed,
    /// Nothing is in it either, and nothing will come back to it.
    Over,
}

impl<T> Shared<T> {
    /// Ready when it has come to that.
    pub(crate) fn until(&self, moment: Moment) -> Until<'_, T> {
        Until {
            shared: self,
            moment,
            place: None,
        }
    }
}

impl<T> Inner<T> {
    pub(super) fn has_come(&self, moment: Moment) -> bool {
        match moment {
            Moment::Closed => self.closed,
            Moment::Over => self.is_over(),
        }
    }
}

/// Waits for a moment.
pub(crate) struct Until<'a, T> {
    shared: &'a Shared<T>,
    moment: Moment,
    place: Option<usize>,
}

impl<T> Future for Until<'_, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let waker = cx.waker().clone();
        let mut inner = this.shared.inner.lock();
        if inner.has_come(this.moment) {
            drop(inner);
            return Poll::Ready(());
        }
        let watchers = &mut inner.watchers[this.moment as usize];
        let unused = match this.place {
            Some(place) => watchers.rejoin(place, waker),
            None => {
                this.place = Some(watchers.join(waker, ()));
                None
            }
        };
        drop(inner);
        let_go(unused);
        Poll::Pending
    }
}

impl<T> Drop for Until<'_, T> {
    fn drop(&mut self) {
        let Some(place) = self.place.take() else {
            return;
        };
        let mut inner = self.shared.inner.lock();
        let watchers = &mut inner.watchers[self.moment as usize];
        let ((), unused) = watchers.leave(place);
        watchers.shrink();
        drop(inner);
        let_go(unused);
    }
}
