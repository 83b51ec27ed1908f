//! A service behind a bulkhead.

use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use seaworthy_core::Classify;
use seaworthy_core::classify::DefaultClassifier;
use seaworthy_core::reject::{IntoError, Reject};
use tower_service::Service;

use crate::demand::{Ask, One};
use crate::entrance::{Enter, Entrance};
use crate::future::ResponseFuture;
use crate::layer::Parts;
use crate::mode::{Mode, Waits};
use crate::release::{OnResponse, Release};
use crate::wait::Admission;

/// A service behind a bulkhead. Made by [`BulkheadLayer`](crate::BulkheadLayer).
///
/// While calls are turned away it is ready without asking the service behind it. A call reaches the service only through
/// the very instance that was ready.
pub struct BulkheadService<
    S,
    C = DefaultClassifier,
    R = IntoError,
    A = One,
    K = OnResponse,
    M = Waits,
    E = Entrance,
> {
    inner: S,
    entrance: E,
    parts: Parts<C, R, A, K>,
    mode: PhantomData<fn() -> M>,
}

impl<S, C, R, A, K, M, E> BulkheadService<S, C, R, A, K, M, E> {
    pub(crate) fn new(inner: S, entrance: E, parts: Parts<C, R, A, K>) -> Self {
        Self {
            inner,
            entrance,
            parts,
            mode: PhantomData,
        }
    }

    /// The service behind the bulkhead.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service behind the bulkhead. What is called on it directly is not limited.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service behind the bulkhead, without it.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, C, R, A, K, M, E, Req> Service<Req> for BulkheadService<S, C, R, A, K, M, E>
where
    S: Service<Req>,
    C: Classify<S::Response, S::Error> + Clone,
    R: Reject<K::Response, S::Error> + Clone,
    A: Ask<Req>,
    K: Release<S::Response> + Clone,
    M: Mode<S>,
    E: Enter<Req>,
{
    type Response = K::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, S::Future, Req, C, R, K>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let (inner, constant) = (&mut self.inner, self.parts.ask.is_constant());
        let inner_ready = |cx: &mut Context<'_>| inner.poll_ready(cx);
        self.entrance
            .poll_ready(cx, M::WAITS, constant, inner_ready)
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        let demand = self.parts.ask.ask(&request);
        match self.entrance.enter(&request, demand, M::WAITS) {
            Ok(Admission::Entered(permit)) => {
                ResponseFuture::call(self.inner.call(request), permit, &self.parts)
            }
            Ok(Admission::Waits(wait)) => {
                let inner = M::take(&mut self.inner);
                ResponseFuture::wait(wait, inner.map(|it| (it, request)), &self.parts)
            }
            Err(refused) => {
                let rejected = self.entrance.reject(refused);
                ResponseFuture::rejected(rejected, &self.parts)
            }
        }
    }
}

impl<S: Clone, C: Clone, R: Clone, A: Clone, K: Clone, M, E: Clone> Clone
    for BulkheadService<S, C, R, A, K, M, E>
{
    #[inline]
    fn clone(&self) -> Self {
        Self::new(
            self.inner.clone(),
            self.entrance.clone(),
            self.parts.clone(),
        )
    }
}

impl<S: fmt::Debug, C, R, A, K, M, E: fmt::Debug> fmt::Debug
    for BulkheadService<S, C, R, A, K, M, E>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkheadService")
            .field("entrance", &self.entrance)
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
