//! The end of a queue.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::Shared;

impl<T> Shared<T> {
    /// Ready when the queue is closed, and nothing is in it or will come back to it.
    pub(crate) fn emptied(&self) -> Emptied<'_, T> {
        let place = None;
        Emptied {
            shared: self,
            place,
        }
    }
}

/// Waits for the end of a queue.
pub(crate) struct Emptied<'a, T> {
    shared: &'a Shared<T>,
    place: Option<usize>,
}

impl<T> Future for Emptied<'_, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let waker = cx.waker().clone();
        let mut inner = this.shared.inner.lock();
        if inner.is_over() {
            drop(inner);
            return Poll::Ready(());
        }
        let unused = match this.place {
            Some(place) => Some(inner.drainers.rejoin(place, waker)),
            None => {
                this.place = Some(inner.drainers.join(waker, ()));
                None
            }
        };
        drop(inner);
        drop(unused);
        Poll::Pending
    }
}

impl<T> Drop for Emptied<'_, T> {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            let left = self.shared.inner.lock().drainers.leave(place);
            drop(left);
        }
    }
}
