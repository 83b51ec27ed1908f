//! The layer for which a call lasts until its body has ended.

use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Response;
use http_body::Body;
use seaworthy_core::classify::HttpStatus;
use seaworthy_core::reject::{IntoError, Reject, Respond};
use seaworthy_core::{Classify, Rejected};
use tower_layer::Layer;
use tower_service::Service;

use super::body::JudgedBody;
use super::future::HttpResponseFuture;
use super::trailers::JudgeTrailers;
use crate::breaker::CircuitBreaker;
use crate::entrance::Entrance;
use crate::future::begin;
use crate::layer::Options;

/// Puts a breaker in front of an HTTP service, for which a call lasts until its body has ended. Made by
/// [`CircuitBreaker::http_layer`] and [`CircuitBreaker::grpc_layer`].
///
/// What the end of a body says, and what it means for slow calls and probes, is in the [module](crate::http).
///
/// # What it does not offer
///
/// Keys: where each upstream has a client of its own, give that a breaker of its own; where the key is in the request,
/// [`KeyedLayer`](crate::KeyedLayer) judges by the head.
#[derive(Clone)]
pub struct HttpLayer<P = HttpStatus, R = IntoError> {
    breaker: CircuitBreaker,
    protocol: P,
    reject: R,
    options: Options,
}

/// An HTTP service behind a breaker. Made by [`HttpLayer`].
#[derive(Clone)]
pub struct HttpService<S, P = HttpStatus, R = IntoError> {
    inner: S,
    entrance: Entrance,
    protocol: P,
    reject: R,
}

impl CircuitBreaker {
    /// A layer for HTTP services that judges a response when its body has ended: one that breaks off is a failure, one that
    /// is dropped is not. The response is of another type, with a [`JudgedBody`].
    ///
    /// A call lasts as long as its body, for [`slow_calls`](crate::CircuitBreakerBuilder::slow_calls) and for the
    /// [lease](crate::HalfOpen::lease) of a probe too. Long downloads, server-sent events and streams would be slow and
    /// overdue: judge those by their head, with `layer().classify(HttpStatus)`.
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    #[must_use]
    pub fn http_layer(&self) -> HttpLayer {
        HttpLayer::new(self, HttpStatus)
    }

    /// As [`http_layer`](Self::http_layer), for gRPC: the status in the trailers counts, and it is a failure if there is
    /// none. For gRPC alone: what else a server has to say comes without one.
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
            options: Options::default(),
        }
    }
}

impl<P, R> HttpLayer<P, R> {
    /// Judges outcomes by `protocol`: heads and errors as a [`Classify`], the ends of bodies as a [`JudgeTrailers`]. It is
    /// cloned for each call.
    ///
    /// ```
    /// use http::Response;
    /// use seaworthy_circuit_breaker::CircuitBreaker;
    /// use seaworthy_circuit_breaker::http::{HttpStatus, JudgeTrailers};
    /// use seaworthy_core::{Classify, Verdict};
    ///
    /// /// Of a search that finds nothing only if it is broken.
    /// #[derive(Clone)]
    /// struct SomethingFound;
    ///
    /// impl<B, Err: 'static> Classify<Response<B>, Err> for SomethingFound {
    ///     fn classify(&self, outcome: Result<&Response<B>, &Err>) -> Verdict {
    ///         match outcome {
    ///             Ok(response) if response.status() == 404 => Verdict::Failure,
    ///             _ => HttpStatus.classify(outcome),
    ///         }
    ///     }
    /// }
    ///
    /// impl JudgeTrailers for SomethingFound {}
    ///
    /// let layer = CircuitBreaker::new("search").http_layer().classify(SomethingFound);
    /// ```
    #[must_use]
    pub fn classify<D>(self, protocol: D) -> HttpLayer<D, R> {
        HttpLayer {
            breaker: self.breaker,
            protocol,
            reject: self.reject,
            options: self.options,
        }
    }

    /// Answers a call that is turned away with a response instead of an error: with [`respond`](super::respond), or a closure
    /// of yours.
    #[must_use]
    pub fn respond<F, B>(self, respond: F) -> HttpLayer<P, Respond<F>>
    where
        F: Fn(Rejected) -> Response<B>,
    {
        self.reject(Respond::new(respond))
    }

    /// Turns a rejection into what the caller gets by `reject`, a [`Reject`](seaworthy_core::Reject).
    #[must_use]
    pub fn reject<Q>(self, reject: Q) -> HttpLayer<P, Q> {
        HttpLayer {
            breaker: self.breaker,
            protocol: self.protocol,
            reject,
            options: self.options,
        }
    }

    /// As [`CircuitBreakerLayer::not_ready_while_open`](crate::CircuitBreakerLayer::not_ready_while_open).
    #[must_use]
    pub fn not_ready_while_open(mut self) -> Self {
        self.options.waits = true;
        self
    }

    /// As [`CircuitBreakerLayer::ready_within`](crate::CircuitBreakerLayer::ready_within).
    #[must_use]
    pub fn ready_within(mut self, time: Duration) -> Self {
        self.options.ready_within = Some(time);
        self
    }
}

impl<S, P: Clone, R: Clone> Layer<S> for HttpLayer<P, R> {
    type Service = HttpService<S, P, R>;

    fn layer(&self, inner: S) -> Self::Service {
        HttpService {
            inner,
            entrance: Entrance::new(&self.breaker, self.options),
            protocol: self.protocol.clone(),
            reject: self.reject.clone(),
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
        let (inner, protocol) = (&mut self.inner, &self.protocol);
        self.entrance.poll_ready(
            cx,
            |cx| inner.poll_ready(cx),
            |error| protocol.classify(Err(error)),
        )
    }

    fn call(&mut self, request: Req) -> Self::Future {
        match self.entrance.enter() {
            Ok(permit) => {
                let (future, permit) = begin(permit, || self.inner.call(request));
                HttpResponseFuture::call(future, permit, self.protocol.clone())
            }
            Err(rejected) => HttpResponseFuture::rejected(self.reject.reject(rejected)),
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
            .field("breaker", &self.entrance.name())
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
