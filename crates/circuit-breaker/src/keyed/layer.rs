//! A breaker for each key in a stack of layers.

use std::fmt;
use std::hash::Hash;
use std::task::{Context, Poll};

use seaworthy_core::classify::DefaultClassifier;
use seaworthy_core::reject::{IntoError, Reject, Respond};
use seaworthy_core::{Classify, Rejected};
use tower_layer::Layer;
use tower_service::Service;

use super::CircuitBreakers;
use crate::future::{ResponseFuture, begin};
use crate::readiness::unasked;

/// Puts the breaker of each request's key in front of a service. Made by [`CircuitBreakers::layer`].
///
/// It is ready when the service behind it is: which breaker is asked is known only with the request. So a call waits for
/// that service even if it is turned away then, an error of readiness is no evidence about any key, and there is no way
/// to be not ready while open.
pub struct KeyedLayer<K, F, C = DefaultClassifier, R = IntoError> {
    breakers: CircuitBreakers<K>,
    key: F,
    classify: C,
    reject: R,
}

/// A service behind the breaker of each request's key. Made by [`KeyedLayer`].
pub struct KeyedService<S, K, F, C = DefaultClassifier, R = IntoError> {
    inner: S,
    layer: KeyedLayer<K, F, C, R>,
    /// The service behind it is ready for a call of this very instance.
    ready: bool,
}

impl<K> CircuitBreakers<K> {
    /// A layer for tower services, with the key of a request given by `key`.
    #[must_use]
    pub fn layer<F>(&self, key: F) -> KeyedLayer<K, F> {
        KeyedLayer {
            breakers: self.clone(),
            key,
            classify: DefaultClassifier::for_breaker(),
            reject: IntoError,
        }
    }
}

impl<K, F, C, R> KeyedLayer<K, F, C, R> {
    /// Judges outcomes by `classify`, as with [`CircuitBreakerLayer`](crate::CircuitBreakerLayer::classify).
    #[must_use]
    pub fn classify<D>(self, classify: D) -> KeyedLayer<K, F, D, R> {
        KeyedLayer {
            breakers: self.breakers,
            key: self.key,
            classify,
            reject: self.reject,
        }
    }

    /// Answers a call that is turned away with a response instead of an error.
    #[must_use]
    pub fn respond<G, Res>(self, respond: G) -> KeyedLayer<K, F, C, Respond<G>>
    where
        G: Fn(Rejected) -> Res,
    {
        self.reject(Respond::new(respond))
    }

    /// Turns a rejection into what the caller gets by `reject`, a [`Reject`](seaworthy_core::Reject).
    #[must_use]
    pub fn reject<Q>(self, reject: Q) -> KeyedLayer<K, F, C, Q> {
        KeyedLayer {
            breakers: self.breakers,
            key: self.key,
            classify: self.classify,
            reject,
        }
    }
}

impl<S, K, F: Clone, C: Clone, R: Clone> Layer<S> for KeyedLayer<K, F, C, R> {
    type Service = KeyedService<S, K, F, C, R>;

    fn layer(&self, inner: S) -> Self::Service {
        KeyedService {
            inner,
            layer: self.clone(),
            ready: false,
        }
    }
}

impl<K, F: Clone, C: Clone, R: Clone> Clone for KeyedLayer<K, F, C, R> {
    fn clone(&self) -> Self {
        Self {
            breakers: self.breakers.clone(),
            key: self.key.clone(),
            classify: self.classify.clone(),
            reject: self.reject.clone(),
        }
    }
}

impl<S: Clone, K, F: Clone, C: Clone, R: Clone> Clone for KeyedService<S, K, F, C, R> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            layer: self.layer.clone(),
            ready: false,
        }
    }
}

impl<S, K, F, C, R, Req> Service<Req> for KeyedService<S, K, F, C, R>
where
    S: Service<Req>,
    K: Hash + Eq + fmt::Display + Send + 'static,
    F: Fn(&Req) -> K,
    C: Classify<S::Response, S::Error> + Clone,
    R: Reject<S::Response, S::Error>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, Result<S::Response, S::Error>, C>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let polled = self.inner.poll_ready(cx);
        self.ready = matches!(polled, Poll::Ready(Ok(())));
        polled
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let layer = &self.layer;
        let breaker = layer.breakers.get((layer.key)(&request));
        let ready = std::mem::take(&mut self.ready);
        let admitted = if ready {
            breaker.try_acquire()
        } else {
            Err(unasked(breaker.shared()))
        };
        match admitted {
            Ok(permit) => {
                let (future, permit) = begin(permit, || self.inner.call(request));
                ResponseFuture::call(future, permit, layer.classify.clone())
            }
            Err(rejected) => ResponseFuture::rejected(layer.reject.reject(rejected)),
        }
    }
}

impl<K, F, C, R> fmt::Debug for KeyedLayer<K, F, C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedLayer")
            .field("breakers", &self.breakers)
            .finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, K, F, C, R> fmt::Debug for KeyedService<S, K, F, C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedService")
            .field("breakers", &self.layer.breakers)
            .field("inner", &self.inner)
            .finish()
    }
}
