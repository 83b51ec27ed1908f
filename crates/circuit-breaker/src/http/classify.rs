//! Classifiers for protocols in which a failure is a response.

use http::{HeaderMap, Response, StatusCode};
use seaworthy_core::classify::DefaultClassifier;
use seaworthy_core::{Classify, Verdict};

/// Judges HTTP responses by their status: 429 and 503 are overload, other 5xx failures, the rest successes (a 404 is an
/// answer). Errors are judged as by [`DefaultClassifier`].
///
/// With a plain layer the verdict is given when the head of the response is there; a body that breaks off later is seen
/// with [`http_layer`](crate::CircuitBreaker::http_layer).
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
#[derive(Clone, Copy, Debug, Default)]
pub struct HttpStatus;

impl<B, Err: 'static> Classify<Response<B>, Err> for HttpStatus {
    fn classify(&self, outcome: Result<&Response<B>, &Err>) -> Verdict {
        match outcome {
            Ok(response) => match response.status() {
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                    Verdict::Overload
                }
                status if status.is_server_error() => Verdict::Failure,
                _ => Verdict::Success,
            },
            Err(error) => DefaultClassifier::for_breaker().classify(Err::<&(), _>(error)),
        }
    }
}

/// Judges gRPC responses by the status in their headers, where a server puts it that has no message to send.
///
/// `RESOURCE_EXHAUSTED` is overload; `UNKNOWN`, `DEADLINE_EXCEEDED`, `UNAVAILABLE`, `INTERNAL` and `DATA_LOSS` are
/// failures; `CANCELLED` says nothing, since the caller did it; the rest are answers. Without a status in the headers the
/// HTTP status counts, and with [`grpc_layer`](crate::CircuitBreaker::grpc_layer) the one in the trailers. Errors are judged as by [`DefaultClassifier`]:
/// that of a generated tonic client is better judged by a closure over its code, with [`verdict`](Self::verdict).
#[cfg(feature = "grpc")]
#[cfg_attr(docsrs, doc(cfg(feature = "grpc")))]
#[derive(Clone, Copy, Debug, Default)]
pub struct GrpcStatus;

#[cfg(feature = "grpc")]
impl GrpcStatus {
    /// What a status code says, as in <https://grpc.io/docs/guides/status-codes/>.
    #[must_use]
    pub const fn verdict(code: i32) -> Verdict {
        match code {
            8 => Verdict::Overload,
            2 | 4 | 13 | 14 | 15 => Verdict::Failure,
            1 => Verdict::Ignored,
            _ => Verdict::Success,
        }
    }

    fn code(headers: &HeaderMap) -> Option<i32> {
        headers.get("grpc-status")?.to_str().ok()?.parse().ok()
    }
}

#[cfg(feature = "grpc")]
impl<B, Err: 'static> Classify<Response<B>, Err> for GrpcStatus {
    fn classify(&self, outcome: Result<&Response<B>, &Err>) -> Verdict {
        match outcome.map(|response| (Self::code(response.headers()), outcome)) {
            Ok((Some(code), _)) => Self::verdict(code),
            _ => HttpStatus.classify(outcome),
        }
    }
}

/// What the trailers of a response say.
pub trait JudgeTrailers {
    /// The verdict on a body that ends with these; `None` if they say nothing.
    fn trailers(&self, trailers: &HeaderMap) -> Option<Verdict>;
}

impl JudgeTrailers for HttpStatus {
    fn trailers(&self, _: &HeaderMap) -> Option<Verdict> {
        None
    }
}

#[cfg(feature = "grpc")]
impl JudgeTrailers for GrpcStatus {
    fn trailers(&self, trailers: &HeaderMap) -> Option<Verdict> {
        Self::code(trailers).map(Self::verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_http_status() {
        let verdict = |status: u16| {
            let response = Response::builder().status(status).body(()).unwrap();
            HttpStatus.classify(Ok::<_, &()>(&response))
        };
        for (status, expected) in [
            (200, Verdict::Success),
            (404, Verdict::Success),
            (429, Verdict::Overload),
            (500, Verdict::Failure),
            (503, Verdict::Overload),
            (504, Verdict::Failure),
        ] {
            assert_eq!(verdict(status), expected, "{status}");
        }
        assert_eq!(
            HttpStatus.classify(Err::<&Response<()>, _>(&"refused")),
            Verdict::Failure
        );
    }

    #[cfg(feature = "grpc")]
    #[test]
    fn by_grpc_status() {
        let verdict = |status: u16, code: &str| {
            let response = Response::builder().status(status);
            let response = response.header("grpc-status", code).body(()).unwrap();
            GrpcStatus.classify(Ok::<_, &()>(&response))
        };
        for (code, expected) in [
            ("0", Verdict::Success),
            ("1", Verdict::Ignored),
            ("5", Verdict::Success),
            ("8", Verdict::Overload),
            ("14", Verdict::Failure),
        ] {
            assert_eq!(verdict(200, code), expected, "{code}");
        }
        assert_eq!(verdict(502, "not a number"), Verdict::Failure);
    }
}
