//! What HTTP says about a request.

use http::{HeaderMap, Method, Request};

use super::{Describe, Info};

/// Knows HTTP requests.
///
/// One is idempotent if its method is: `GET`, `HEAD`, `OPTIONS`, `TRACE`, `PUT` or `DELETE`
/// ([RFC 9110, 9.2.2](https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2)); or if it has a header `Idempotency-Key`, by
/// which the server knows it again. HTTP has no word for a deadline.
///
/// An [`Info`] in the extensions of the request wins, in each of the two as far as it says anything: with a deadline alone
/// the method still decides whether it is idempotent, and `with_idempotent(false)` is the last word on a `PUT` that is not.
///
/// ```
/// use http::Request;
/// use seaworthy_core::request::{Describe, HttpRequests, Info};
///
/// let mut request = Request::put("/stock/7").body(())?;
/// assert!(HttpRequests.describe(&request).is_idempotent());
///
/// // Each one adds to the stock, whatever the method says.
/// request.extensions_mut().insert(Info::new().with_idempotent(false));
/// assert!(!HttpRequests.describe(&request).is_idempotent());
/// # Ok::<(), http::Error>(())
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HttpRequests;

impl HttpRequests {
    /// What the method and the headers say of a request: for those of other types than [`http::Request`], such as of reqwest.
    ///
    /// ```
    /// use seaworthy_core::request::{Describe, HttpRequests};
    ///
    /// # type OwnRequest = http::Request<()>; // in place of one of another type
    /// let describe = |request: &OwnRequest| HttpRequests::info(request.method(), request.headers());
    /// assert!(describe.describe(&OwnRequest::default()).is_idempotent());
    /// ```
    #[must_use]
    pub fn info(method: &Method, headers: &HeaderMap) -> Info {
        let has_key = headers.contains_key("idempotency-key");
        Info::new().with_idempotent(is_idempotent(method) || has_key)
    }
}

impl<B> Describe<Request<B>> for HttpRequests {
    fn describe(&self, request: &Request<B>) -> Info {
        let said = request.extensions().get::<Info>();
        let said = said.copied().unwrap_or_default();
        said.or(Self::info(request.method(), request.headers()))
    }
}

/// Methods that this does not know are not.
fn is_idempotent(method: &Method) -> bool {
    [
        Method::GET,
        Method::HEAD,
        Method::OPTIONS,
        Method::TRACE,
        Method::PUT,
        Method::DELETE,
    ]
    .contains(method)
}
