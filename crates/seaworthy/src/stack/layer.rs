//! The stack as one layer.

use std::fmt;
use std::sync::Arc;

use seaworthy_bulkhead::BulkheadService;
use seaworthy_circuit_breaker::CircuitBreakerService;
use seaworthy_core::classify::DefaultClassifier;
use seaworthy_core::reject::IntoError;
use seaworthy_core::request::NothingKnown;
#[cfg(feature = "http")]
use seaworthy_fallback::http::WithHeaders;
use seaworthy_fallback::{
    Catch, Errors, FallbackLayer, FallbackService, Nothing, Plain, Primary, Propagate, WithSource,
};
use tower_layer::Layer;

use super::handle::Shared;
use super::rules::Rules;
use crate::retry::{ByVerdict, Cloned, RetryService};
use crate::timeout::TimeoutService;

/// Puts all stages of a [`Stack`](super::Stack) around a service. Made by [`Stack::layer`](super::Stack::layer).
#[derive(Clone)]
pub struct StackLayer<F = FallbackLayer<Nothing, Errors, Primary>, R = Rules> {
    fallback: F,
    shared: Arc<Shared>,
    rules: R,
}

/// A service with all stages of a [`Stack`](super::Stack) around it but the fallback, from the outermost to the innermost.
pub type GuardedService<
    S,
    C = DefaultClassifier,
    J = ByVerdict,
    D = NothingKnown,
    K = Cloned,
    R = IntoError,
> = BulkheadService<
    TimeoutService<
        RetryService<CircuitBreakerService<TimeoutService<S, NothingKnown, R>, C, R>, J, D, K>,
        D,
        R,
    >,
    C,
    R,
>;

/// A service with all stages of a [`Stack`](super::Stack) around it. Its type does not depend on which of them are on.
///
/// `G` is the [`GuardedService`], the rest is of the [fallback](FallbackService).
pub type StackService<G, T = Nothing, H = Errors, L = Primary, P = Plain, X = Propagate> =
    FallbackService<G, T, H, L, P, X>;

impl<F, R> StackLayer<F, R> {
    pub(super) fn new(fallback: F, shared: &Arc<Shared>, rules: R) -> Self {
        Self {
            fallback,
            shared: Arc::clone(shared),
            rules,
        }
    }
}

impl<T, H, L, P, X, R> StackLayer<FallbackLayer<T, H, L, P, X>, R> {
    /// Answers with [`Degraded`](seaworthy_fallback::Degraded): the response, who has given it, and what the service came to
    /// instead.
    #[must_use]
    pub fn with_source(self) -> StackLayer<FallbackLayer<T, H, L, WithSource, X>, R> {
        self.with(FallbackLayer::with_source)
    }

    /// Says of a stale response that it is one, by the headers `Age` and `Cache-Status`: see
    /// [`FallbackLayer::with_headers`].
    #[cfg(feature = "http")]
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    #[must_use]
    pub fn with_headers(self) -> StackLayer<FallbackLayer<T, H, L, WithHeaders, X>, R> {
        self.with(FallbackLayer::with_headers)
    }

    /// Answers also when the service panics: see [`FallbackLayer::catch_panics`].
    #[must_use]
    pub fn catch_panics(self) -> StackLayer<FallbackLayer<T, H, L, P, Catch>, R> {
        self.with(FallbackLayer::catch_panics)
    }

    fn with<G>(self, change: impl FnOnce(FallbackLayer<T, H, L, P, X>) -> G) -> StackLayer<G, R> {
        StackLayer {
            fallback: change(self.fallback),
            shared: self.shared,
            rules: self.rules,
        }
    }
}

impl<S, F, C, J, D, K, R> Layer<S> for StackLayer<F, Rules<C, J, D, K, R>>
where
    S: Clone,
    F: Layer<GuardedService<S, C, J, D, K, R>>,
    C: Clone,
    J: Clone,
    D: Clone,
    K: Clone,
    R: Clone,
{
    type Service = F::Service;

    fn layer(&self, inner: S) -> F::Service {
        let (shared, rules) = (&*self.shared, self.rules.clone());
        let reject = || rules.reject.clone();
        let service = shared.attempt.layer().reject(reject()).layer(inner);
        let breaker = shared.breaker.layer().classify(rules.for_breaker);
        let service = breaker.reject(reject()).layer(service);
        let describe = rules.describe.clone();
        let retry = shared.retry.layer().judge(rules.judge).copy(rules.copy);
        let service = retry.describe(describe).layer(service);
        let total = shared.total.layer().describe(rules.describe);
        let service = total.reject(reject()).layer(service);
        let bulkhead = shared.bulkhead.layer().classify(rules.for_limit);
        let bulkhead = bulkhead.reject(reject());
        self.fallback.layer(bulkhead.layer(service))
    }
}

impl<F, R> fmt::Debug for StackLayer<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StackLayer")
            .field(&self.shared.name)
            .finish()
    }
}
