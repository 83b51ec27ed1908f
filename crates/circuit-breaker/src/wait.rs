//! Waiting until calls are let through, in `poll_ready`.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use seaworthy_core::shard::Share;
use tokio::time::{Sleep, sleep};

use crate::permit::Permit;
use crate::shared::Shared;

/// What a service holds that is not ready while its breaker is open.
#[derive(Debug, Default)]
pub(crate) struct Wait {
    reserved: Option<Permit>,
    /// Until the breaker may be tried: a change that nobody brings about.
    due: Option<Pin<Box<Sleep>>>,
}

/// When to ask again, if nobody brings about a change before; `None` if nothing changes by itself.
pub(crate) type Delay = Option<Duration>;

impl Wait {
    /// Ready if a call would be let through, as far as can be told.
    pub(crate) fn poll_open(
        &mut self,
        shared: &Share<Shared>,
        place: &mut u64,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        // What was reserved for a call that was not made is given back first.
        self.give_back();
        if shared.rejects().is_none() {
            self.due = None;
            return Poll::Ready(());
        }
        self.poll(cx, |waker| shared.wait_while_open(place, waker))
    }

    /// Takes a place for one call.
    pub(crate) fn poll_reserve(
        &mut self,
        shared: &Share<Shared>,
        place: &mut u64,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let mut reserved = None;
        let polled = self.poll(cx, |waker| {
            let ticket = shared.reserve_or_wait(place, waker)?;
            reserved = Some(Permit::new(shared.clone(), ticket));
            Ok(())
        });
        self.reserved = reserved;
        polled
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&Waker) -> Result<(), Delay>,
    ) -> Poll<()> {
        loop {
            let delay = match attempt(cx.waker()) {
                Ok(()) => {
                    self.due = None;
                    return Poll::Ready(());
                }
                Err(delay) => delay,
            };
            let Some(delay) = delay else {
                self.due = None;
                return Poll::Pending;
            };
            // The timers of the runtime are a millisecond coarse.
            let sleep = Box::pin(sleep(delay.max(Duration::from_millis(1))));
            if self.due.insert(sleep).as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    pub(crate) fn take(&mut self) -> Option<Permit> {
        self.reserved.take()
    }

    /// No call is made with what was reserved.
    pub(crate) fn give_back(&mut self) {
        if let Some(unused) = self.reserved.take() {
            unused.release();
        }
    }
}
