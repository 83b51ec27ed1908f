//! The breaker in a stack of layers.

use std::fmt;
use std::time::Duration;

use seaworthy_core::Rejected;
use seaworthy_core::classify::DefaultClassifier;
use seaworthy_core::reject::{IntoError, Respond};
use tower_layer::Layer;

use crate::breaker::CircuitBreaker;
use crate::entrance::Entrance;
use crate::service::CircuitBreakerService;

/// Puts a breaker in front of a service. Made by [`CircuitBreaker::layer`].
///
/// However often it is applied, to services of whichever types: all of them share the one breaker.
///
/// By default the outcome of a call is judged by [`DefaultClassifier`], and a call that is turned away is an error, for
/// which the error of the service has to be `From<Rejected>`.
#[derive(Clone)]
pub struct CircuitBreakerLayer<C = DefaultClassifier, R = IntoError> {
    breaker: CircuitBreaker,
    classify: C,
    reject: R,
    options: Options,
}

/// How the service behaves in `poll_ready`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    /// It is not ready while open.
    pub(crate) waits: bool,
    /// So long the service behind it may take to get ready.
    pub(crate) ready_within: Option<Duration>,
}

impl CircuitBreakerLayer {
    pub(crate) fn new(breaker: CircuitBreaker) -> Self {
        Self {
            breaker,
            classify: DefaultClassifier::for_breaker(),
            reject: IntoError,
            options: Options::default(),
        }
    }
}

impl<C, R> CircuitBreakerLayer<C, R> {
    /// Judges outcomes by `classify`, a [`Classify`](seaworthy_core::Classify) for the service it is applied to; a
    /// closure is one. It is cloned for each call.
    #[must_use]
    pub fn classify<D>(self, classify: D) -> CircuitBreakerLayer<D, R> {
        CircuitBreakerLayer {
            breaker: self.breaker,
            classify,
            reject: self.reject,
            options: self.options,
        }
    }

    /// Answers a call that is turned away with a response instead of an error, as services need that cannot fail.
    #[must_use]
    pub fn respond<F, Res>(self, respond: F) -> CircuitBreakerLayer<C, Respond<F>>
    where
        F: Fn(Rejected) -> Res,
    {
        self.reject(Respond::new(respond))
    }

    /// Turns a rejection into what the caller gets by `reject`, a [`Reject`](seaworthy_core::Reject).
    #[must_use]
    pub fn reject<Q>(self, reject: Q) -> CircuitBreakerLayer<C, Q> {
        CircuitBreakerLayer {
            breaker: self.breaker,
            classify: self.classify,
            reject,
            options: self.options,
        }
    }

    /// Is not ready while the breaker lets nothing through, instead of turning calls away: for balancers, which then
    /// send them elsewhere.
    ///
    /// A place for a probe is taken in `poll_ready`, and held until the call, or until the service is polled again or
    /// dropped: do not keep a service that is ready and not used. A clone takes nothing over. Waiting needs the timers of a
    /// tokio runtime.
    #[must_use]
    pub fn not_ready_while_open(mut self) -> Self {
        self.options.waits = true;
        self
    }

    /// Counts a failure when somebody has waited for so long and the service behind it has not become ready: one that
    /// hangs there never gets as far as a call. Goes on waiting all the same, unless the breaker opens by it. Needs the
    /// timers of a tokio runtime.
    #[must_use]
    pub fn ready_within(mut self, time: Duration) -> Self {
        self.options.ready_within = Some(time);
        self
    }
}

impl<S, C, R> Layer<S> for CircuitBreakerLayer<C, R>
where
    C: Clone,
    R: Clone,
{
    type Service = CircuitBreakerService<S, C, R>;

    fn layer(&self, inner: S) -> Self::Service {
        let entrance = Entrance::new(&self.breaker, self.options);
        CircuitBreakerService::new(inner, entrance, self.classify.clone(), self.reject.clone())
    }
}

impl<C, R> fmt::Debug for CircuitBreakerLayer<C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreakerLayer")
            .field("breaker", &self.breaker)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
