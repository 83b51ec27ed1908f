//! Stale responses that say so, and which responses will not do.
//!
//! ```
//! use std::convert::Infallible;
//! use std::sync::Mutex;
//! use http::{Request, Response, StatusCode};
//! use seaworthy_fallback::{Fallback, LastGood, http as fallback_http};
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let pages = LastGood::by(|request: &Request<()>| request.uri().clone())
//!     .store_if(fallback_http::may_be_shared)
//!     .build()?;
//! let news = Fallback::builder("news").last_good(pages).handle(fallback_http::HttpFailures).build()?;
//!
//! let statuses = Mutex::new(vec![StatusCode::BAD_GATEWAY, StatusCode::OK]);
//! let mut server = ServiceBuilder::new().layer(news.layer().with_headers()).service(service_fn(
//!     |_: Request<()>| {
//!         let mut response = Response::new("the news");
//!         *response.status_mut() = statuses.lock().unwrap().pop().unwrap();
//!         async { Ok::<_, Infallible>(response) }
//!     },
//! ));
//!
//! let fresh = server.ready().await?.call(Request::new(())).await?;
//! assert_eq!((fresh.status().as_u16(), fresh.headers().len()), (200, 0));
//! let stale = server.ready().await?.call(Request::new(())).await?;
//! assert_eq!((stale.status().as_u16(), &*stale.into_body()), (200, "the news"));
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;
use std::time::Duration;

use http::header::{AGE, CACHE_CONTROL, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use crate::answer::Source;
use crate::handle::Handle;
use crate::layer::FallbackLayer;
use crate::provenance::Provenance;

/// Adds headers to responses that are not the service's own: of [`FallbackLayer::with_headers`].
#[derive(Clone, Debug)]
pub struct WithHeaders {
    cache: Arc<str>,
}

impl<T, H, L, P, X> FallbackLayer<T, H, L, P, X> {
    /// Says of a stale response that it is one: how old it is by the header
    /// [`Age`](https://www.rfc-editor.org/rfc/rfc9111#section-5.1), to which the age that it had when it came is added, and
    /// why it was given by [`Cache-Status`](https://www.rfc-editor.org/rfc/rfc9211), in which the name of the fallback is
    /// that of the cache: `"news"; fwd=stale; fwd-status=502` if the service has answered with that status, or else
    /// `"news"; fwd=stale; detail=error`, and `"news"; hit; detail=error` if it was not asked. Other responses stay as they are.
    #[must_use]
    pub fn with_headers(self) -> FallbackLayer<T, H, L, WithHeaders, X> {
        let cache = Arc::clone(self.name());
        self.responding(WithHeaders { cache })
    }
}

impl<B, Err> Provenance<Response<B>, Err> for WithHeaders {
    type Response = Response<B>;

    #[inline]
    fn respond(
        &self,
        mut response: Response<B>,
        source: Source,
        cause: Option<Result<Response<B>, Err>>,
    ) -> Response<B> {
        if let Source::Stale { age } = source {
            let status = cause.map(|cause| cause.ok().map(|response| response.status()));
            self.mark(response.headers_mut(), age, status);
        }
        response
    }
}

impl WithHeaders {
    /// `status` is what the service has answered, if it has, if it was asked.
    fn mark(&self, headers: &mut HeaderMap, age: Duration, status: Option<Option<StatusCode>>) {
        let before = headers.get(AGE).and_then(|age| age.to_str().ok());
        let before: u64 = before.and_then(|age| age.parse().ok()).unwrap_or(0);
        headers.insert(AGE, before.saturating_add(age.as_secs()).into());
        let why = match status {
            Some(Some(status)) => format!("fwd=stale; fwd-status={}", status.as_u16()),
            Some(None) => "fwd=stale; detail=error".to_owned(),
            None => "hit; detail=error".to_owned(),
        };
        let entry = format!("\"{}\"; {why}", quoted(&self.cache));
        if let Ok(entry) = HeaderValue::try_from(entry) {
            // Those of caches that are closer to the origin come first.
            headers.append(HeaderName::from_static("cache-status"), entry);
        }
    }
}

/// As a [string](https://www.rfc-editor.org/rfc/rfc9651#section-3.3.3) of a structured field: what cannot be in one is a `?`.
fn quoted(name: &str) -> String {
    let mut quoted = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            ' '..='~' => quoted.push(letter),
            _ => quoted.push('?'),
        }
    }
    quoted
}

