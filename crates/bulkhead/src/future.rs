//! A call under way.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project::pin_project;
use seaworthy_core::reject::Reject;
use seaworthy_core::{Classify, Rejected};
use tower_service::Service;

use crate::layer::Parts;
use crate::permit::Permit;
use crate::release::Release;
use crate::wait::Wait;

/// The response of a [`BulkheadService`](crate::BulkheadService).
///
/// Dropping it gives its place, or its place in line, back at once.
#[pin_project]
#[must_use = "futures do nothing unless they are polled"]
pub struct ResponseFuture<S, F, Req, C, R, K> {
    #[pin]
    state: State<S, F, Req>,
    classify: C,
    reject: R,
    release: K,
}

#[pin_project(project = Project, project_replace = Replaced)]
enum State<S, F, Req> {
    /// It waits, and this is what it begins with: both apart, so that calls that do not wait are small.
    Waits {
        wait: Box<Wait>,
        call: Option<Box<(S, Req)>>,
    },
    /// Let in. The permit is after the future: the place is free when the work has stopped.
    Call {
        #[pin]
        future: F,
        permit: Permit,
    },
    /// Turned away.
    Rejected(Rejected),
    Done,
}

impl<S, F, Req, C: Clone, R: Clone, K: Clone> ResponseFuture<S, F, Req, C, R, K> {
    #[inline]
    fn new<A>(state: State<S, F, Req>, parts: &Parts<C, R, A, K>) -> Self {
        Self {
            state,
            classify: parts.classify.clone(),
            reject: parts.reject.clone(),
            release: parts.release.clone(),
        }
    }

    #[inline]
    pub(crate) fn call<A>(future: F, permit: Permit, parts: &Parts<C, R, A, K>) -> Self {
        Self::new(State::Call { future, permit }, parts)
    }

    #[cold]
    pub(crate) fn wait<A>(
        wait: Box<Wait>,
        call: Option<(S, Req)>,
        parts: &Parts<C, R, A, K>,
    ) -> Self {
        let call = call.map(Box::new);
        Self::new(State::Waits { wait, call }, parts)
    }

    #[inline]
    pub(crate) fn rejected<A>(rejected: Rejected, parts: &Parts<C, R, A, K>) -> Self {
        Self::new(State::Rejected(rejected), parts)
    }
}

impl<S, F, Req, C, R, K> Future for ResponseFuture<S, F, Req, C, R, K>
where
    S: Service<Req, Future = F>,
    F: Future<Output = Result<S::Response, S::Error>>,
    C: Classify<S::Response, S::Error>,
    R: Reject<K::Response, S::Error>,
    K: Release<S::Response>,
{
    type Output = Result<K::Response, S::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                Project::Call { future, .. } => {
                    let outcome = ready!(future.poll(cx));
                    let verdict = this.classify.classify(outcome.as_ref());
                    let ended = this.state.project_replace(State::Done);
                    let Replaced::Call { mut permit, .. } = ended else {
                        unreachable!("it was just polled");
                    };
                    permit.judge(verdict);
                    return Poll::Ready(outcome.map(|it| this.release.release(permit, it)));
                }
                Project::Waits { wait, call } => {
                    let next = match ready!(wait.poll(cx)) {
                        Ok(permit) => {
                            let Some((mut inner, request)) = call.take().map(|call| *call) else {
                                unreachable!("a call that waits has what it begins with");
                            };
                            let future = inner.call(request);
                            State::Call { future, permit }
                        }
                        Err(rejected) => State::Rejected(rejected),
                    };
                    this.state.set(next);
                }
                Project::Rejected(_) => {
                    let ended = this.state.project_replace(State::Done);
                    let Replaced::Rejected(rejected) = ended else {
                        unreachable!("it was just looked at");
                    };
                    return Poll::Ready(this.reject.reject(rejected));
                }
                Project::Done => panic!("polled again after it was ready"),
            }
        }
    }
}

impl<S, F, Req, C, R, K> fmt::Debug for ResponseFuture<S, F, Req, C, R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Waits { .. } => "waits",
            State::Call { .. } => "under way",
            State::Rejected(_) => "turned away",
            State::Done => "done",
        };
        f.debug_struct("ResponseFuture")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
