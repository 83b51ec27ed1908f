//! Tasks that belong to one incarnation of a child.

use std::pin::Pin;
use std::task::{Context as Waking, Poll};

use pin_project::pin_project;
use seaworthy_core::panic;
use tokio::task::{AbortHandle, JoinHandle};

use crate::exit::{ExitReason, Panic};
use crate::node::{Live, Place};

/// A future of the child and the guard that signs it off; the guard is dropped after the future.
#[pin_project]
pub(super) struct SubTask<F> {
    #[pin]
    future: F,
    guard: Guard,
    /// That of whoever spawned it: the incarnation, as a rule.
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

/// Tells the supervisor that nothing of the sub-task is left.
#[derive(Debug)]
struct Guard {
    place: Place,
    number: u64,
}

/// Something that belongs to an incarnation and that no abort reaches: a thread, an operating-system
/// process. The incarnation is not over before this is dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    _guard: Guard,
}

impl<F> SubTask<F>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    pub(super) fn spawn(place: &Place, future: F) -> JoinHandle<F::Output> {
        let number = place.enlist();
        let guard = Guard {
            place: place.clone(),
            number: number.unwrap_or(u64::MAX),
        };
        let handle = place.node.tree.runtime.spawn(Self {
            future,
            guard,
            #[cfg(feature = "tracing")]
            span: tracing::Span::current(),
        });
        let abort = handle.abort_handle();
        if number.is_none_or(|number| !place.keep(number, abort)) {
            handle.abort();
        }
        handle
    }
}

impl<F: Future> Future for SubTask<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, waker: &mut Waking<'_>) -> Poll<F::Output> {
        let this = self.project();
        #[cfg(feature = "tracing")]
        let _entered = this.span.enter();
        match panic::catch(|| this.future.poll(waker)) {
            Ok(polled) => polled,
            Err(panicked) => {
                let message = panicked.message.clone();
                this.guard.place.doom(panicked.into());
                // For whoever awaits the handle. The hook has reported it already.
                std::panic::resume_unwind(Box::new(message))
            }
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.place.sign_off(self.number);
    }
}

impl Place {
    /// Keeps the incarnation from being over; `None` if it is already.
    pub(crate) fn hold(&self) -> Option<Hold> {
        let number = self.enlist()?;
        let place = self.clone();
        Some(Hold {
            _guard: Guard { place, number },
        })
    }

    /// A number for a new sub-task, unless the child has ended.
    fn enlist(&self) -> Option<u64> {
        self.node.with(|state| {
            let extra = state.current(self.key, self.incarnation)?.extra();
            if extra.pending.is_some() {
                return None;
            }
            extra.next_subtask += 1;
            extra.subtasks.insert(extra.next_subtask, None);
            Some(extra.next_subtask)
        })
    }

    /// Keeps the handle by which the sub-task is ended; false if it is to end at once.
    fn keep(&self, number: u64, abort: AbortHandle) -> bool {
        self.node.with(|state| {
            let Some(seat) = state.current(self.key, self.incarnation) else {
                return false;
            };
            let extra = seat.extra();
            if let Some(handle) = extra.subtasks.get_mut(&number) {
                *handle = Some(abort);
            }
            extra.pending.is_none()
        })
    }

    fn sign_off(&self, number: u64) {
        let end = self.node.with(|state| {
            let extra = state.current(self.key, self.incarnation)?.extra.as_mut()?;
            extra.subtasks.remove(&number)?;
            if extra.subtasks.is_empty() {
                extra.pending.take()
            } else {
                None
            }
        });
        if let Some(end) = end {
            self.node.process_ended(self.key, self.incarnation, end);
        }
    }

    /// A sub-task panicked: that ends the child.
    fn doom(&self, panic: Panic) {
        let main = self.node.with(|state| {
            let seat = state.current(self.key, self.incarnation)?;
            let main = seat.doom(ExitReason::Panic(panic))?;
            state.condemn(self.key, self.incarnation);
            Some(main)
        });
        if let Some(Live::Task(main)) = main {
            main.abort();
            self.node.watch_the_condemned();
        }
    }
}
