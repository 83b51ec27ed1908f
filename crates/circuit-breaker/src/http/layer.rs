//! The layer for which a call lasts until its body has ended.

use std::fmt;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use seaworthy_core::reject::{IntoError, Reject, Respond};
use seaworthy_core::{Classify, Rejected};
use tower_layer::Layer;
use tower_service::Service;

use super::body::JudgedBody;
use super::classify::{HttpStatus, JudgeTrailers};
use super::future::HttpResponseFuture;
use crate::breaker::CircuitBreaker;
use crate::future::Bomb;
use crate::readiness::Readiness;

/// Puts a breaker in front of an HTTP service, for which a call lasts until its body has ended.
#[derive(Clone)]
pub struct HttpLayer<P = HttpStatus, R = IntoError> {
    breaker: CircuitBreaker,
    protocol: P,
    reject: R,
}

/// An HTTP service behind a breaker. Made by [`HttpLayer`].
#[derive(Clone)]
pub struct HttpService<S, P = HttpStatus, R = IntoError> {
    inner: S,
    layer: HttpLayer<P, R>,
    readiness: Readiness,
}

impl CircuitBreaker {
    /// A layer for HTTP services that judges a response when its body has ended: one that breaks off is a failure. The
    /// response is of another type, with a [`JudgedBody`].
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    #[must_use]
    pub fn http_layer(&self) -> HttpLayer {
        HttpLayer::new(self, HttpStatus)
    }

    /// As [`http_layer`](Self::http_layer), for gRPC: the status in the trailers counts.
    #[cfg(feature = "grpc")]
    #[cfg_attr(docsrs, doc(cfg(feature = "grpc")))]
    #[must_use]
    pub fn grpc_layer(&self) -> HttpLayer<super::GrpcStatus> {
        HttpLayer::new(self, super::GrpcStatus)
    }
}

impl<P> HttpLayer<P> {
    fn new(breaker: &CircuitBreaker, protocol: P) -> Self {
        Self {
            breaker: breaker.clone(),
            protocol,
            reject: IntoError,
        }
    }
}

impl<P, R> HttpLayer<P, R> {
    /// Answers a call that is turned away with a response instead of an error.
    #[must_use]
    pub fn respond<F, B>(self, respond: F) -> HttpLayer<P, Respond<F>>
    where
        F: Fn(Rejected) -> Response<B>,
    {
        HttpLayer {
            breaker: self.breaker,
            protocol: self.protocol,
            reject: Respond::new(respond),
        }
    }
}

impl<S, P: Clone, R: Clone> Layer<S> for HttpLayer<P, R> {
    type Service = HttpService<S, P, R>;

    fn layer(&self, inner: S) -> Self::Service {
        HttpService {
            inner,
            layer: self.clone(),
            readiness: Readiness::Unknown,
        }
    }
}

impl<S, P, R, Req, B> Service<Req> for HttpService<S, P, R>
where
    S: Service<Req, Response = Response<B>>,
    B: Body,
    P: Classify<Response<B>, S::Error> + JudgeTrailers + Clone,
    R: Reject<Response<B>, S::Error>,
{
    type Response = Response<JudgedBody<B, P>>;
    type Error = S::Error;
    type Future = HttpResponseFuture<S::Future, Result<Response<B>, S::Error>, P>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.readiness = Readiness::Unknown;
        let shared = self.layer.breaker.shared();
        if let Some(now) = shared.rejects() {
            self.readiness = Readiness::Refused(now);
            return Poll::Ready(Ok(()));
        }
        if let Err(error) = ready!(self.inner.poll_ready(cx)) {
            shared.fails(self.layer.protocol.classify(Err(&error)));
            return Poll::Ready(Err(error));
        }
        self.readiness = Readiness::Ready;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let HttpLayer {
            breaker,
            protocol,
            reject,
        } = &self.layer;
        let ready = self.readiness.take(breaker.shared());
        match ready.and_then(|()| breaker.try_acquire()) {
            Ok(mut permit) => {
                let bomb = Bomb::new(&mut permit);
                let future = self.inner.call(request);
                bomb.defuse();
                HttpResponseFuture::call(future, permit, protocol.clone())
            }
            Err(rejected) => HttpResponseFuture::rejected(reject.reject(rejected)),
        }
    }
}

impl<P, R> fmt::Debug for HttpLayer<P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpLayer")
            .field("breaker", &self.breaker)
            .finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, P, R> fmt::Debug for HttpService<S, P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpService")
            .field("breaker", &self.layer.breaker)
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
