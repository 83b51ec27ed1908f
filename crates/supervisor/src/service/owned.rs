//! Where a call runs.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Waking, Poll, ready};

use pin_project::pin_project;
use seaworthy_core::{Reason, Reject};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::shared::Shared;
use crate::context::Context;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Inline {}
    impl Sealed for super::Owned {}
}

/// Where the calls of a [`Supervised`](super::Supervised) run: [`Inline`] or [`Owned`].
pub trait Mode: sealed::Sealed {
    /// Whether calls run in tasks of the child.
    #[doc(hidden)]
    const OWNED: bool;
}

/// A call runs in its caller's task: the default.
#[derive(Clone, Copy, Debug)]
pub enum Inline {}

/// A call runs in a task of the child.
#[derive(Clone, Copy, Debug)]
pub enum Owned {}

impl Mode for Inline {
    const OWNED: bool = false;
}

impl Mode for Owned {
    const OWNED: bool = true;
}

/// What lets calls run as tasks of an incarnation. Each of them holds on to it, so that the incarnation can
/// wait for the last.
#[derive(Debug)]
pub(super) struct Grant {
    cx: Context,
    _released: oneshot::Sender<Infallible>,
}

impl Grant {
    /// A grant, and what resolves when it is released.
    pub(super) fn new(cx: &Context) -> (Arc<Self>, oneshot::Receiver<Infallible>) {
        let (sender, released) = oneshot::channel();
        let (cx, _released) = (cx.clone(), sender);
        (Arc::new(Self { cx, _released }), released)
    }

    /// Runs `call` in a task of the incarnation.
    pub(super) fn spawn<F>(self: Arc<Self>, call: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let cx = self.cx.clone();
        cx.spawn(async move {
            // Released when nothing of the call is left.
            let _granted = self;
            call.await
        })
    }
}

/// The response of a supervised service with [owned](super::SupervisedBuilder::owned) execution.
///
/// Dropping it does not end the call.
#[pin_project]
#[must_use = "futures do nothing unless awaited"]
pub struct OwnedResponseFuture<Res, Err, S, R, T> {
    shared: Arc<Shared<S, R, T>>,
    generation: u64,
    state: State<Res, Err>,
}

enum State<Res, Err> {
    Runs(JoinHandle<Result<Result<Res, Err>, Reason>>),
    Refused(Option<Reason>),
}

impl<Res, Err, S, R, T> OwnedResponseFuture<Res, Err, S, R, T> {
    pub(super) fn running(
        shared: Arc<Shared<S, R, T>>,
        generation: u64,
        call: JoinHandle<Result<Result<Res, Err>, Reason>>,
    ) -> Self {
        let state = State::Runs(call);
        Self {
            shared,
            generation,
            state,
        }
    }

    pub(super) fn refused(shared: Arc<Shared<S, R, T>>, reason: Reason) -> Self {
        Self {
            shared,
            generation: 0,
            state: State::Refused(Some(reason)),
        }
    }
}

impl<Res, Err, S, R, T> Future for OwnedResponseFuture<Res, Err, S, R, T>
where
    R: Reject<Res, Err>,
{
    type Output = Result<Res, Err>;

    /// # Panics
    ///
    /// If polled again after it has resolved.
    fn poll(self: Pin<&mut Self>, cx: &mut Waking<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let reason = match this.state {
            State::Refused(reason) => reason.take(),
            State::Runs(call) => {
                let outcome = ready!(Pin::new(call).poll(cx));
                *this.state = State::Refused(None);
                match outcome {
                    Ok(Ok(result)) => return Poll::Ready(result),
                    Ok(Err(reason)) => Some(reason),
                    // It ended with its incarnation.
                    Err(_) => {
                        let rejected = this.shared.core.cut_off(*this.generation);
                        return Poll::Ready(this.shared.reject.reject(rejected));
                    }
                }
            }
        };
        let reason = reason.expect("a response is not polled after it has resolved");
        Poll::Ready(this.shared.reject(reason))
    }
}

impl<Res, Err, S, R, T> fmt::Debug for OwnedResponseFuture<Res, Err, S, R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedResponseFuture")
            .finish_non_exhaustive()
    }
}
