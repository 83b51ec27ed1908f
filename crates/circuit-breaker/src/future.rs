//! A call under way.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::{pin_project, pinned_drop};
use seaworthy_core::Classify;

use crate::machine::Ending;
use crate::permit::Permit;

/// The response of a [`CircuitBreakerService`](crate::CircuitBreakerService).
///
/// Dropping it gives its place back at once.
#[pin_project]
#[derive(Debug)]
#[must_use = "futures do nothing unless they are polled"]
pub struct ResponseFuture<F, T, C> {
    #[pin]
    state: State<F, T, C>,
}

#[pin_project(project = Project, PinnedDrop)]
#[derive(Debug)]
enum State<F, T, C> {
    /// Let through.
    Call {
        #[pin]
        future: F,
        permit: Permit,
        classify: C,
    },
    /// Turned away, with this.
    Rejected(Option<T>),
}

impl<F, T, C> ResponseFuture<F, T, C> {
    #[inline]
    pub(crate) fn call(future: F, permit: Permit, classify: C) -> Self {
        Self {
            state: State::Call {
                future,
                permit,
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

impl<F, Res, Err, C> Future for ResponseFuture<F, Result<Res, Err>, C>
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
                let bomb = Bomb::new(permit);
                let polled = future.poll(cx);
                let verdict = match &polled {
                    Poll::Pending => None,
                    Poll::Ready(outcome) => Some(classify.classify(outcome.as_ref())),
                };
                bomb.defuse();
                if let Some(verdict) = verdict {
                    permit.end(Ending::Verdict(verdict));
                }
                polled
            }
            Project::Rejected(outcome) => {
                Poll::Ready(outcome.take().expect("polled again after it was ready"))
            }
        }
    }
}

/// It was cancelled, also if its thread panics for another reason: its own panics are caught sight of where they happen.
#[pinned_drop]
impl<F, T, C> PinnedDrop for State<F, T, C> {
    #[inline]
    fn drop(self: Pin<&mut Self>) {
        if let Project::Call { permit, .. } = self.project()
            && !permit.has_ended()
        {
            permit.break_off(Ending::Cancelled);
        }
    }
}

/// Calls the service behind the breaker, whose future goes on under this permit.
#[inline(always)]
pub(crate) fn begin<F>(mut permit: Permit, call: impl FnOnce() -> F) -> (F, Permit) {
    let bomb = Bomb::new(&mut permit);
    let future = call();
    bomb.defuse();
    (future, permit)
}

/// Ends the call at once if the code of the user panics, not when somebody drops what is left of it.
struct Bomb<'a>(Option<&'a mut Permit>);

impl<'a> Bomb<'a> {
    #[inline]
    fn new(permit: &'a mut Permit) -> Self {
        Self(Some(permit))
    }
}

impl Bomb<'_> {
    #[inline]
    fn defuse(mut self) {
        self.0 = None;
    }
}

impl Drop for Bomb<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(permit) = self.0.take() {
            permit.break_off(Ending::Panicked);
        }
    }
}
