//! Rejections as HTTP and gRPC responses, for services whose error is `Infallible`.
//!
//! A rejection that has become a response is still known as one: it is in the extensions of the response, where the
//! classifiers of the breaker find it, and anybody else with `response.extensions().get::<Rejected>()`.

use std::time::Duration;

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response, StatusCode};

use crate::{Executed, Reason, Rejected};

/// The response to a call that was turned away, for the `respond` of any layer.
///
/// | the call | status |
/// |---|---|
/// | was too much: bulkhead or queue full, throttled, evicted | 429 Too Many Requests |
/// | was turned away for any other reason | 503 Service Unavailable |
/// | [may have been executed](Executed::Maybe), and no answer came in time | 504 Gateway Timeout |
/// | may have been executed, otherwise | 500 Internal Server Error |
///
/// So 429 and 503, which clients take leave to retry, are for calls that never reached the service. `Retry-After` is in
/// whole seconds, rounded up, and left out if nobody knows when to come back. The body is empty: what the rejection says is
/// for those who run the service. Whoever wants one makes it: `|rejected| respond::<()>(rejected).map(|()| body)`.
///
/// ```
/// use std::time::Duration;
/// use seaworthy_core::{Reason, Rejected, http::respond};
///
/// let rejected = Rejected::new(Reason::CircuitOpen, "payments")
///     .with_retry_after(Duration::from_millis(1500));
/// let response = respond::<String>(rejected);
/// assert_eq!(response.status(), 503);
/// assert_eq!(response.headers()["retry-after"], "2");
/// assert_eq!(response.extensions().get(), Some(&rejected));
/// ```
#[must_use]
pub fn respond<B: Default>(rejected: Rejected) -> Response<B> {
    let mut response = Response::new(B::default());
    (*response.status_mut(), _) = statuses(rejected);
    if let Some(delay) = rejected.retry_after() {
        let seconds = delay.as_secs();
        let seconds = seconds.saturating_add(u64::from(delay.subsec_nanos() > 0));
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response.extensions_mut().insert(rejected);
    response
}

/// The same for gRPC: a response of headers alone, with the status among them.
///
/// | the call | status |
/// |---|---|
/// | was too much: bulkhead or queue full, throttled, evicted | 8 `RESOURCE_EXHAUSTED` |
/// | was turned away for any other reason | 14 `UNAVAILABLE` |
/// | [may have been executed](Executed::Maybe), and no answer came in time | 4 `DEADLINE_EXCEEDED` |
/// | may have been executed, otherwise | 2 `UNKNOWN` |
///
/// `grpc-message` is the [reason](Rejected::reason). `grpc-retry-pushback-ms` is how long a client waits before the next
/// attempt, if it [retries at all](https://github.com/grpc/proposal/blob/master/A6-client-retries.md).
///
/// ```
/// use std::time::Duration;
/// use seaworthy_core::{Reason, Rejected, http::respond_grpc};
///
/// let rejected = Rejected::new(Reason::CircuitOpen, "payments")
///     .with_retry_after(Duration::from_millis(1500));
/// let response = respond_grpc::<String>(rejected);
/// assert_eq!(response.headers()["grpc-status"], "14");
/// assert_eq!(response.headers()["grpc-message"], "circuit open");
/// assert_eq!(response.headers()["grpc-retry-pushback-ms"], "1500");
/// ```
#[must_use]
pub fn respond_grpc<B: Default>(rejected: Rejected) -> Response<B> {
    let (_, status) = statuses(rejected);
    let mut response = Response::new(B::default());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(HeaderName::from_static("grpc-status"), status.into());
    if let Ok(message) = rejected.reason().to_string().try_into() {
        headers.insert(HeaderName::from_static("grpc-message"), message);
    }
    if let Some(delay) = rejected.retry_after() {
        headers.insert(
            HeaderName::from_static("grpc-retry-pushback-ms"),
            pushback(delay).into(),
        );
    }
    response.extensions_mut().insert(rejected);
    response
}

/// The status of HTTP and that of gRPC.
fn statuses(rejected: Rejected) -> (StatusCode, u16) {
    match (rejected.executed(), rejected.reason()) {
        (Executed::Maybe, Reason::TimedOut) => (StatusCode::GATEWAY_TIMEOUT, 4),
        (Executed::Maybe, _) => (StatusCode::INTERNAL_SERVER_ERROR, 2),
        (Executed::No, reason) if is_too_much(reason) => (StatusCode::TOO_MANY_REQUESTS, 8),
        (Executed::No, _) => (StatusCode::SERVICE_UNAVAILABLE, 14),
    }
}

/// Whether the service is well, and the caller is to send less.
fn is_too_much(reason: Reason) -> bool {
    match reason {
        Reason::BulkheadFull | Reason::Throttled | Reason::QueueFull | Reason::Evicted => true,
        Reason::CircuitOpen
        | Reason::Expired
        | Reason::Restarting
        | Reason::Crashed
        | Reason::TimedOut
        | Reason::ShuttingDown
        | Reason::Stopped => false,
    }
}

/// In milliseconds, rounded up. A client that cannot read the number does not come back at all, and it reads 32 bits.
fn pushback(delay: Duration) -> i32 {
    i32::try_from(delay.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
}
