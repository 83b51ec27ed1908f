//! Waiting until calls are let through, in `poll_ready`.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use seaworthy_core::shard::Share;
use tokio::time::{Sleep, sleep};

use crate::permit::Permit;
use crate::shared::Shared;

/// What a service holds that is not ready while its breaker is open.
#[derive(Debug, Default)]
pub(crate) struct Wait {
    reserved: Option<Permit>,
    /// Its place among those who wait for a change; 0 if it does not wait.
    number: u64,
    /// Until the breaker may be tried: a change that nobody brings about.
    due: Option<Pin<Box<Sleep>>>,
}

impl Wait {
    /// Ready if a call would be let through, as far as can be told.
    pub(crate) fn poll_open(&mut self, shared: &Share<Shared>, cx: &mut Context<'_>) -> Poll<()> {
        // What was reserved for a call that was not made is given back first.
        if let Some(unused) = self.reserved.take() {
            unused.release();
        }
        self.poll(shared, cx, |shared| match shared.rejects() {
            Some(_) => Err(()),
            None => Ok(()),
        })
    }

    /// Takes a place for one call.
    pub(crate) fn poll_reserve(
        &mut self,
        shared: &Share<Shared>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let mut reserved = None;
        let polled = self.poll(shared, cx, |shared| {
            let ticket = shared.try_acquire()?;
            reserved = Some(Permit::new(shared.clone(), ticket));
            Ok(())
        });
        self.reserved = reserved;
        polled
    }

    fn poll(
        &mut self,
        shared: &Share<Shared>,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&Share<Shared>) -> Result<(), ()>,
    ) -> Poll<()> {
        if attempt(shared).is_ok() {
            self.leave_line(shared);
            return Poll::Ready(());
        }
        loop {
            // First in line, then asked again: a change in between is not missed.
            shared.wait(&mut self.number, cx.waker());
            if attempt(shared).is_ok() {
                self.leave_line(shared);
                return Poll::Ready(());
            }
            let Some(delay) = shared.next_change() else {
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

    fn leave_line(&mut self, shared: &Shared) {
        self.due = None;
        shared.leave(&mut self.number);
    }

    /// The service is dropped.
    pub(crate) fn leave(&mut self, shared: &Shared) {
        if let Some(unused) = self.reserved.take() {
            unused.release();
        }
        self.leave_line(shared);
    }
}
