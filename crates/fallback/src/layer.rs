//! The fallback in a stack of layers.

use std::fmt;

use tower_layer::Layer;

use crate::fallback::Fallback;
use crate::panics::{Catch, Propagate};
use crate::provenance::{Plain, WithSource};
use crate::service::FallbackService;

/// Gives services a fallback. Made by [`Fallback::layer`].
///
/// However often it is applied: all services share the one fallback, what it keeps and what it counts. Put it outermost,
/// so that it answers whatever the layers behind it turn away.
pub struct FallbackLayer<T, H, L, P = Plain, X = Propagate> {
    fallback: Fallback<T, H, L>,
    options: (P, X),
}

impl<T, H, L> FallbackLayer<T, H, L> {
    pub(crate) fn new(fallback: Fallback<T, H, L>) -> Self {
        Self {
            fallback,
            options: (Plain, Propagate),
        }
    }
}

impl<T, H, L, P, X> FallbackLayer<T, H, L, P, X> {
    /// Answers with [`Degraded`](crate::Degraded): the response, who has given it, and what the service came to instead.
    #[must_use]
    pub fn with_source(self) -> FallbackLayer<T, H, L, WithSource, X> {
        self.responding(WithSource)
    }

    #[cfg(feature = "http")]
    pub(crate) fn name(&self) -> &std::sync::Arc<str> {
        self.fallback.name()
    }

    pub(crate) fn responding<Q>(self, provenance: Q) -> FallbackLayer<T, H, L, Q, X> {
        FallbackLayer {
            fallback: self.fallback,
            options: (provenance, self.options.1),
        }
    }

    /// Answers also when the service panics: as an error, a [`Rejected`](seaworthy_core::Rejected) with
    /// [`Reason::Crashed`](seaworthy_core::Reason::Crashed), of which the error of the service has to be made. By default a
    /// panic goes on to the caller.
    ///
    /// A service that has panicked may not be fit for another call. If that is so, supervise it: then it is built anew, and
    /// panics are errors already.
    #[must_use]
    pub fn catch_panics(self) -> FallbackLayer<T, H, L, P, Catch> {
        FallbackLayer {
            fallback: self.fallback,
            options: (self.options.0, Catch),
        }
    }
}

impl<S, T, H, L, P: Clone, X: Clone> Layer<S> for FallbackLayer<T, H, L, P, X> {
    type Service = FallbackService<S, T, H, L, P, X>;

    fn layer(&self, inner: S) -> Self::Service {
        FallbackService::new(inner, self.fallback.shared(), self.options.clone())
    }
}

impl<T, H, L, P: Clone, X: Clone> Clone for FallbackLayer<T, H, L, P, X> {
    fn clone(&self) -> Self {
        Self {
            fallback: self.fallback.clone(),
            options: self.options.clone(),
        }
    }
}

impl<T, H, L, P, X> fmt::Debug for FallbackLayer<T, H, L, P, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallbackLayer")
            .field("fallback", &self.fallback)
            .finish_non_exhaustive()
    }
}
