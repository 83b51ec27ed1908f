//! A service behind a breaker.

use std::fmt;
use std::task::{Context, Poll};

use seaworthy_core::Classify;
use seaworthy_core::classify::DefaultClassifier;
use seaworthy_core::reject::{IntoError, Reject};
use tower_service::Service;

use crate::entrance::Entrance;
use crate::future::{ResponseFuture, begin};

/// A service behind a breaker. Made by [`CircuitBreakerLayer`](crate::CircuitBreakerLayer).
///
/// While the breaker is open it is ready without asking the service behind it, and turns calls away. A call reaches the
/// service only through the very instance that was ready.
#[derive(Clone)]
pub struct CircuitBreakerService<S, C = DefaultClassifier, R = IntoError> {
    inner: S,
    entrance: Entrance,
    classify: C,
    reject: R,
}

impl<S, C, R> CircuitBreakerService<S, C, R> {
    pub(crate) fn new(inner: S, entrance: Entrance, classify: C, reject: R) -> Self {
        Self {
            inner,
            entrance,
            classify,
            reject,
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
        let (inner, classify) = (&mut self.inner, &self.classify);
        self.entrance.poll_ready(
            cx,
            |cx| inner.poll_ready(cx),
            |error| classify.classify(Err(error)),
        )
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        match self.entrance.enter() {
            Ok(permit) => {
                let (future, permit) = begin(permit, || self.inner.call(request));
                ResponseFuture::call(future, permit, self.classify.clone())
            }
            Err(rejected) => ResponseFuture::rejected(self.reject.reject(rejected)),
        }
    }
}

impl<S: fmt::Debug, C, R> fmt::Debug for CircuitBreakerService<S, C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreakerService")
            .field("breaker", &self.entrance.name())
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
