//! A service behind a timeout.

use std::fmt;
use std::task::{Context, Poll};

use seaworthy_core::reject::{IntoError, Reject};
use seaworthy_core::request::{Describe, NothingKnown};
use seaworthy_core::shard::{Share, Spread};
use tower_service::Service;

use super::future::{Limit, TimeoutFuture};
use super::handle::Timeout;
use super::shared::Shared;

/// A service behind a timeout. Made by [`TimeoutLayer`](super::TimeoutLayer).
///
/// It is ready when the service behind it is: waiting for that is not limited.
pub struct TimeoutService<S, D = NothingKnown, R = IntoError> {
    inner: S,
    share: Share<Shared>,
    /// Of the service that the layer made: keeps all shards alive, so that its clones are counted apart.
    _root: Option<Spread<Shared>>,
    describe: D,
    reject: R,
}

impl<S, D, R> TimeoutService<S, D, R> {
    pub(crate) fn new(inner: S, timeout: &Timeout, describe: D, reject: R) -> Self {
        Self {
            inner,
            share: timeout.shared().share(),
            _root: Some(timeout.shared().clone()),
            describe,
            reject,
        }
    }

    /// The service behind the timeout.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service behind the timeout. What is called on it directly takes as long as it likes.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service behind the timeout, without it.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, D, R, Req> Service<Req> for TimeoutService<S, D, R>
where
    S: Service<Req>,
    D: Describe<Req>,
    R: Reject<S::Response, S::Error> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = TimeoutFuture<S::Future, Result<S::Response, S::Error>, R>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        let info = self.describe.describe(&request);
        // What the service does before it returns its future counts as well.
        match Limit::begin(&self.share, info) {
            Ok(limit) => TimeoutFuture::call(self.inner.call(request), limit, self.reject.clone()),
            Err(rejected) => TimeoutFuture::rejected(self.reject.reject(rejected)),
        }
    }
}

impl<S: Clone, D: Clone, R: Clone> Clone for TimeoutService<S, D, R> {
    #[inline]
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            share: self.share.clone(),
            _root: None,
            describe: self.describe.clone(),
            reject: self.reject.clone(),
        }
    }
}

impl<S: fmt::Debug, D, R> fmt::Debug for TimeoutService<S, D, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeoutService")
            .field("timeout", self.share.text())
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
