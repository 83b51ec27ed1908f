//! A service behind a breaker.

use std::fmt;
use std::task::{Context, Poll, ready};

use seaworthy_core::classify::DefaultClassifier;
use seaworthy_core::reject::{IntoError, Reject};
use seaworthy_core::shard::{Share, Spread};
use seaworthy_core::{Classify, Verdict};
use tower_service::Service;

use crate::breaker::CircuitBreaker;
use crate::future::{Bomb, ResponseFuture};
use crate::layer::Options;
use crate::patience::Patience;
use crate::permit::Permit;
use crate::readiness::Readiness;
use crate::shared::Shared;
use crate::wait::Wait;

/// A service behind a breaker. Made by [`CircuitBreakerLayer`](crate::CircuitBreakerLayer).
///
/// While the breaker is open it is ready without asking the service behind it, and turns calls away. A call reaches the
/// service only through the very instance that was ready.
pub struct CircuitBreakerService<S, C = DefaultClassifier, R = IntoError> {
    inner: S,
    share: Share<Shared>,
    /// Of the service that the layer made: keeps all shards alive, so that its clones are counted apart.
    _root: Option<Spread<Shared>>,
    classify: C,
    reject: R,
    readiness: Readiness,
    /// If it is not ready while open.
    wait: Option<Wait>,
    /// If it matters how long the service behind it takes to get ready.
    patience: Option<Patience>,
}

impl<S, C, R> CircuitBreakerService<S, C, R> {
    pub(crate) fn new(
        inner: S,
        breaker: &CircuitBreaker,
        classify: C,
        reject: R,
        options: Options,
    ) -> Self {
        Self {
            inner,
            share: breaker.shared().share(),
            _root: Some(breaker.shared().clone()),
            classify,
            reject,
            readiness: Readiness::Unknown,
            wait: options.waits.then(Wait::default),
            patience: options.ready_within.map(Patience::new),
        }
    }

    /// The service behind the breaker.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service behind the breaker. What is called on it directly, the breaker does not see.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }
}

impl<S, C, R, Req> Service<Req> for CircuitBreakerService<S, C, R>
where
    S: Service<Req>,
    C: Classify<S::Response, S::Error> + Clone,
    R: Reject<S::Response, S::Error>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, Result<S::Response, S::Error>, C>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.readiness = Readiness::Unknown;
        if self.wait.is_some() || self.patience.is_some() {
            return self.poll_ready_with_care(cx);
        }
        if let Some(now) = self.share.rejects() {
            self.readiness = Readiness::Refused(now);
            return Poll::Ready(Ok(()));
        }
        match self.inner.poll_ready(cx) {
            Poll::Ready(Ok(())) => {
                self.readiness = Readiness::Ready;
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(self.unready(error))),
            Poll::Pending => Poll::Pending,
        }
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        if let Err(rejected) = self.readiness.take(&self.share) {
            return ResponseFuture::rejected(self.reject.reject(rejected));
        }
        let reserved = self.wait.as_mut().and_then(Wait::take);
        let admitted = match reserved {
            Some(permit) => Ok(permit),
            None => self
                .share
                .acquire()
                .map(|ticket| Permit::new(self.share.clone(), ticket)),
        };
        match admitted {
            Ok(mut permit) => {
                let bomb = Bomb::new(&mut permit);
                let future = self.inner.call(request);
                bomb.defuse();
                ResponseFuture::call(future, permit, self.classify.clone())
            }
            Err(rejected) => ResponseFuture::rejected(self.reject.reject(rejected)),
        }
    }
}

impl<S, C, R> CircuitBreakerService<S, C, R> {
    /// The same for who waits while the breaker is open, or does not wait for ever otherwise.
    #[cold]
    fn poll_ready_with_care<Req>(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>>
    where
        S: Service<Req>,
        C: Classify<S::Response, S::Error>,
    {
        if let Some(wait) = &mut self.wait {
            ready!(wait.poll_open(&self.share, cx));
        } else if let Some(now) = self.share.rejects() {
            self.readiness = Readiness::Refused(now);
            return Poll::Ready(Ok(()));
        }
        let polled = self.inner.poll_ready(cx);
        if let Some(patience) = &mut self.patience
            && patience.is_exhausted(polled.is_ready(), cx)
        {
            self.share.fails(Verdict::Failure);
        }
        if let Err(error) = ready!(polled) {
            return Poll::Ready(Err(self.unready(error)));
        }
        self.readiness = Readiness::Ready;
        match &mut self.wait {
            Some(wait) => wait.poll_reserve(&self.share, cx).map(Ok),
            None => Poll::Ready(Ok(())),
        }
    }

    /// Whoever cannot get ready fails as one who cannot answer does.
    #[cold]
    fn unready<Req>(&self, error: S::Error) -> S::Error
    where
        S: Service<Req>,
        C: Classify<S::Response, S::Error>,
    {
        self.share.fails(self.classify.classify(Err(&error)));
        error
    }
}

impl<S: Clone, C: Clone, R: Clone> Clone for CircuitBreakerService<S, C, R> {
    /// A clone has to be ready on its own.
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            share: self.share.clone(),
            _root: None,
            classify: self.classify.clone(),
            reject: self.reject.clone(),
            readiness: self.readiness.clone(),
            wait: self.wait.as_ref().map(|_| Wait::default()),
            patience: self.patience.as_ref().map(Patience::anew),
        }
    }
}

impl<S, C, R> Drop for CircuitBreakerService<S, C, R> {
    fn drop(&mut self) {
        if let Some(wait) = &mut self.wait {
            wait.leave(&self.share);
        }
    }
}

impl<S: fmt::Debug, C, R> fmt::Debug for CircuitBreakerService<S, C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreakerService")
            .field("breaker", self.share.name())
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
