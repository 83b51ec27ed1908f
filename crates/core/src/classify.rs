//! What the outcome of a call says about the health of the service.
//!
//! For errors there is [`DefaultClassifier`]. Where a failure is a response there are, with the feature `http`, `HttpStatus`
//! and `GrpcStatus`, and `HttpOverload` for whoever only asks whether to send less.

#[cfg(feature = "http")]
mod grpc;
#[cfg(feature = "http")]
mod http;

use std::error::Error;

use crate::{Executed, Reason, Rejected};

#[cfg(feature = "http")]
pub use grpc::GrpcStatus;
#[cfg(feature = "http")]
pub use http::{HttpOverload, HttpStatus};

/// What one outcome is evidence of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The service did its work.
    Success,
    /// The service did not do its work.
    Failure,
    /// There was too much work: a reason to send less, not evidence that the service is broken.
    Overload,
    /// It says nothing about the service.
    Ignored,
}

/// Decides what an outcome is evidence of.
///
/// A closure does. Give its argument a type, so that it is one for every lifetime:
///
/// ```
/// use seaworthy_core::{Classify, Verdict};
///
/// let classify = |outcome: Result<&u16, &String>| match outcome {
///     Ok(429) => Verdict::Overload,
///     Ok(500..) | Err(_) => Verdict::Failure,
///     Ok(_) => Verdict::Success,
/// };
/// assert_eq!(classify.classify(Ok(&502)), Verdict::Failure);
/// ```
pub trait Classify<Res, Err> {
    /// The verdict on one outcome. Called once a call, on the hot path: be quick.
    fn classify(&self, outcome: Result<&Res, &Err>) -> Verdict;
}

impl<F, Res, Err> Classify<Res, Err> for F
where
    F: Fn(Result<&Res, &Err>) -> Verdict,
{
    fn classify(&self, outcome: Result<&Res, &Err>) -> Verdict {
        self(outcome)
    }
}

/// The default: `Ok` is a success, `Err` a failure, and a call that was turned away is neither.
///
/// Turned away means: the error is, or as a [`BoxError`](crate::BoxError) has in its chain, a [`Rejected`] that was
/// not [executed](Rejected::executed). One that may have been executed is a failure like any other.
/// The error may be of any type; the chain of sources of other types is not searched: for that there
/// is [`SourceChain`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultClassifier {
    turned_away: Verdict,
}

impl DefaultClassifier {
    /// As a circuit breaker needs it: our own turning away is no evidence, so it is ignored.
    #[must_use]
    pub const fn for_breaker() -> Self {
        Self {
            turned_away: Verdict::Ignored,
        }
    }

    /// As an adaptive limit needs it: being turned away further down is overload, unless it was for an open circuit, or
    /// because somebody is restarting, on the way out or gone.
    #[must_use]
    pub const fn for_limit() -> Self {
        Self {
            turned_away: Verdict::Overload,
        }
    }
}

impl<Res, Err: 'static> Classify<Res, Err> for DefaultClassifier {
    fn classify(&self, outcome: Result<&Res, &Err>) -> Verdict {
        judge(outcome, self.turned_away, Rejected::find)
    }
}

/// As [`DefaultClassifier`], but searches the chain of sources of any error type for the rejection.
///
/// For an own error type in which a `Rejected` is the source of a variant. It is a type of its own
/// because it asks more of the error than the default does.
///
/// A variant that forwards `source` to its content (`#[error(transparent)]` of thiserror does) leaves
/// that content out of the chain: give it a message of its own, with `#[from]`, and it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceChain {
    turned_away: Verdict,
}

impl SourceChain {
    /// As a circuit breaker needs it: our own turning away is no evidence, so it is ignored.
    #[must_use]
    pub const fn for_breaker() -> Self {
        Self {
            turned_away: Verdict::Ignored,
        }
    }

    /// As an adaptive limit needs it: being turned away further down is overload, unless it was for an open circuit, or
    /// because somebody is restarting, on the way out or gone.
    #[must_use]
    pub const fn for_limit() -> Self {
        Self {
            turned_away: Verdict::Overload,
        }
    }
}

impl<Res, Err: Error + 'static> Classify<Res, Err> for SourceChain {
    fn classify(&self, outcome: Result<&Res, &Err>) -> Verdict {
        judge(outcome, self.turned_away, |error| Rejected::find_in(error))
    }
}

fn judge<Res, Err>(
    outcome: Result<&Res, &Err>,
    turned_away: Verdict,
    find: impl FnOnce(&Err) -> Option<&Rejected>,
) -> Verdict {
    match outcome.map_err(find) {
        Ok(_) => Verdict::Success,
        Err(Some(rejected)) if rejected.executed() == Executed::No => match rejected.reason() {
            // Which says nothing about how much there is to do.
            Reason::CircuitOpen | Reason::Restarting | Reason::ShuttingDown | Reason::Stopped => {
                Verdict::Ignored
            }
            _ => turned_away,
        },
        Err(_) => Verdict::Failure,
    }
}
