//! What is known about a request, and who has the last word.

use std::time::Duration;

use seaworthy_core::clock;
use seaworthy_core::request::{Describe, Info, NothingKnown};

#[test]
fn what_nobody_has_said_is_no() {
    for info in [
        Info::new(),
        Info::default(),
        NothingKnown.describe(&"order"),
    ] {
        assert_eq!((info.deadline(), info.is_idempotent()), (None, false));
    }
}

#[tokio::test]
async fn what_is_said_first_wins() {
    let soon = clock::after(Duration::from_secs(1));
    let later = clock::after(Duration::from_secs(2));
    let (first, second) = (Info::new().with_deadline(soon), Info::new());
    let second = second.with_deadline(later).with_idempotent(true);
    let both = first.or(second);
    assert_eq!((both.deadline(), both.is_idempotent()), (Some(soon), true));
    // A no is said as well.
    let both = first.with_idempotent(false).or(second);
    assert_eq!((both.deadline(), both.is_idempotent()), (Some(soon), false));
    assert_eq!(Info::new().or(second), second);
}

#[cfg(feature = "http")]
mod of_http {
    use http::{Method, Request};
    use seaworthy_core::request::HttpRequests;

    use super::*;

    fn request(method: &str) -> Request<()> {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = Request::builder().method(method).uri("/");
        request.body(()).expect("a request")
    }

    fn is_idempotent(request: &Request<()>) -> bool {
        HttpRequests.describe(request).is_idempotent()
    }

    #[test]
    fn the_method_decides_or_a_key() {
        for method in ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"] {
            assert!(is_idempotent(&request(method)), "{method}");
        }
        for method in ["POST", "PATCH", "CONNECT", "PROPFIND", "get"] {
            let mut request = request(method);
            assert!(!is_idempotent(&request), "{method}");
            let key = "8e03978e-40d5-43dd-bc93-6894a57f9324";
            let key = key.parse().expect("a value");
            request.headers_mut().insert("Idempotency-Key", key);
            assert!(is_idempotent(&request), "{method} with a key");
        }
    }

    #[tokio::test]
    async fn what_is_in_the_extensions_wins_as_far_as_it_goes() {
        let at = clock::after(Duration::from_secs(1));
        for method in ["GET", "POST"] {
            let mut request = request(method);
            let by_method = is_idempotent(&request);
            assert_eq!(HttpRequests.describe(&request).deadline(), None);
            request.extensions_mut().insert(Info::new());
            assert_eq!(is_idempotent(&request), by_method, "nothing said");
            let info = Info::new().with_deadline(at);
            request.extensions_mut().insert(info);
            let info = HttpRequests.describe(&request);
            assert_eq!(
                (info.deadline(), info.is_idempotent()),
                (Some(at), by_method)
            );
            for said in [true, false] {
                let info = Info::new().with_idempotent(said);
                request.extensions_mut().insert(info);
                assert_eq!(is_idempotent(&request), said, "{method}");
            }
        }
    }
}
