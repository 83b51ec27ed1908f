//! How a rejection leaves a layer: as an error, or as a response.

use std::fmt;

use crate::Rejected;

/// Turns a rejection into what the caller of a service gets.
///
/// A layer has a parameter for this. By default it is [`IntoError`], which asks the error type of
/// the service to be `From<Rejected>`; [`Respond`] asks nothing of it, and so is for services that
/// cannot fail, such as a route of axum.
pub trait Reject<Res, Err> {
    /// The outcome of a call that met `rejected`.
    ///
    /// # Errors
    ///
    /// Whatever the caller of the service shall see as its error.
    fn reject(&self, rejected: Rejected) -> Result<Res, Err>;
}

/// A rejection becomes an error of the service: the default.
///
/// ```
/// use seaworthy_core::reject::{IntoError, Reject};
/// use seaworthy_core::{BoxError, Reason, Rejected};
///
/// let outcome: Result<(), BoxError> = IntoError.reject(Rejected::new(Reason::Expired, "jobs"));
/// assert_eq!(outcome.unwrap_err().to_string(), "`jobs`: expired");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct IntoError;

impl<Res, Err: From<Rejected>> Reject<Res, Err> for IntoError {
    fn reject(&self, rejected: Rejected) -> Result<Res, Err> {
        Err(rejected.into())
    }
}

/// A rejection becomes a response, made by a closure; the error of the service may be anything.
///
/// ```
/// use std::convert::Infallible;
/// use seaworthy_core::reject::{Reject, Respond};
/// use seaworthy_core::{Reason, Rejected};
///
/// let respond = Respond::new(|rejected| format!("503 {rejected}"));
/// let outcome: Result<String, Infallible> = respond.reject(Rejected::new(Reason::Expired, "jobs"));
/// assert_eq!(outcome, Ok("503 `jobs`: expired".to_owned()));
/// ```
#[derive(Clone, Copy)]
pub struct Respond<F> {
    make: F,
}

impl<F> Respond<F> {
    /// Responds with what `make` returns. A panic of `make` reaches the caller of the service.
    pub const fn new<Res>(make: F) -> Self
    where
        F: Fn(Rejected) -> Res,
    {
        Self { make }
    }
}

impl<F, Res, Err> Reject<Res, Err> for Respond<F>
where
    F: Fn(Rejected) -> Res,
{
    fn reject(&self, rejected: Rejected) -> Result<Res, Err> {
        Ok((self.make)(rejected))
    }
}

impl<F> fmt::Debug for Respond<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Respond").finish_non_exhaustive()
    }
}
