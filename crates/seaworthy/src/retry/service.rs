//! A service whose calls are tried again.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use seaworthy_core::request::{Describe, NothingKnown};
use seaworthy_core::shard::Spread;
use tower_service::Service;

use super::copy::{Cloned, CopyRequest};
use super::future::{ResponseFuture, Rest};
use super::judge::{ByVerdict, Judge};
use super::origin::{Kept, Origin};
use super::parts::Parts;
use super::shared::Shared;

/// A service whose calls are tried again. Made by [`RetryLayer`](super::RetryLayer).
///
/// It is ready when the service behind it is. The first attempt is made by the very instance that was ready, each other by
/// a clone of the one that the layer got, which is waited for until it is ready; there is no limit for that here: the stage
/// around this has one. An error by which it never will be is the outcome of that attempt.
pub struct RetryService<S, J = ByVerdict, D = NothingKnown, K = Cloned> {
    inner: S,
    origin: Kept<S>,
    parts: Parts<J, D, K>,
    /// Of the service that the layer made, once it was cloned: keeps all shards alive, so that its clones are counted apart.
    shards: OnceLock<Spread<Origin<S>>>,
}

impl<S, J, D, K> RetryService<S, J, D, K> {
    pub(super) fn new(inner: S, shared: &Arc<Shared>, parts: Parts<J, D, K>) -> Self
    where
        S: Clone,
    {
        let origin = Origin::new(Arc::clone(shared), inner.clone());
        Self {
            inner,
            origin: Kept::Alone(Arc::new(origin)),
            parts,
            shards: OnceLock::new(),
        }
    }

    /// The service behind.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service behind, without retries.
    pub fn into_inner(self) -> S {
        self.inner
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
    type Future = ResponseFuture<S, S::Future, Req, J, D, K>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        let rest = Rest::begin(&self.origin, &self.parts, &request);
        ResponseFuture::new(self.inner.call(request), rest)
    }
}

impl<S: Clone, J: Clone, D: Clone, K: Clone> Clone for RetryService<S, J, D, K> {
    #[inline]
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            origin: match &self.origin {
                Kept::Alone(origin) => {
                    let shards = || Spread::new(Arc::clone(origin));
                    Kept::Shared(self.shards.get_or_init(shards).share())
                }
                shared => shared.clone(),
            },
            parts: self.parts.clone(),
            shards: OnceLock::new(),
        }
    }
}

impl<S: fmt::Debug, J, D, K> fmt::Debug for RetryService<S, J, D, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
