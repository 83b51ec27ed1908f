//! Classifiers for protocols in which a failure is a response.

#[cfg(feature = "grpc")]
use http::header::CONTENT_TYPE;
use http::response::Parts;
use http::{HeaderMap, Response, StatusCode};
use seaworthy_core::classify::DefaultClassifier;
use seaworthy_core::{Classify, Rejected, Verdict};

/// Judges HTTP responses by their status: 429 and 503 are overload, other 5xx failures, the rest successes (a 404 is an
/// answer). Errors are judged as by [`DefaultClassifier`], and so is a response that was a [`Rejected`], as
/// [`respond`](super::respond) makes it: it is in the extensions.
///
/// With a plain layer the verdict is given when the head of the response is there; a body that breaks off later is seen
/// with [`http_layer`](crate::CircuitBreaker::http_layer).
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
#[derive(Clone, Copy, Debug, Default)]
pub struct HttpStatus;

impl<B, Err: 'static> Classify<Response<B>, Err> for HttpStatus {
    fn classify(&self, outcome: Result<&Response<B>, &Err>) -> Verdict {
        match outcome {
            Ok(response) => turned_away(response).unwrap_or_else(|| match response.status() {
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                    Verdict::Overload
                }
                status if status.is_server_error() => Verdict::Failure,
                _ => Verdict::Success,
            }),
            Err(error) => DefaultClassifier::for_breaker().classify(Err::<&(), _>(error)),
        }
    }
}

/// The same as the error would say that the response is in place of.
fn turned_away<B>(response: &Response<B>) -> Option<Verdict> {
    let rejected: &Rejected = response.extensions().get()?;
    Some(DefaultClassifier::for_breaker().classify(Err::<&(), _>(rejected)))
}

/// Judges gRPC responses by the status in their headers, where a server puts it that has no message to send.
///
/// `RESOURCE_EXHAUSTED` is overload; `UNKNOWN`, `DEADLINE_EXCEEDED`, `UNAVAILABLE`, `INTERNAL` and `DATA_LOSS` are
/// failures; `CANCELLED` says nothing, since the caller did it; the rest are answers. A status that cannot be read is
/// `UNKNOWN`.
///
/// With [`grpc_layer`](crate::CircuitBreaker::grpc_layer) the status in the trailers counts too, and one that is nowhere
/// is `UNKNOWN`. (In gRPC-Web it is in the body, where it is not looked for.)
///
/// A response without a gRPC status that is not a 200 comes from a proxy, and is
/// [taken](https://grpc.github.io/grpc/core/md_doc_http-grpc-status-mapping.html) as clients take it: 401, 403 and 404
/// are answers, 429 and 503 overload, the rest failures.
///
/// Errors are judged as by [`DefaultClassifier`]: that of a generated tonic client is better judged by a closure over its
/// code, with [`verdict`](Self::verdict). So is a response that was a [`Rejected`], as
/// [`respond_grpc`](super::respond_grpc) makes it.
#[cfg(feature = "grpc")]
#[cfg_attr(docsrs, doc(cfg(feature = "grpc")))]
#[derive(Clone, Copy, Debug, Default)]
pub struct GrpcStatus;

/// The status that clients make of none.
#[cfg(feature = "grpc")]
const UNKNOWN: i32 = 2;

#[cfg(feature = "grpc")]
impl GrpcStatus {
    /// What a status code says, as in <https://grpc.io/docs/guides/status-codes/>. One that is not in there is `UNKNOWN`.
    #[must_use]
    pub const fn verdict(code: i32) -> Verdict {
        match code {
            8 => Verdict::Overload,
            1 => Verdict::Ignored,
            0 | 3 | 5..=7 | 9..=12 | 16 => Verdict::Success,
            _ => Verdict::Failure,
        }
    }

    fn code(headers: &HeaderMap) -> Option<i32> {
        let code = headers.get("grpc-status")?.to_str().ok();
        Some(code.and_then(|code| code.parse().ok()).unwrap_or(UNKNOWN))
    }

    /// Of a response that has no status of gRPC, at least not yet.
    fn by_http(status: StatusCode) -> Verdict {
        match status {
            StatusCode::OK
            | StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND => Verdict::Success,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Verdict::Overload,
            _ => Verdict::Failure,
        }
    }
}

#[cfg(feature = "grpc")]
impl<B, Err: 'static> Classify<Response<B>, Err> for GrpcStatus {
    fn classify(&self, outcome: Result<&Response<B>, &Err>) -> Verdict {
        match outcome {
            Ok(response) => turned_away(response)
                .or_else(|| Self::code(response.headers()).map(Self::verdict))
                .unwrap_or_else(|| Self::by_http(response.status())),
            Err(_) => HttpStatus.classify(outcome),
        }
    }
}

/// What a classifier has to know besides for an [`HttpLayer`](super::HttpLayer): what the end of a body says.
///
/// It is asked only after a head that is a success. The defaults are those of HTTP: the body has come, and that is all.
pub trait JudgeTrailers {
    /// The verdict on a body that ends with these; `None` if they say nothing.
    fn trailers(&self, trailers: &HeaderMap) -> Option<Verdict> {
        let _ = trailers;
        None
    }

    /// The verdict on a body that ends with no trailers, or with some that say nothing, after this head.
    ///
    /// It is asked when the head is there. A body that is not read to its end is a success all the same.
    fn without_trailers(&self, head: &Parts) -> Verdict {
        let _ = head;
        Verdict::Success
    }
}

impl JudgeTrailers for HttpStatus {}

#[cfg(feature = "grpc")]
impl JudgeTrailers for GrpcStatus {
    fn trailers(&self, trailers: &HeaderMap) -> Option<Verdict> {
        Self::code(trailers).map(Self::verdict)
    }

    fn without_trailers(&self, head: &Parts) -> Verdict {
        let kind = head.headers.get(CONTENT_TYPE).map(|kind| kind.as_bytes());
        let in_body = kind.is_some_and(|kind| kind.starts_with(b"application/grpc-web"));
        let in_head = head.headers.contains_key("grpc-status");
        if in_body || in_head || head.status != StatusCode::OK {
            Verdict::Success
        } else {
            Self::verdict(UNKNOWN)
        }
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
            ("2", Verdict::Failure),
            ("3", Verdict::Success),
            ("4", Verdict::Failure),
            ("5", Verdict::Success),
            ("6", Verdict::Success),
            ("7", Verdict::Success),
            ("8", Verdict::Overload),
            ("9", Verdict::Success),
            ("10", Verdict::Success),
            ("11", Verdict::Success),
            ("12", Verdict::Success),
            ("13", Verdict::Failure),
            ("14", Verdict::Failure),
            ("15", Verdict::Failure),
            ("16", Verdict::Success),
            ("17", Verdict::Failure),
            ("-1", Verdict::Failure),
            ("not a number", Verdict::Failure),
        ] {
            assert_eq!(verdict(200, code), expected, "{code}");
        }
        assert_eq!(verdict(502, "5"), Verdict::Success, "of gRPC first");
    }
}
