//! The response of a call.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project::{pin_project, pinned_drop};
use seaworthy_core::panic::{self, Panicked};
use seaworthy_core::{Reason, Reject, Rejected};

use super::fatal::Fatal;
use super::shared::Shared;
use crate::exit::ExitReason;

/// A call of one incarnation. What goes wrong in it ends that incarnation, and no later one.
#[pin_project(PinnedDrop)]
pub(super) struct Watched<F, S, R, T> {
    shared: Arc<Shared<S, R, T>>,
    generation: u64,
    /// Gone when it has resolved or panicked.
    #[pin]
    call: Option<F>,
}

impl<F, S, R, T> Watched<F, S, R, T> {
    #[inline]
    pub(super) fn new(shared: Arc<Shared<S, R, T>>, generation: u64, call: F) -> Self {
        Self {
            shared,
            generation,
            call: Some(call),
        }
    }
}

impl<F, S, R, T, Res, Err> Future for Watched<F, S, R, T>
where
    F: Future<Output = Result<Res, Err>>,
    Err: fmt::Display,
    T: Fatal<Err>,
{
    type Output = Result<Result<Res, Err>, Rejected>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        assert!(
            this.call.is_some(),
            "a response is not polled after it has resolved"
        );
        let polled = panic::catch(|| {
            let Some(call) = this.call.as_mut().as_pin_mut() else {
                return Poll::Pending;
            };
            let result = ready!(call.poll(cx));
            this.call.set(None);
            Poll::Ready(result)
        });
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(result)) => {
                if let Err(error) = &result {
                    this.shared.weigh(*this.generation, error);
                }
                Poll::Ready(Ok(result))
            }
            Err(panicked) => {
                // Never polled again; what its drop says is no news any more.
                let _ = panic::catch(|| this.call.set(None));
                Poll::Ready(Err(crashed(this.shared, *this.generation, panicked)))
            }
        }
    }
}

/// The incarnation panicked while it had a call.
#[cold]
pub(super) fn crashed<S, R, T>(
    shared: &Shared<S, R, T>,
    generation: u64,
    panicked: Panicked,
) -> Rejected {
    shared
        .core
        .crash(generation, ExitReason::Panic(panicked.into()));
    shared.core.rejected(Reason::Crashed)
}

#[pinned_drop]
impl<F, S, R, T> PinnedDrop for Watched<F, S, R, T> {
    #[inline]
    fn drop(self: Pin<&mut Self>) {
        let mut this = self.project();
        if this.call.is_some()
            && let Err(panicked) = panic::catch(|| this.call.set(None))
        {
            let reason = ExitReason::Panic(panicked.into());
            this.shared.core.crash(*this.generation, reason);
        }
    }
}

/// The response of a [`Supervised`](super::Supervised) service.
///
/// Dropping it drops the call.
#[pin_project]
#[must_use = "futures do nothing unless awaited"]
pub struct ResponseFuture<F, S, R, T> {
    #[pin]
    state: State<F, S, R, T>,
}

#[pin_project(project = Projected)]
enum State<F, S, R, T> {
    Runs(#[pin] Watched<F, S, R, T>),
    Refused(Arc<Shared<S, R, T>>, Option<Rejected>),
}

impl<F, S, R, T> ResponseFuture<F, S, R, T> {
    #[inline]
    pub(super) fn running(shared: Arc<Shared<S, R, T>>, generation: u64, call: F) -> Self {
        let state = State::Runs(Watched::new(shared, generation, call));
        Self { state }
    }

    pub(super) fn refused(shared: Arc<Shared<S, R, T>>, rejected: Rejected) -> Self {
        let state = State::Refused(shared, Some(rejected));
        Self { state }
    }
}

impl<F, S, R, T, Res, Err> Future for ResponseFuture<F, S, R, T>
where
    F: Future<Output = Result<Res, Err>>,
    Err: fmt::Display,
    R: Reject<Res, Err>,
    T: Fatal<Err>,
{
    type Output = Result<Res, Err>;

    /// # Panics
    ///
    /// If polled again after it has resolved.
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            Projected::Runs(mut watched) => match ready!(watched.as_mut().poll(cx)) {
                Ok(result) => Poll::Ready(result),
                Err(rejected) => Poll::Ready(watched.project().shared.reject.reject(rejected)),
            },
            Projected::Refused(shared, rejected) => {
                let rejected = rejected.take();
                let rejected = rejected.expect("a response is not polled after it has resolved");
                Poll::Ready(shared.reject.reject(rejected))
            }
        }
    }
}

impl<F, S, R, T> fmt::Debug for ResponseFuture<F, S, R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
