//! What the end of a body says about the health of a service.

use http::HeaderMap;
#[cfg(feature = "grpc")]
use http::header::CONTENT_TYPE;
use http::response::Parts;
#[cfg(feature = "grpc")]
use seaworthy_core::classify::GrpcStatus;
use seaworthy_core::{Verdict, classify::HttpStatus};

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
        let in_head = Self::code(&head.headers).is_some();
        if in_body || in_head || head.status != http::StatusCode::OK {
            Verdict::Success
        } else {
            Self::verdict(Self::UNKNOWN)
        }
    }
}
