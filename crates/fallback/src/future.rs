//! A call under way.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project::pin_project;
use seaworthy_core::shard::Share;

use crate::answer::Source;
use crate::handle::Handle;
use crate::last_word::LastWord;
use crate::miss::Miss;
use crate::panics::Panics;
use crate::provenance::Provenance;
use crate::shared::Shared;
use crate::strategy::Strategy;

/// The response of a [`FallbackService`](crate::FallbackService).
///
/// Dropping it drops whatever is under way, the call of the service or the fallback, and gives its place back.
#[pin_project]
#[must_use = "futures do nothing unless they are polled"]
pub struct ResponseFuture<F, Req, Res, Err, K, A, T, H, L, P, X> {
    #[pin]
    state: State<F, Res, Err, K, A>,
    share: Share<Shared<T, H, L>>,
    provenance: P,
    panics: X,
    request: PhantomData<fn(Req)>,
}

#[pin_project(project = Project, project_replace = Replaced)]
enum State<F, Res, Err, K, A> {
    /// The service is at it.
    Primary {
        #[pin]
        future: F,
        kept: K,
    },
    /// It never was: this came of making it ready, or of calling it.
    Failed {
        error: Err,
        kept: K,
    },
    /// Nor is it needed.
    Instead(Res, Source),
    /// The service came to this, and somebody else is at it.
    Fallback {
        #[pin]
        answering: A,
        outcome: Option<Result<Res, Err>>,
    },
    Done,
}

impl<F, Req, Res, Err, K, A, T, H, L, P, X> ResponseFuture<F, Req, Res, Err, K, A, T, H, L, P, X> {
    #[inline]
    fn new(
        state: State<F, Res, Err, K, A>,
        share: Share<Shared<T, H, L>>,
        (provenance, panics): (P, X),
    ) -> Self {
        Self {
            state,
            share,
            provenance,
            panics,
            request: PhantomData,
        }
    }

    #[inline]
    pub(crate) fn primary(
        future: F,
        kept: K,
        share: Share<Shared<T, H, L>>,
        options: (P, X),
    ) -> Self {
        Self::new(State::Primary { future, kept }, share, options)
    }

    #[cold]
    pub(crate) fn failed(
        error: Err,
        kept: K,
        share: Share<Shared<T, H, L>>,
        options: (P, X),
    ) -> Self {
        Self::new(State::Failed { error, kept }, share, options)
    }

    #[cold]
    pub(crate) fn instead(
        (response, source): (Res, Source),
        share: Share<Shared<T, H, L>>,
        options: (P, X),
    ) -> Self {
        Self::new(State::Instead(response, source), share, options)
    }
}

impl<F, Req, Res, Err, K, A, T, H, L, P, X> Future
    for ResponseFuture<F, Req, Res, Err, K, A, T, H, L, P, X>
where
    F: Future<Output = Result<Res, Err>>,
    T: Strategy<Req, Res, Err, Kept = K, Answering = A>,
    H: Handle<Res, Err>,
    L: LastWord<Res, Err>,
    P: Provenance<Res, Err>,
    X: Panics<Err>,
{
    type Output = Result<P::Response, Err>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (mut state, shared, provenance) = (this.state, &**this.share, &*this.provenance);
        loop {
            let polled = match state.as_mut().project() {
                Project::Primary { future, .. } => {
                    let name = shared.desk.name().name();
                    Some(ready!(this.panics.guard(name, || future.poll(cx))))
                }
                Project::Fallback { answering, outcome } => {
                    let came_to = outcome.as_ref().expect("it is there until the end");
                    let came_to = came_to.as_ref();
                    let desk = &shared.desk;
                    let answer = ready!(shared.strategies.poll(answering, cx, came_to, desk));
                    let outcome = outcome.take();
                    state.set(State::Done);
                    return Poll::Ready(conclude(answer, outcome, shared, provenance));
                }
                _ => None,
            };
            let (outcome, kept) = match (state.as_mut().project_replace(State::Done), polled) {
                (Replaced::Primary { kept, .. }, Some(outcome)) => (outcome, kept),
                (Replaced::Failed { error, kept }, _) => (Err(error), kept),
                (Replaced::Instead(response, source), _) => {
                    return Poll::Ready(Ok(provenance.respond(response, source, None)));
                }
                _ => panic!("polled again after it was ready"),
            };
            if !shared.handles(outcome.as_ref()) {
                return Poll::Ready(outcome.map(|response| {
                    shared.strategies.learn(kept, &response);
                    shared.desk.primary();
                    provenance.respond(response, Source::Primary, None)
                }));
            }
            let strategies = &shared.strategies;
            let answering = strategies.begin(kept, outcome.as_ref(), &shared.desk);
            let outcome = Some(outcome);
            state.set(State::Fallback { answering, outcome });
        }
    }
}

/// The fallback has answered, or not.
fn conclude<Res, Err, T, H, L, P>(
    answer: Result<(Res, Source), Miss>,
    outcome: Option<Result<Res, Err>>,
    shared: &Shared<T, H, L>,
    provenance: &P,
) -> Result<P::Response, Err>
where
    L: LastWord<Res, Err>,
    P: Provenance<Res, Err>,
{
    match (answer, outcome) {
        (Ok((response, source)), cause) => Ok(provenance.respond(response, source, cause)),
        (Err(miss), Some(outcome)) => {
            shared.desk.unanswered();
            let last = shared.last_word.say(outcome, miss)?;
            Ok(provenance.respond(last, Source::Primary, None))
        }
        (Err(_), None) => unreachable!("there is an outcome for as long as nobody has answered"),
    }
}

impl<F, Req, Res, Err, K, A, T, H, L, P, X> fmt::Debug
    for ResponseFuture<F, Req, Res, Err, K, A, T, H, L, P, X>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Primary { .. } => "the service is at it",
            State::Failed { .. } => "the service has failed",
            State::Instead(..) => "answered",
            State::Fallback { .. } => "the fallback is at it",
            State::Done => "done",
        };
        f.debug_struct("ResponseFuture")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
