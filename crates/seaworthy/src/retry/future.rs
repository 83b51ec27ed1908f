//! A call under way, from its first attempt to its last.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project::pin_project;
use seaworthy_core::Executed;
use seaworthy_core::clock::Instant;
use seaworthy_core::request::{Describe, Info};
use tokio::time::{Sleep, sleep_until};
use tower_service::Service;

use super::copy::CopyRequest;
use super::judge::{Judge, Judgement};
use super::origin::{Keeps, Kept};
use super::parts::Parts;
use super::session::Session;

/// The response of a [`RetryService`](super::RetryService).
///
/// Dropping it drops the attempt that is under way, and no other is made. One that was waited for gives back what it took
/// from the budget.
#[pin_project]
#[must_use = "futures do nothing unless they are polled"]
pub struct ResponseFuture<S, F, Req, J, D, K> {
    #[pin]
    state: State<F>,
    /// None if there may be no other attempt.
    rest: Option<Rest<S, Req, J, D, K>>,
}

#[pin_project(project = Project)]
enum State<F> {
    /// An attempt is under way.
    Attempt(#[pin] F),
    /// It is too early for the next. Few calls come to that, and all have room for it: apart, calls are small.
    Waits(Pin<Box<Sleep>>),
    /// It is not, and the service gets ready for it.
    Readies,
}

/// What it takes to judge an attempt and to make another.
pub(super) struct Rest<S, Req, J, D, K> {
    session: Session<Kept<S>>,
    parts: Parts<J, D, K>,
    spare: Spare<Req>,
    /// On which attempts are made after the first. Few calls need one.
    again: Option<Box<S>>,
}

/// What there is to send if an attempt gets no answer.
enum Spare<Req> {
    Copy(Req),
    /// Nothing; what is known about the request.
    Nothing(Info),
}

impl<S, F, Req, J, D, K> ResponseFuture<S, F, Req, J, D, K> {
    #[inline]
    pub(super) fn new(first: F, rest: Option<Rest<S, Req, J, D, K>>) -> Self {
        let state = State::Attempt(first);
        Self { state, rest }
    }
}

impl<S, F, Req, J, D, K> Future for ResponseFuture<S, F, Req, J, D, K>
where
    S: Service<Req, Future = F> + Clone,
    F: Future<Output = Result<S::Response, S::Error>>,
    J: Judge<S::Response, S::Error>,
    D: Describe<Req>,
    K: CopyRequest<Req>,
{
    type Output = Result<S::Response, S::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (mut state, rest) = (this.state, this.rest);
        loop {
            let (outcome, was_called) = match (state.as_mut().project(), &mut *rest) {
                (Project::Attempt(future), _) => (ready!(future.poll(cx)), true),
                (Project::Waits(sleep), _) => {
                    ready!(sleep.as_mut().poll(cx));
                    state.set(State::Readies);
                    continue;
                }
                (Project::Readies, Some(rest)) => match ready!(rest.poll_again(cx)) {
                    Ok(future) => {
                        state.set(State::Attempt(future));
                        continue;
                    }
                    Err(error) => (Err(error), false),
                },
                (Project::Readies, None) => panic!("polled again after it was ready"),
            };
            let begins = rest
                .as_mut()
                .and_then(|it| it.ended(outcome.as_ref(), was_called));
            let Some(begins) = begins else {
                if !was_called {
                    // Polled again, it would make another attempt.
                    *rest = None;
                }
                return Poll::Ready(outcome);
            };
            // What the attempt has left behind does not stay while the next is waited for.
            drop(outcome);
            state.set(State::Waits(Box::pin(sleep_until(begins))));
        }
    }
}

impl<S, Req, J, D, K> Rest<S, Req, J, D, K>
where
    D: Describe<Req>,
    K: CopyRequest<Req>,
{
    /// Before the first attempt. None if there may be no other.
    #[inline]
    pub(super) fn begin(origin: &Kept<S>, parts: &Parts<J, D, K>, request: &Req) -> Option<Self>
    where
        Parts<J, D, K>: Clone,
    {
        let session = Session::begin(origin.shared(), || origin.clone())?;
        let parts = parts.clone();
        Some(Self {
            session,
            spare: parts.spare(request),
            parts,
            again: None,
        })
    }

    /// An attempt has ended so. When the next one begins, if there is one.
    #[inline]
    fn ended<Res, Err>(&mut self, outcome: Result<&Res, &Err>, was_called: bool) -> Option<Instant>
    where
        J: Judge<Res, Err>,
    {
        let (parts, spare) = (&self.parts, &self.spare);
        let mut judgement = parts.judge.judge(outcome);
        if let Judgement::Again { executed, .. } = &mut judgement
            && !was_called
        {
            *executed = Executed::No;
        }
        self.session.ended(judgement, || match spare {
            Spare::Copy(copy) => (parts.describe.describe(copy), parts.copy.is_complete(copy)),
            Spare::Nothing(info) => (*info, false),
        })
    }

    /// Makes another attempt as soon as a service is ready for it. An error is that of a service that never will be.
    fn poll_again(&mut self, cx: &mut Context<'_>) -> Poll<Result<S::Future, S::Error>>
    where
        S: Service<Req> + Clone,
    {
        let session = &mut self.session;
        let origin = session.keeps();
        let service = self.again.get_or_insert_with(|| Box::new(origin.another()));
        if let Err(error) = ready!(service.poll_ready(cx)) {
            session.retries();
            self.again = None;
            return Poll::Ready(Err(error));
        }
        let spare = match &self.spare {
            Spare::Copy(request) if session.next_is_last() => self.parts.nothing(request),
            Spare::Copy(request) => self.parts.spare(request),
            Spare::Nothing(info) => Spare::Nothing(*info),
        };
        let Spare::Copy(request) = mem::replace(&mut self.spare, spare) else {
            unreachable!("without a copy no retry is planned");
        };
        // Only now: code of the user that panics is no retry.
        session.retries();
        Poll::Ready(Ok(service.call(request)))
    }
}

impl<J, D, K> Parts<J, D, K> {
    /// What there is to send if the attempt with this request gets no answer.
    #[inline]
    fn spare<Req>(&self, request: &Req) -> Spare<Req>
    where
        D: Describe<Req>,
        K: CopyRequest<Req>,
    {
        let copy = self.copy.copy(request);
        copy.map_or_else(|| self.nothing(request), Spare::Copy)
    }

    fn nothing<Req>(&self, request: &Req) -> Spare<Req>
    where
        D: Describe<Req>,
    {
        Spare::Nothing(self.describe.describe(request))
    }
}

impl<S, F, Req, J, D, K> fmt::Debug for ResponseFuture<S, F, Req, J, D, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Attempt(_) => "an attempt is under way",
            State::Waits(_) => "waits for the next",
            State::Readies => "gets ready for the next",
        };
        f.debug_struct("ResponseFuture")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
