//! A call whose response has a body.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use http_body::Body;
use pin_project::{pin_project, pinned_drop};
use seaworthy_core::{Classify, Verdict};

use super::body::JudgedBody;
use super::trailers::JudgeTrailers;
use crate::machine::Ending;
use crate::permit::Permit;

/// The response of a [`HttpService`](super::HttpService): the call is over when the body of it is.
///
/// Dropping it gives its place back at once, as a call that was cancelled.
#[pin_project]
#[derive(Debug)]
#[must_use = "futures do nothing unless they are polled"]
pub struct HttpResponseFuture<F, T, P> {
    #[pin]
    state: State<F, T, P>,
}

#[pin_project(project = Project, PinnedDrop)]
#[derive(Debug)]
enum State<F, T, P> {
    Call {
        #[pin]
        future: F,
        /// Goes into the body.
        permit: Option<Permit>,
        protocol: P,
    },
    Rejected(Option<T>),
}

impl<F, T, P> HttpResponseFuture<F, T, P> {
    pub(super) fn call(future: F, permit: Permit, protocol: P) -> Self {
        let permit = Some(permit);
        Self {
            state: State::Call {
                future,
                permit,
                protocol,
            },
        }
    }

    pub(super) fn rejected(outcome: T) -> Self {
        Self {
            state: State::Rejected(Some(outcome)),
        }
    }
}

impl<F, B, Err, P> Future for HttpResponseFuture<F, Result<Response<B>, Err>, P>
where
    F: Future<Output = Result<Response<B>, Err>>,
    B: Body,
    P: Classify<Response<B>, Err> + JudgeTrailers + Clone,
{
    type Output = Result<Response<JudgedBody<B, P>>, Err>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (future, permit, protocol) = match self.project().state.project() {
            Project::Call {
                future,
                permit,
                protocol,
            } => (future, permit, protocol),
            Project::Rejected(outcome) => {
                let outcome = outcome.take().expect("polled again after it was ready");
                return Poll::Ready(outcome.map(|response| response.map(JudgedBody::said)));
            }
        };
        // Not there any more only if this is polled again after it was ready, or had panicked: if the code of the user
        // panics this is dropped, and counts it as a panic.
        let mine = permit.take().expect("polled again after it was ready");
        let Poll::Ready(outcome) = future.poll(cx) else {
            *permit = Some(mine);
            return Poll::Pending;
        };
        let verdict = protocol.classify(outcome.as_ref());
        let response = match outcome {
            // A head that says nothing bad leaves the word to the body.
            Ok(response) if verdict == Verdict::Success => response,
            outcome => {
                mine.record(verdict);
                return Poll::Ready(outcome.map(|response| response.map(JudgedBody::said)));
            }
        };
        let (head, body) = response.into_parts();
        let without_trailers = protocol.without_trailers(&head);
        let body = JudgedBody::new(body, mine, protocol.clone(), without_trailers);
        Poll::Ready(Ok(Response::from_parts(head, body)))
    }
}

/// It was cancelled, whatever its thread panics about.
#[pinned_drop]
impl<F, T, P> PinnedDrop for State<F, T, P> {
    fn drop(self: Pin<&mut Self>) {
        if let Project::Call {
            permit: Some(permit),
            ..
        } = self.project()
        {
            permit.end(Ending::Cancelled);
        }
    }
}
