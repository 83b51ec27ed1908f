//! The body of a child that runs once.

use std::pin::Pin;
use std::task::{Context as Waking, Poll, ready};

use pin_project::pin_project;
use seaworthy_core::panic;
use seaworthy_core::sync::Lock;
use tokio::sync::oneshot;

use crate::body::Make;
use crate::context::Context;
use crate::exit::{ChildResult, ExitReason};
use crate::monitor::Down;
use crate::node::Place;

/// Makes one incarnation, from a closure that can be called once.
pub(super) struct Once<F, R> {
    work: Lock<Option<(F, R)>>,
    ties: Lock<Ties>,
}

/// Who is to know of the end of the task. Tied before it can be polled, so that no end is missed.
#[derive(Default)]
pub(super) struct Ties {
    pub(super) down: Option<oneshot::Sender<Down>>,
    pub(super) link: Option<Place>,
}

impl<F, R> Once<F, R> {
    pub(super) fn new(work: F, report: R, ties: Ties) -> Self {
        Self {
            work: Lock::new(Some((work, report))),
            ties: Lock::new(ties),
        }
    }

    fn take(&self) -> Option<(F, R)> {
        self.work.lock().take()
    }
}

impl<F, R, Fut> Make for Once<F, R>
where
    F: FnOnce(Context) -> Fut + Send + 'static,
    Fut: Future + Send + 'static,
    R: Report<Fut::Output>,
{
    type Future = Running<Fut, R>;

    fn make(&self, cx: Context) -> Running<Fut, R> {
        let wanted = self.take().filter(|(_, report)| report.is_wanted());
        let (future, report) = match wanted {
            Some((work, report)) => (Some(work(cx)), Some(report)),
            None => (None, None),
        };
        Running { future, report }
    }

    fn placed(&self, place: &Place) {
        let Ties { down, link } = std::mem::take(&mut *self.ties.lock());
        if let Some(down) = down {
            place.watch(down);
        }
        if let Some(link) = link {
            place.link(&link);
        }
    }

    fn discard(&self) {
        drop(self.take());
    }
}

/// What becomes of the output of a task.
pub(super) trait Report<T>: Send + 'static {
    fn report(self, output: T) -> ChildResult;

    /// Whether the task is to begin at all.
    fn is_wanted(&self) -> bool {
        true
    }

    /// Ready when nobody wants the output any more and the task is to end for that.
    fn poll_unwanted(&mut self, _waker: &mut Waking<'_>) -> Poll<()> {
        Poll::Pending
    }
}

/// The output is how the child ends.
pub(super) struct Forget;

impl Report<ChildResult> for Forget {
    fn report(self, output: ChildResult) -> ChildResult {
        output
    }
}

/// The output goes to whoever has the handle.
pub(super) struct Reply<T> {
    pub(super) sender: oneshot::Sender<T>,
    /// The task ends with its handle.
    pub(super) tied: bool,
}

impl<T: Send + 'static> Report<T> for Reply<T> {
    fn report(self, output: T) -> ChildResult {
        if let Err(unwanted) = self.sender.send(output) {
            panic::drop_quietly(unwanted);
        }
        Ok(())
    }

    fn is_wanted(&self) -> bool {
        !(self.tied && self.sender.is_closed())
    }

    fn poll_unwanted(&mut self, waker: &mut Waking<'_>) -> Poll<()> {
        if self.tied {
            self.sender.poll_closed(waker)
        } else {
            Poll::Pending
        }
    }
}

/// The one incarnation.
#[pin_project]
pub(super) struct Running<Fut, R> {
    #[pin]
    future: Option<Fut>,
    report: Option<R>,
}

impl<Fut, R> Future for Running<Fut, R>
where
    Fut: Future,
    R: Report<Fut::Output>,
{
    type Output = ChildResult;

    fn poll(self: Pin<&mut Self>, waker: &mut Waking<'_>) -> Poll<ChildResult> {
        let this = self.project();
        let (Some(future), Some(report)) = (this.future.as_pin_mut(), this.report.as_mut()) else {
            return Poll::Ready(Err(unwanted().into()));
        };
        if report.poll_unwanted(waker).is_ready() {
            return Poll::Ready(Err(unwanted().into()));
        }
        let output = ready!(future.poll(waker));
        // Before the future is dropped, which may panic: the output is in nobody's hands then.
        Poll::Ready(match this.report.take() {
            Some(report) => report.report(output),
            None => Ok(()),
        })
    }
}

/// An orderly end: nobody is there for whom it could be a crash.
fn unwanted() -> ExitReason {
    ExitReason::shutdown("nobody waits for its result")
}

impl Place {
    /// Adds a monitor.
    fn watch(&self, down: oneshot::Sender<Down>) {
        self.node.with(|state| {
            if let Some(seat) = state.current(self.key, self.incarnation) {
                seat.extra().monitors.push(down);
            }
        });
    }
}
