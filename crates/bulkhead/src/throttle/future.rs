//! A call under way.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::pin_project;
use seaworthy_core::Classify;

use super::permit::ThrottlePermit;

/// The response of a [`ThrottleService`](crate::ThrottleService).
///
/// Dropped before it has ended, it is not counted; neither is one that panics.
#[pin_project]
#[derive(Debug)]
#[must_use = "futures do nothing unless they are polled"]
pub struct ThrottleFuture<F, T, C> {
    #[pin]
    state: State<F, T, C>,
}

#[pin_project(project = Project)]
#[derive(Debug)]
enum State<F, T, C> {
    /// Sent.
    Call {
        #[pin]
        future: F,
        /// Taken when it has ended.
        permit: Option<ThrottlePermit>,
        classify: C,
    },
    /// Held back, with this.
    Rejected(Option<T>),
}

impl<F, T, C> ThrottleFuture<F, T, C> {
    #[inline]
    pub(crate) fn call(future: F, permit: ThrottlePermit, classify: C) -> Self {
        Self {
            state: State::Call {
                future,
                permit: Some(permit),
                classify,
            },
        }
    }

    #[inline]
    pub(crate) fn rejected(outcome: T) -> Self {
        Self {
            state: State::Rejected(Some(outcome)),
        }
    }
}

impl<F, Res, Err, C> Future for ThrottleFuture<F, Result<Res, Err>, C>
where
    F: Future<Output = Result<Res, Err>>,
    C: Classify<Res, Err>,
{
    type Output = Result<Res, Err>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            Project::Call {
                future,
                permit,
                classify,
            } => {
                let polled = future.poll(cx);
                if let Poll::Ready(outcome) = &polled
                    && let Some(permit) = permit.take()
                {
                    permit.record(classify.classify(outcome.as_ref()));
                }
                polled
            }
            Project::Rejected(outcome) => {
                Poll::Ready(outcome.take().expect("polled again after it was ready"))
            }
        }
    }
}
