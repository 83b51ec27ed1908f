//! What tower's `Retry` keeps of a call: more than a request, so that no outcome escapes the policy.
//!
//! A policy that has no copy of a request is not asked about the outcome, and could not tell anybody that a call was not
//! tried again. Ours always has something.

use std::fmt;
use std::task::{Context, Poll};

use seaworthy_core::request::Info;
use tower_service::Service;

/// A request on its way through [`RetryService`](super::RetryService): the one that came, a copy of it, or the knowledge
/// that there is none.
pub struct Attempt<Req>(pub(crate) Kind<Req>);

pub(crate) enum Kind<Req> {
    /// As it came.
    First(Req),
    /// To be sent if the one before gets no answer.
    Copy(Req),
    /// There is nothing to send again; what is known about the request.
    Nothing(Info),
}

/// The service behind [`RetryService`](super::RetryService), which gets the request out of each attempt.
#[derive(Clone, Debug)]
pub struct Attempts<S>(pub(crate) S);

impl<S, Req> Service<Attempt<Req>> for Attempts<S>
where
    S: Service<Req>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, attempt: Attempt<Req>) -> S::Future {
        match attempt.0 {
            Kind::First(request) | Kind::Copy(request) => self.0.call(request),
            Kind::Nothing(_) => unreachable!("without a copy no retry is planned"),
        }
    }
}

impl<Req> fmt::Debug for Attempt<Req> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt").finish_non_exhaustive()
    }
}
