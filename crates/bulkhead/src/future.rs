//! A call under way.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project::pin_project;
use seaworthy_core::Classify;
use seaworthy_core::reject::Reject;
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
pub struct ResponseFuture<S, Req, C, R, K>
where
    S: Service<Req>,
    K: Release<S::Response>,
{
    #[pin]
    state: State<S, Req, K::Response>,
    /// What the call needs later on. None if it was turned away at once.
    rest: Option<Rest<C, R, K>>,
}

#[derive(Clone)]
struct Rest<C, R, K> {
    classify: C,
    reject: R,
    release: K,
}

#[pin_project(project = Project, project_replace = Replaced)]
enum State<S, Req, Res>
where
    S: Service<Req>,
{
    /// It waits, and this is what it begins with: both apart, so that calls that do not wait are small.
    Waits {
        wait: Box<Wait>,
        call: Option<Box<(S, Req)>>,
    },
    /// Let in. The permit is after the future: the place is free when the work has stopped.
    Call {
        #[pin]
        future: S::Future,
        permit: Permit,
    },
    /// Turned away, with this.
    Rejected(Option<Result<Res, S::Error>>),
    Done,
}

impl<S, Req, C, R, K> ResponseFuture<S, Req, C, R, K>
where
    S: Service<Req>,
    C: Clone,
    R: Clone,
    K: Release<S::Response> + Clone,
{
    #[inline]
    fn new<A>(state: State<S, Req, K::Response>, parts: &Parts<C, R, A, K>) -> Self {
        let rest = Rest {
            classify: parts.classify.clone(),
            reject: parts.reject.clone(),
            release: parts.release.clone(),
        };
        Self {
            state,
            rest: Some(rest),
        }
    }

    #[inline]
    pub(crate) fn call<A>(future: S::Future, permit: Permit, parts: &Parts<C, R, A, K>) -> Self {
        Self::new(State::Call { future, permit }, parts)
    }

    #[cold]
    pub(crate) fn wait<A>(
        wait: Box<Wait>,
        call: Option<(S, Req)>,
        parts: &Parts<C, R, A, K>,
    ) -> Self {
        Self::new(
            State::Waits {
                wait,
                call: call.map(Box::new),
            },
            parts,
        )
    }

    #[inline]
    pub(crate) fn rejected(outcome: Result<K::Response, S::Error>) -> Self {
        Self {
            state: State::Rejected(Some(outcome)),
            rest: None,
        }
    }
}

impl<S, Req, C, R, K> Future for ResponseFuture<S, Req, C, R, K>
where
    S: Service<Req>,
    C: Classify<S::Response, S::Error>,
    R: Reject<K::Response, S::Error>,
    K: Release<S::Response>,
{
    type Output = Result<K::Response, S::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match (this.state.as_mut().project(), &*this.rest) {
                (Project::Call { future, .. }, Some(rest)) => {
                    let outcome = ready!(future.poll(cx));
                    let verdict = rest.classify.classify(outcome.as_ref());
                    let ended = this.state.project_replace(State::Done);
                    let Replaced::Call { mut permit, .. } = ended else {
                        unreachable!("it was just polled");
                    };
                    permit.judge(verdict);
                    return Poll::Ready(outcome.map(|it| rest.release.release(permit, it)));
                }
                (Project::Waits { wait, call }, Some(rest)) => match ready!(wait.poll(cx)) {
                    Ok(permit) => {
                        let Some((mut inner, request)) = call.take().map(|call| *call) else {
                            unreachable!("a call that waits has what it begins with");
                        };
                        let future = inner.call(request);
                        State::Call { future, permit }
                    }
                    Err(rejected) => State::Rejected(Some(rest.reject.reject(rejected))),
                },
                (Project::Rejected(outcome), _) => {
                    let outcome = outcome.take();
                    return Poll::Ready(outcome.expect("polled again after it was ready"));
                }
                _ => panic!("polled again after it was ready"),
            };
            this.state.set(next);
        }
    }
}

impl<S, Req, C, R, K> fmt::Debug for ResponseFuture<S, Req, C, R, K>
where
    S: Service<Req>,
    K: Release<S::Response>,
{
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
