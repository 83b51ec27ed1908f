//! A sender as a sink.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_sink::Sink;

use crate::error::SendError;
use crate::sender::Sender;
use crate::sending::Offering;

/// Sends items into a queue. Of [`Sender::into_sink`].
///
/// Each item is sent as [`Sender::send`] does. An item waits in here until it is in the queue, which whoever flushes
/// sees to; the error of one comes from the poll after it, with the item. Closing it drops the sender, once all is
/// flushed.
///
/// # Cancel safety
///
/// Dropping it drops the item that waits in here, if one does. Dropping a future that polls it loses nothing.
#[must_use = "sinks do nothing unless they are polled"]
pub struct SendSink<T> {
    /// Until it is closed.
    sender: Option<Sender<T>>,
    offering: Option<Offering<T>>,
}

impl<T> Unpin for SendSink<T> {}

impl<T> SendSink<T> {
    pub(crate) fn new(sender: Sender<T>) -> Self {
        Self {
            sender: Some(sender),
            offering: None,
        }
    }
}

impl<T> Sink<T> for SendSink<T> {
    type Error = SendError<T>;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError<T>>> {
        self.poll_flush(cx)
    }

    fn start_send(self: Pin<&mut Self>, item: T) -> Result<(), SendError<T>> {
        let this = self.get_mut();
        if this.sender.is_none() {
            return Err(SendError::Closed(item));
        }
        assert!(
            this.offering.is_none(),
            "`start_send` before `poll_ready` was ready"
        );
        this.offering = Some(Offering::new(item));
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError<T>>> {
        let this = self.get_mut();
        let (Some(sender), Some(offering)) = (&this.sender, &mut this.offering) else {
            return Poll::Ready(Ok(()));
        };
        let sent = ready!(offering.poll(sender.shared(), cx));
        this.offering = None;
        Poll::Ready(sent.map(drop))
    }

    fn poll_close(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<T>>> {
        ready!(self.as_mut().poll_flush(cx))?;
        self.sender = None;
        Poll::Ready(Ok(()))
    }
}

impl<T> Drop for SendSink<T> {
    fn drop(&mut self) {
        if let (Some(sender), Some(offering)) = (&self.sender, &mut self.offering) {
            drop(offering.withdraw(sender.shared()));
        }
    }
}

impl<T> fmt::Debug for SendSink<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendSink")
            .field("sender", &self.sender)
            .finish_non_exhaustive()
    }
}
