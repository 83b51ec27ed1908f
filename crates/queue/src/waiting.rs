//! One who waits for room, with the item.

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

/// An item that waits for room.
pub(crate) struct Waiting<T> {
    item: Option<T>,
    /// In line.
    place: Option<usize>,
    /// Until it has waited for long enough.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<T> Waiting<T> {
    pub(crate) fn new(item: T) -> Self {
        Self {
            item: Some(item),
            place: None,
            patience: None,
        }
    }

    pub(crate) fn poll(
        &mut self,
        shared: &Arc<Shared<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Sent, SendError<T>>> {
        let sent = shared.poll_send(&mut self.item, &mut self.place, cx.waker());
        if sent.is_ready() {
            return sent;
        }
        if self.patience.is_none()
            && let Overload::WaitFor(time) = shared.look(|store| store.config().overload)
        {
            self.patience = Some(Box::pin(sleep_until(clock::after(time))));
        }
        let over = match &mut self.patience {
            Some(patience) => patience.as_mut().poll(cx).is_ready(),
            None => false,
        };
        match self.item.take_if(|_| over) {
            Some(item) => Poll::Ready(Err(SendError::Full(item))),
            None => Poll::Pending,
        }
    }

    /// Gives its place in line up.
    pub(crate) fn leave(&mut self, shared: &Shared<T>) {
        shared.stop_sending(&mut self.place);
    }
}

impl<T> fmt::Debug for Waiting<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").finish_non_exhaustive()
    }
}
