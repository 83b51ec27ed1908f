//! A service whose calls are tried again.

use std::fmt;
use std::task::{Context, Poll};

use seaworthy_core::request::{Describe, NothingKnown};
use seaworthy_core::shard::Spread;
use tower::retry::future::ResponseFuture;
use tower_service::Service;

use super::attempt::{Attempt, Attempts, Kind};
use super::copy::{Cloned, CopyRequest};
use super::handle::Retry;
use super::judge::{ByVerdict, Judge};
use super::policy::{Parts, RetryPolicy};
use super::shared::Shared;

/// A service whose calls are tried again: tower's `Retry` by [a policy of ours](RetryPolicy). Made by
/// [`RetryLayer`](super::RetryLayer).
///
/// It is ready when the service behind it is. The first attempt is made by the very instance that was ready, each other by
/// a clone that is waited for until it is ready, for which there is no limit here: the stage around this has one. If it
/// never will be, that error is the outcome.
pub struct RetryService<S, J = ByVerdict, D = NothingKnown, K = Cloned> {
    retry: tower::retry::Retry<RetryPolicy<J, D, K>, Attempts<S>>,
    /// Of the service that the layer made: keeps all shards alive, so that its clones are counted apart.
    _root: Option<Spread<Shared>>,
}

impl<S, J, D, K> RetryService<S, J, D, K> {
    pub(crate) fn new(inner: S, retry: &Retry, parts: Parts<J, D, K>) -> Self {
        let policy = RetryPolicy::new(retry.shared().share(), parts);
        Self {
            retry: tower::retry::Retry::new(policy, Attempts(inner)),
            _root: Some(retry.shared().clone()),
        }
    }

    /// The service behind.
    pub fn get_ref(&self) -> &S {
        &self.retry.get_ref().0
    }

    /// The service behind. What is called on it directly is tried once.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.retry.get_mut().0
    }

    /// The service behind, without retries.
    pub fn into_inner(self) -> S {
        self.retry.into_inner().0
    }
}

impl<S, J, D, K, Req> Service<Req> for RetryService<S, J, D, K>
where
    S: Service<Req> + Clone,
    J: Judge<S::Response, S::Error> + Clone,
    D: Describe<Req> + Clone,
    K: CopyRequest<Req> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<RetryPolicy<J, D, K>, Attempts<S>, Attempt<Req>>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Service::<Attempt<Req>>::poll_ready(&mut self.retry, cx)
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        self.retry.call(Attempt(Kind::First(request)))
    }
}

impl<S: Clone, J: Clone, D: Clone, K: Clone> Clone for RetryService<S, J, D, K> {
    #[inline]
    fn clone(&self) -> Self {
        Self {
            retry: self.retry.clone(),
            _root: None,
        }
    }
}

impl<S: fmt::Debug, J, D, K> fmt::Debug for RetryService<S, J, D, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryService")
            .field("inner", self.get_ref())
            .finish_non_exhaustive()
    }
}
