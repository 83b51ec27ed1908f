//! Responses that are no answers.

use std::time::{Duration, SystemTime};

use http::header::RETRY_AFTER;
use http::{HeaderMap, Response, StatusCode};
use seaworthy_core::{Executed, Rejected};

use crate::retry::{ByVerdict, Judge, Judgement};

/// Judges HTTP responses: 429, 502, 503 and 504 are tried again, all others are answers. Errors are judged as by
/// [`ByVerdict`].
///
/// `Retry-After` says when: in so many seconds, or at a date, by the clock of this machine.
///
/// A response may have been executed whatever its status, since nobody knows who has sent it, so it is tried again only if
/// the call is idempotent. One that was a [`Rejected`] of this process, as [`respond`](seaworthy_core::http::respond) makes
/// it, is judged as that.
///
/// ```
/// use seaworthy::core::request::HttpRequests;
/// use seaworthy::retry::{Retry, http::HttpOutcomes};
///
/// let stock = Retry::builder("stock").build()?;
/// let layer = stock.layer().judge(HttpOutcomes).describe(HttpRequests);
/// # Ok::<(), seaworthy::core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HttpOutcomes;

impl HttpOutcomes {
    /// What the status and the headers of a response say: for those of other types than [`http::Response`].
    #[must_use]
    pub fn judgement(status: StatusCode, headers: &HeaderMap) -> Judgement {
        match status {
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Judgement::Again {
                executed: Executed::Maybe,
                retry_after: retry_after(headers),
            },
            _ => Judgement::Answer,
        }
    }
}

impl<B, Err: 'static> Judge<Response<B>, Err> for HttpOutcomes {
    fn judge(&self, outcome: Result<&Response<B>, &Err>) -> Judgement {
        let response = match outcome {
            Ok(response) => response,
            Err(error) => return ByVerdict::default().judge(Err::<&(), _>(error)),
        };
        if let Some(rejected) = response.extensions().get::<Rejected>() {
            return rejected.into();
        }
        Self::judgement(response.status(), response.headers())
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let header = headers.get(RETRY_AFTER)?;
    let when = header.to_str().ok()?.trim();
    if !when.is_empty() && when.bytes().all(|it| it.is_ascii_digit()) {
        // More than there is room for is longer than anybody waits.
        return Some(Duration::from_secs(when.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(when).ok()?;
    #[expect(
        clippy::disallowed_methods,
        reason = "the service has said it by the wall clock"
    )]
    let now = SystemTime::now();
    let delay = date.duration_since(now);
    // What is over is now.
    Some(delay.unwrap_or_default())
}
