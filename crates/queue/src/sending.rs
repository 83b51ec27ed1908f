//! Waiting for room.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use seaworthy_core::clock;
use tokio::time::{Sleep, sleep_until};

use crate::config::Overload;
use crate::error::SendError;
use crate::sender::Sent;
use crate::shared::Shared;

/// Sends an item. Of [`Sender::send`](crate::Sender::send).
#[must_use = "futures do nothing unless they are polled"]
pub struct Sending<'a, T> {
    shared: &'a Arc<Shared<T>>,
    item: Option<T>,
    /// In line.
    place: Option<usize>,
    /// Until it has waited for long enough.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<T> Unpin for Sending<'_, T> {}

impl<'a, T> Sending<'a, T> {
    pub(crate) fn new(shared: &'a Arc<Shared<T>>, item: T) -> Self {
        Self {
            shared,
            item: Some(item),
            place: None,
            patience: None,
        }
    }

    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.patience.is_none()
            && let Overload::WaitFor(time) = self.shared.look(|store| store.config().overload)
        {
            self.patience = Some(Box::pin(sleep_until(clock::after(time))));
        }
        match &mut self.patience {
            Some(patience) => patience.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

impl<T> Future for Sending<'_, T> {
    type Output = Result<Sent, SendError<T>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let Self {
            shared,
            item,
            place,
            ..
        } = this;
        if let Poll::Ready(sent) = shared.poll_send(item, place, cx.waker()) {
            return Poll::Ready(sent);
        }
        if this.poll_patience(cx).is_pending() {
            return Poll::Pending;
        }
        match this.item.take() {
            Some(item) => Poll::Ready(Err(SendError::Full(item))),
            None => Poll::Pending,
        }
    }
}

impl<T> Drop for Sending<'_, T> {
    fn drop(&mut self) {
        self.shared.stop_sending(&mut self.place);
    }
}

impl<T> fmt::Debug for Sending<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").finish_non_exhaustive()
    }
}

/// Takes room for an item.
pub(crate) struct Reserving<'a, T> {
    shared: &'a Arc<Shared<T>>,
    weight: u32,
    place: Option<usize>,
}

impl<'a, T> Reserving<'a, T> {
    pub(crate) fn new(shared: &'a Arc<Shared<T>>, weight: u32) -> Self {
        Self {
            shared,
            weight,
            place: None,
        }
    }
}

impl<T> Future for Reserving<'_, T> {
    type Output = Result<(), SendError<()>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        this.shared
            .poll_reserve(this.weight, &mut this.place, cx.waker())
    }
}

impl<T> Drop for Reserving<'_, T> {
    fn drop(&mut self) {
        self.shared.stop_sending(&mut self.place);
    }
}