/// For [`FallbackBuilder::handle`](crate::FallbackBuilder::handle): every error, and responses of which the status is 429 or
/// 5xx do not do, as [`is_failure`] says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HttpFailures;

impl<B, Err> Handle<Response<B>, Err> for HttpFailures {
    #[inline]
    fn handles(&self, outcome: Result<&Response<B>, &Err>) -> bool {
        is_failure(outcome)
    }
}

/// Whether it is an error, or a response of which the status is 429 or 5xx: for a closure that has more to say. Where there
/// is nothing more, [`HttpFailures`] is better: its type has no error in it, which the compiler may fail to see through
/// where a call is spawned.
pub fn is_failure<B, Err>(outcome: Result<&Response<B>, &Err>) -> bool {
    outcome.map_or(true, |response| {
        let status = response.status();
        status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
    })
}

/// For [`LastGoodBuilder::store_if`](crate::LastGoodBuilder::store_if): responses that may be given to anybody who asks for
/// the same. Those with status 200, without `Set-Cookie`, without `private` or `no-store` in `Cache-Control`, and which do
/// not [vary](https://www.rfc-editor.org/rfc/rfc9110#field.vary) by anything that the key might not say.
///
/// Nothing can be said here of a response to a request with `Authorization` or a cookie, if it does not say so itself: give
/// such requests no key, or one with the user in it.
pub fn may_be_shared<B>(response: &Response<B>) -> bool {
    let headers = response.headers();
    let is_for_one = |value: &HeaderValue| {
        // What cannot be read might say anything.
        value.to_str().map_or(true, |value| {
            let directives = value.split(',').map(|it| it.trim().to_ascii_lowercase());
            directives
                .into_iter()
                .any(|it| it.starts_with("private") || it == "no-store")
        })
    };
    response.status() == StatusCode::OK
        && !headers.contains_key(SET_COOKIE)
        && !headers.contains_key(VARY)
        && !headers.get_all(CACHE_CONTROL).iter().any(is_for_one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(
        name: &str,
        age_before: Option<&'static str>,
        status: Option<Option<u16>>,
    ) -> [String; 2] {
        let mut headers = HeaderMap::new();
        if let Some(age) = age_before {
            headers.insert(AGE, HeaderValue::from_static(age));
        }
        let status = status.map(|it| it.map(|it| StatusCode::from_u16(it).expect("one")));
        let with_headers = WithHeaders { cache: name.into() };
        with_headers.mark(&mut headers, Duration::from_millis(2900), status);
        ["age", "cache-status"].map(|name| headers[name].to_str().expect("text").to_owned())
    }

    #[test]
    fn a_stale_response_says_how_old_it_is_and_why_it_was_given() {
        let [age, status] = marked("news", None, Some(Some(502)));
        assert_eq!(
            (&*age, &*status),
            ("2", "\"news\"; fwd=stale; fwd-status=502")
        );
        let [age, status] = marked("news", Some("40"), Some(None));
        assert_eq!(
            (&*age, &*status),
            ("42", "\"news\"; fwd=stale; detail=error")
        );
        let [age, status] = marked("a \"b\\ é", Some("what"), None);
        assert_eq!(
            (&*age, &*status),
            ("2", "\"a \\\"b\\\\ ?\"; hit; detail=error")
        );
    }

    #[test]
    fn only_what_anybody_may_see_is_shared() {
        let shared = |name: &'static str, value: &'static str| {
            may_be_shared(
                &Response::builder()
                    .header(name, value)
                    .body(())
                    .expect("one"),
            )
        };
        assert!(shared("content-type", "text/plain"));
        assert!(shared("cache-control", "public, max-age=5"));
        for (name, value) in [
            ("set-cookie", "a=b"),
            ("vary", "accept"),
            ("cache-control", "max-age=5, Private"),
            ("cache-control", "private=\"x\""),
            ("cache-control", "no-store"),
        ] {
            assert!(!shared(name, value), "{name}: {value}");
        }
        let status = |status: u16| Response::builder().status(status).body(()).expect("one");
        assert!(!may_be_shared(&status(404)));
        for (number, failed) in [(200, false), (404, false), (429, true), (500, true)] {
            let handled = HttpFailures.handles(Ok::<_, &()>(&status(number)));
            assert_eq!(handled, failed, "{number}");
        }
        assert!(HttpFailures.handles(Err::<&Response<()>, _>(&"refused")));
    }
}
