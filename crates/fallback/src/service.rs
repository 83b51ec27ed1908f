//! A service with a fallback.

use std::any::Any;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use seaworthy_core::shard::{Share, Spread};
use tower_service::Service;

use crate::future::ResponseFuture;
use crate::handle::Handle;
use crate::last_word::LastWord;
use crate::panics::Panics;
use crate::provenance::Provenance;
use crate::shared::Shared;
use crate::strategy::Strategy;

/// A service with a fallback. Made by [`FallbackLayer`](crate::FallbackLayer).
///
/// It is ready when the service is, and also when that has failed to get ready: then the call that follows is answered by
/// the fallback. A call reaches the service only through the very instance that was ready.
pub struct FallbackService<S, T, H, L, P, X> {
    inner: S,
    share: Share<Shared<T, H, L>>,
    /// Of the service that the layer made: keeps all shards alive, so that its clones are counted apart.
    _root: Option<Spread<Shared<T, H, L>>>,
    /// Why the service is not ready, for the next call. Behind a lock that nobody takes, so that the error need not be
    /// `Sync` for this to be so.
    failed: Option<Mutex<Box<dyn Any + Send>>>,
    options: (P, X),
}

impl<S, T, H, L, P, X> FallbackService<S, T, H, L, P, X> {
    pub(crate) fn new(inner: S, shared: &Spread<Shared<T, H, L>>, options: (P, X)) -> Self {
        Self {
            inner,
            share: shared.share(),
            _root: Some(shared.clone()),
            failed: None,
            options,
        }
    }

    /// The service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service. What is called on it directly has no fallback.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service, without the fallback.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, T, H, L, P, X, Req> Service<Req> for FallbackService<S, T, H, L, P, X>
where
    S: Service<Req>,
    S::Error: Send + 'static,
    T: Strategy<Req, S::Response, S::Error>,
    H: Handle<S::Response, S::Error>,
    L: LastWord<S::Response, S::Error>,
    P: Provenance<S::Response, S::Error> + Clone,
    X: Panics<S::Error> + Clone,
{
    type Response = P::Response;
    type Error = S::Error;
    type Future =
        ResponseFuture<S::Future, Req, S::Response, S::Error, T::Kept, T::Answering, T, H, L, P, X>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let (inner, name) = (&mut self.inner, self.share.desk.name().name());
        let polled = self.options.1.guard(name, || inner.poll_ready(cx));
        self.failed = None;
        match polled {
            Poll::Ready(Err(error)) if self.share.handles(Err(&error)) => {
                self.failed = Some(Mutex::new(Box::new(error)));
                Poll::Ready(Ok(()))
            }
            other => other,
        }
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        let (share, options) = (self.share.clone(), self.options.clone());
        let kept = share.strategies.keep(&request);
        if let Some(error) = self.failed.take() {
            let error = error.into_inner().unwrap_or_else(PoisonError::into_inner);
            let error = error.downcast().expect("it is of this service");
            return ResponseFuture::failed(*error, kept, share, options);
        }
        if let Some(answer) = share.strategies.instead(&kept, &share.desk) {
            return ResponseFuture::instead(answer, share, options);
        }
        let (inner, name) = (&mut self.inner, share.desk.name().name());
        let called = options
            .1
            .guard(name, || Poll::Ready(Ok(inner.call(request))));
        match called {
            Poll::Ready(Ok(future)) => ResponseFuture::primary(future, kept, share, options),
            Poll::Ready(Err(error)) => ResponseFuture::failed(error, kept, share, options),
            Poll::Pending => unreachable!("a guard makes nothing wait"),
        }
    }
}

/// A clone has to be ready on its own.
impl<S: Clone, T, H, L, P: Clone, X: Clone> Clone for FallbackService<S, T, H, L, P, X> {
    #[inline]
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            share: self.share.clone(),
            _root: None,
            failed: None,
            options: self.options.clone(),
        }
    }
}

impl<S: fmt::Debug, T, H, L, P, X> fmt::Debug for FallbackService<S, T, H, L, P, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallbackService")
            .field("fallback", self.share.desk.name().text())
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
