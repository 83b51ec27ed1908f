//! Waiting for the last thread to go.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use seaworthy_core::panic;

use super::shared::Shared;

pub(crate) struct Gone {
    shared: Arc<Shared>,
    /// Among those who wait; 0 if it does not.
    place: u64,
}

impl Gone {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        Self {
            shared: Arc::clone(shared),
            place: 0,
        }
    }
}

impl Future for Gone {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let waker = cx.waker().clone();
        let (are_gone, unused) = this.shared.crew.poll_gone(&mut this.place, waker);
        panic::drop_quietly(unused);
        if are_gone {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Gone {
    fn drop(&mut self) {
        if self.place != 0 {
            panic::drop_quietly(self.shared.crew.stop_waiting(&mut self.place));
        }
    }
}
