//! The throttle in a stack of layers.

use std::fmt;

use seaworthy_core::Rejected;
use seaworthy_core::classify::DefaultClassifier;
use seaworthy_core::reject::{IntoError, Respond};
use tower_layer::Layer;

use super::handle::Throttle;
use super::service::ThrottleService;

/// Puts a throttle in front of a service. Made by [`Throttle::layer`].
///
/// However often it is applied, to services of whichever types: all of them share the one throttle.
///
/// By default the outcome of a call is judged by [`DefaultClassifier::for_limit`]: a [`Rejected`] that was not executed
/// is overload, the rest was accepted. A call that is held back is an error, for which the error of the service has to
/// be `From<Rejected>`.
#[derive(Clone)]
pub struct ThrottleLayer<C = DefaultClassifier, R = IntoError> {
    throttle: Throttle,
    classify: C,
    reject: R,
}

impl ThrottleLayer {
    pub(crate) fn new(throttle: Throttle) -> Self {
        Self {
            throttle,
            classify: DefaultClassifier::for_limit(),
            reject: IntoError,
        }
    }
}

impl<C, R> ThrottleLayer<C, R> {
    /// Judges outcomes by `classify`, a [`Classify`](seaworthy_core::Classify) for the service it is applied to; a
    /// closure is one, and for HTTP there is `HttpOverload` (feature `http`). It is cloned for each call.
    ///
    #[cfg_attr(
        feature = "http",
        doc = r##"
```
use seaworthy_bulkhead::{HttpOverload, Throttle};

let inventory = Throttle::builder("inventory").build()?;
let layer = inventory.layer().classify(HttpOverload);
# Ok::<(), seaworthy_core::ConfigError>(())
```
"##
    )]
    #[must_use]
    pub fn classify<D>(self, classify: D) -> ThrottleLayer<D, R> {
        ThrottleLayer {
            throttle: self.throttle,
            classify,
            reject: self.reject,
        }
    }

    /// Answers a call that is held back with a response instead of an error, as services need that cannot fail.
    #[must_use]
    pub fn respond<F, Res>(self, respond: F) -> ThrottleLayer<C, Respond<F>>
    where
        F: Fn(Rejected) -> Res,
    {
        self.reject(Respond::new(respond))
    }

    /// Turns a rejection into what the caller gets by `reject`, a [`Reject`](seaworthy_core::Reject).
    #[must_use]
    pub fn reject<Q>(self, reject: Q) -> ThrottleLayer<C, Q> {
        ThrottleLayer {
            throttle: self.throttle,
            classify: self.classify,
            reject,
        }
    }
}

impl<S, C, R> Layer<S> for ThrottleLayer<C, R>
where
    C: Clone,
    R: Clone,
{
    type Service = ThrottleService<S, C, R>;

    fn layer(&self, inner: S) -> Self::Service {
        let (classify, reject) = (self.classify.clone(), self.reject.clone());
        ThrottleService::new(inner, &self.throttle, classify, reject)
    }
}

impl<C, R> fmt::Debug for ThrottleLayer<C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrottleLayer")
            .field("throttle", &self.throttle)
            .finish_non_exhaustive()
    }
}
