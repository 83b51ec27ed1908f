//! The policy by which tower's `Retry` goes.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::pin_project;
use seaworthy_core::clock::Instant;
use seaworthy_core::request::Describe;
use seaworthy_core::shard::Share;
use tokio::time::{Sleep, sleep_until};
use tower::retry::Policy;

use super::attempt::{Attempt, Kind};
use super::copy::CopyRequest;
use super::judge::Judge;
use super::session::Session;
use super::shared::Shared;

/// What a [`RetryService`](super::RetryService) tells tower's `Retry` to do.
#[derive(Clone)]
pub struct RetryPolicy<J, D, K> {
    session: Session,
    parts: Parts<J, D, K>,
}

/// What is the user's of a layer and its services.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<J, D, K> {
    pub(crate) judge: J,
    pub(crate) describe: D,
    pub(crate) copy: K,
}

impl<J, D, K> RetryPolicy<J, D, K> {
    pub(crate) fn new(share: Share<Shared>, parts: Parts<J, D, K>) -> Self {
        Self {
            session: Session::new(share),
            parts,
        }
    }

    pub(crate) fn shared(&self) -> &Shared {
        self.session.shared()
    }

    /// What there is to send if the attempt with this request gets no answer.
    #[inline]
    fn spare<Req>(&self, request: &Req) -> Kind<Req>
    where
        D: Describe<Req>,
        K: CopyRequest<Req>,
    {
        let copy = self.parts.copy.copy(request);
        copy.map_or_else(|| self.nothing(request), Kind::Copy)
    }

    fn nothing<Req>(&self, request: &Req) -> Kind<Req>
    where
        D: Describe<Req>,
    {
        Kind::Nothing(self.parts.describe.describe(request))
    }
}

impl<Req, Res, Err, J, D, K> Policy<Attempt<Req>, Res, Err> for RetryPolicy<J, D, K>
where
    J: Judge<Res, Err>,
    D: Describe<Req>,
    K: CopyRequest<Req>,
{
    type Future = RetryWait;

    #[inline]
    fn retry(
        &mut self,
        spare: &mut Attempt<Req>,
        outcome: &mut Result<Res, Err>,
    ) -> Option<RetryWait> {
        let parts = &self.parts;
        let judgement = parts.judge.judge(outcome.as_ref());
        let begins = self.session.ended(judgement, || match &spare.0 {
            Kind::First(copy) | Kind::Copy(copy) => {
                let info = parts.describe.describe(copy);
                (info, parts.copy.is_complete(copy))
            }
            Kind::Nothing(info) => (*info, false),
        });
        begins.map(RetryWait::until)
    }

    #[inline]
    fn clone_request(&mut self, attempt: &Attempt<Req>) -> Option<Attempt<Req>> {
        let spare = match &attempt.0 {
            Kind::First(request) => {
                if !self.session.begin() {
                    // It is off: nothing is copied, and nothing asked.
                    return None;
                }
                self.spare(request)
            }
            Kind::Copy(request) => {
                let spare = if self.session.next_is_last() {
                    self.nothing(request)
                } else {
                    self.spare(request)
                };
                // Only now: code of the user that panics is no retry.
                self.session.retries();
                spare
            }
            Kind::Nothing(info) => Kind::Nothing(*info),
        };
        Some(Attempt(spare))
    }
}

impl<J, D, K> fmt::Debug for RetryPolicy<J, D, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("retry", self.shared().name())
            .finish_non_exhaustive()
    }
}

/// The time before a retry. Dropping it, with its call, gives back what the retry took from the budget.
#[pin_project]
#[derive(Debug)]
#[must_use = "futures do nothing unless they are polled"]
pub struct RetryWait {
    #[pin]
    sleep: Sleep,
}

impl RetryWait {
    pub(crate) fn until(begins: Instant) -> Self {
        Self {
            sleep: sleep_until(begins),
        }
    }
}

impl Future for RetryWait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().sleep.poll(cx)
    }
}
