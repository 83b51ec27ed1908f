//! The timeout in a stack of layers.

use std::fmt;

use seaworthy_core::Rejected;
use seaworthy_core::reject::{IntoError, Respond};
use seaworthy_core::request::NothingKnown;
use tower_layer::Layer;

use super::handle::Timeout;
use super::service::TimeoutService;

/// Puts a timeout in front of a service. Made by [`Timeout::layer`].
///
/// However often it is applied, to services of whichever types: all of them go by the same time.
///
/// A call that gets no answer in time is an error, for which the error of the service has to be `From<Rejected>`, unless it
/// is [answered](Self::respond). It needs the timers of a tokio runtime, if it is not answered at once.
#[derive(Clone)]
pub struct TimeoutLayer<D = NothingKnown, R = IntoError> {
    timeout: Timeout,
    describe: D,
    reject: R,
}

impl TimeoutLayer {
    pub(crate) fn new(timeout: Timeout) -> Self {
        Self {
            timeout,
            describe: NothingKnown,
            reject: IntoError,
        }
    }
}

impl<D, R> TimeoutLayer<D, R> {
    /// Asks `describe`, a [`Describe`](seaworthy_core::request::Describe) for the requests, for the deadline of each; a
    /// closure is one.
    ///
    /// A call ends at its own deadline if that comes before its time is over, also while the timeout is off. One that comes
    /// when its deadline has passed is turned away: it is [`Expired`](seaworthy_core::Reason::Expired), and was not
    /// executed. Whether it has passed takes a reading of the exact clock, for calls that have a deadline.
    #[must_use]
    pub fn describe<E>(self, describe: E) -> TimeoutLayer<E, R> {
        TimeoutLayer {
            timeout: self.timeout,
            describe,
            reject: self.reject,
        }
    }

    /// Answers a call that got no answer in time, or came too late, with a response instead of an error, as services need
    /// that cannot fail.
    #[must_use]
    pub fn respond<F, Res>(self, respond: F) -> TimeoutLayer<D, Respond<F>>
    where
        F: Fn(Rejected) -> Res,
    {
        self.reject(Respond::new(respond))
    }

    /// Turns a rejection into what the caller gets by `reject`, a [`Reject`](seaworthy_core::Reject). It is cloned for each
    /// call.
    #[must_use]
    pub fn reject<Q>(self, reject: Q) -> TimeoutLayer<D, Q> {
        TimeoutLayer {
            timeout: self.timeout,
            describe: self.describe,
            reject,
        }
    }
}

impl<S, D, R> Layer<S> for TimeoutLayer<D, R>
where
    D: Clone,
    R: Clone,
{
    type Service = TimeoutService<S, D, R>;

    fn layer(&self, inner: S) -> Self::Service {
        let (describe, reject) = (self.describe.clone(), self.reject.clone());
        TimeoutService::new(inner, &self.timeout, describe, reject)
    }
}

impl<D, R> fmt::Debug for TimeoutLayer<D, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeoutLayer")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
