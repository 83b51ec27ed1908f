//! What gRPC says about the health of a service.

use http::{HeaderMap, Response, StatusCode};

use super::http::{is_overload, turned_away};
use super::{Classify, DefaultClassifier, Verdict};

/// Judges gRPC responses by the status in their headers, where a server puts it that has no message to send.
///
/// `RESOURCE_EXHAUSTED` is overload; `UNKNOWN`, `DEADLINE_EXCEEDED`, `UNAVAILABLE`, `INTERNAL` and `DATA_LOSS` are
/// failures; `CANCELLED` says nothing, since the caller did it; the rest are answers. A status that cannot be read is
/// `UNKNOWN`.
///
/// Mostly it is in the trailers, after the body: [`code`](Self::code) reads it there too, and the circuit breaker has a
/// layer that waits for them. (In gRPC-Web it is in the body, where it is not looked for.)
///
/// A response without a gRPC status that is not a 200 comes from a proxy, and is
/// [taken](https://grpc.github.io/grpc/core/md_doc_http-grpc-status-mapping.html) as clients take it: 401, 403 and 404
/// are answers, 429 and 503 overload, the rest failures.
///
/// Errors are judged as by [`DefaultClassifier::for_breaker`]: that of a generated tonic client is better judged by a
/// closure over its code, with [`verdict`](Self::verdict). So is a response that was a [`Rejected`](crate::Rejected), as
/// [`respond_grpc`](crate::http::respond_grpc) makes it.
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GrpcStatus;

impl GrpcStatus {
    /// What clients make of a status that is not there, or that they cannot read.
    pub const UNKNOWN: i32 = 2;

    /// What a status code says, as in <https://grpc.io/docs/guides/status-codes/>. One that is not in there is `UNKNOWN`.
    ///
    /// ```
    /// use seaworthy_core::classify::{GrpcStatus, Verdict};
    ///
    /// assert_eq!(GrpcStatus::verdict(14), Verdict::Failure); // UNAVAILABLE
    /// assert_eq!(GrpcStatus::verdict(5), Verdict::Success); // NOT_FOUND
    /// ```
    #[must_use]
    pub const fn verdict(code: i32) -> Verdict {
        match code {
            8 => Verdict::Overload,
            1 => Verdict::Ignored,
            0 | 3 | 5..=7 | 9..=12 | 16 => Verdict::Success,
            _ => Verdict::Failure,
        }
    }

    /// The status code in these headers or trailers, if there is one.
    #[must_use]
    pub fn code(headers: &HeaderMap) -> Option<i32> {
        let code = headers.get("grpc-status")?.to_str().ok();
        let code = code.and_then(|code| code.parse().ok());
        Some(code.unwrap_or(Self::UNKNOWN))
    }

    /// Of a response that has no status of gRPC, at least not yet.
    fn by_http(status: StatusCode) -> Verdict {
        match status {
            StatusCode::OK
            | StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND => Verdict::Success,
            _ if is_overload(status) => Verdict::Overload,
            _ => Verdict::Failure,
        }
    }
}

impl<B, Err: 'static> Classify<Response<B>, Err> for GrpcStatus {
    fn classify(&self, outcome: Result<&Response<B>, &Err>) -> Verdict {
        match outcome {
            Ok(response) => turned_away(response)
                .or_else(|| Self::code(response.headers()).map(Self::verdict))
                .unwrap_or_else(|| Self::by_http(response.status())),
            Err(error) => DefaultClassifier::for_breaker().classify(Err::<&(), _>(error)),
        }
    }
}
