//! The task in which the incarnations of a child live, one after the other.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Waking, Poll};

use pin_project::{pin_project, pinned_drop};
use seaworthy_core::panic;

use crate::body::{Make, Worker};
use crate::context::Context;
use crate::exit::ExitReason;
use crate::init::Ignored;
use crate::node::{End, Place};

/// How many incarnations may take their first breath in one poll of the task.
const LIVES_PER_POLL: usize = 2;

/// Drives the body of a child, contains its panics, and reports its end when nothing of it is left.
///
/// If the supervisor lets it, the next incarnation takes the place of the one that ended, in the
/// same task, and is polled at once. If that one crashes at once as well, the task yields first, so
/// that a child that crashes again and again leaves the thread to others.
#[pin_project(PinnedDrop)]
pub(crate) struct ChildTask<M: Make> {
    place: Place,
    worker: Arc<Worker<M>>,
    ended: bool,
    #[cfg(feature = "tracing")]
    span: Option<tracing::Span>,
    #[pin]
    body: Option<M::Future>,
}

impl<M: Make> ChildTask<M> {
    pub(crate) fn new(place: Place, worker: Arc<Worker<M>>) -> Self {
        Self {
            place,
            worker,
            ended: false,
            #[cfg(feature = "tracing")]
            span: None,
            body: None,
        }
    }
}

impl<M: Make> Future for ChildTask<M> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, waker: &mut Waking<'_>) -> Poll<()> {
        for _ in 0..LIVES_PER_POLL {
            match self.as_mut().live(waker) {
                Life::Goes => return Poll::Pending,
                Life::BeginsAgain => {}
                Life::IsOver => return Poll::Ready(()),
            }
        }
        waker.waker().wake_by_ref();
        Poll::Pending
    }
}

/// What a poll of the body came to.
enum Life {
    Goes,
    BeginsAgain,
    IsOver,
}

impl<M: Make> ChildTask<M> {
    /// Polls the incarnation that is there, after making it if none is.
    fn live(self: Pin<&mut Self>, waker: &mut Waking<'_>) -> Life {
        let mut this = self.project();
        #[cfg(feature = "tracing")]
        let span = this.span.get_or_insert_with(|| this.place.span()).clone();
        #[cfg(feature = "tracing")]
        let _entered = span.enter();
        let polled = panic::catch(|| {
            if this.body.is_none() {
                let cx = Context::new(this.place.clone());
                this.body.set(Some(this.worker.make.make(cx)));
            }
            this.body
                .as_mut()
                .as_pin_mut()
                .map_or(Poll::Pending, |body| body.poll(waker))
        });
        let end = match polled {
            Ok(Poll::Pending) => return Life::Goes,
            Ok(Poll::Ready(Err(error))) if error.is::<Ignored>() => End::Ignored,
            Ok(Poll::Ready(result)) => End::Reason(ExitReason::from_result(result)),
            Err(panicked) => End::Reason(ExitReason::Panic(panicked.into())),
        };
        // Nothing of the old incarnation may be left when the new one begins.
        let end = match panic::catch(|| this.body.set(None)) {
            Err(panicked) if end.is_clean() => End::Reason(ExitReason::Panic(panicked.into())),
            // What came first is the cause.
            _ => end,
        };
        match this.place.restart(end) {
            Ok(()) => {
                #[cfg(feature = "tracing")]
                this.span.take();
                Life::BeginsAgain
            }
            Err(end) => {
                *this.ended = true;
                this.place.ended(end);
                Life::IsOver
            }
        }
    }
}

#[pinned_drop]
impl<M: Make> PinnedDrop for ChildTask<M> {
    fn drop(self: Pin<&mut Self>) {
        let mut this = self.project();
        if *this.ended {
            return;
        }
        #[cfg(feature = "tracing")]
        let span = this.span.take();
        #[cfg(feature = "tracing")]
        let _entered = span.as_ref().map(tracing::Span::enter);
        let gone = panic::catch(|| {
            this.body.set(None);
            this.worker.make.discard();
        });
        let end = match gone {
            Ok(()) => End::Dropped,
            Err(panicked) => End::Reason(ExitReason::Panic(panicked.into())),
        };
        this.place.ended(end);
    }
}

impl Place {
    /// Moves on to the next incarnation, if that concerns nobody else.
    fn restart(&mut self, end: End) -> Result<(), End> {
        let End::Reason(reason) = end else {
            return Err(end);
        };
        let mut reason = Some(reason);
        match self
            .node
            .restart_in_place(self.key, self.incarnation, &mut reason)
        {
            Some(incarnation) => {
                self.incarnation = incarnation;
                Ok(())
            }
            None => Err(End::Reason(reason.unwrap_or(ExitReason::Unknown))),
        }
    }

    fn ended(&self, end: End) {
        self.node.process_ended(self.key, self.incarnation, end);
    }

    #[cfg(feature = "tracing")]
    fn span(&self) -> tracing::Span {
        let path = self.path();
        tracing::info_span!(parent: None, "child", %path, incarnation = self.incarnation)
    }
}
