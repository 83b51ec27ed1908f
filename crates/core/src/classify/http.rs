//! What HTTP says about the health of a service.

use http::{Response, StatusCode};

use super::{Classify, DefaultClassifier, Verdict};
use crate::Rejected;

/// Judges HTTP responses by their status: 429 and 503 are overload, other 5xx failures, the rest successes (a 404 is an
/// answer). Errors are judged as by [`DefaultClassifier::for_breaker`], and so is a response that was a [`Rejected`], as
/// [`respond`](crate::http::respond) makes it: it is in the extensions.
///
/// The verdict is given when the head of the response is there. A body that breaks off later is seen by nobody who judges
/// with this alone; the circuit breaker has a layer that waits for it.
///
/// ```
/// use http::Response;
/// use seaworthy_core::classify::{Classify, HttpStatus, Verdict};
///
/// let response = Response::builder().status(502).body("")?;
/// assert_eq!(HttpStatus.classify(Ok::<_, &()>(&response)), Verdict::Failure);
/// # Ok::<(), http::Error>(())
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HttpStatus;

impl HttpStatus {
    /// What a status says: for responses of other types than [`http::Response`], such as those of reqwest.
    ///
    /// ```
    /// use seaworthy_core::BoxError;
    /// use seaworthy_core::classify::{Classify, DefaultClassifier, HttpStatus};
    ///
    /// # type OwnResponse = http::Response<()>; // in place of one of another type
    /// let classify = |outcome: Result<&OwnResponse, &BoxError>| match outcome {
    ///     Ok(response) => HttpStatus::verdict(response.status()),
    ///     Err(_) => DefaultClassifier::for_breaker().classify(outcome),
    /// };
    /// ```
    #[must_use]
    pub fn verdict(status: StatusCode) -> Verdict {
        match status {
            _ if is_overload(status) => Verdict::Overload,
            _ if status.is_server_error() => Verdict::Failure,
            _ => Verdict::Success,
        }
    }
}

impl<B, Err: 'static> Classify<Response<B>, Err> for HttpStatus {
    fn classify(&self, outcome: Result<&Response<B>, &Err>) -> Verdict {
        match outcome {
            Ok(response) => {
                turned_away(response).unwrap_or_else(|| Self::verdict(response.status()))
            }
            Err(error) => DefaultClassifier::for_breaker().classify(Err::<&(), _>(error)),
        }
    }
}

/// Judges HTTP responses as a client has to that is to send less: 429 and 503 are overload, all others were accepted,
/// whatever they say. Errors are judged as by [`DefaultClassifier::for_limit`].
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HttpOverload;

impl<B, Err: 'static> Classify<Response<B>, Err> for HttpOverload {
    fn classify(&self, outcome: Result<&Response<B>, &Err>) -> Verdict {
        match outcome.map(Response::status) {
            Ok(status) if is_overload(status) => Verdict::Overload,
            Ok(_) => Verdict::Success,
            Err(error) => DefaultClassifier::for_limit().classify(Err::<&(), _>(error)),
        }
    }
}

/// As the error would be judged that the response is in place of, if it is.
pub(super) fn turned_away<B>(response: &Response<B>) -> Option<Verdict> {
    let rejected: &Rejected = response.extensions().get()?;
    Some(DefaultClassifier::for_breaker().classify(Err::<&(), _>(rejected)))
}

/// Whether the service says that it has too much to do.
pub(super) fn is_overload(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    )
}
