//! A fallback around an HTTP client, as programs write it.
#![cfg(feature = "http")]

use http::{Request, Response};
use seaworthy_core::BoxError;
use seaworthy_fallback::http::HttpFailures;
use seaworthy_fallback::{Fallback, LastGood};
use tower::{Layer, ServiceExt, service_fn};

async fn send(request: Request<String>) -> Result<Response<String>, BoxError> {
    let status = match request.body().as_str() {
        "" => return Err("refused".into()),
        "well" => 200,
        _ => 502,
    };
    Ok(Response::builder()
        .status(status)
        .body(request.into_body())?)
}

/// That it compiles is half of it. The compiler does not see through a lifetime in the types of a call that is spawned, and
/// there is one in a `BoxError`: so that must not be in the type of what handles outcomes.
#[tokio::test]
async fn calls_can_be_spawned_whatever_handles_them() {
    let kept = LastGood::by(|request: &Request<String>| request.uri().clone());
    let pages = Fallback::builder("pages")
        .last_good(kept.build().expect("allowed"))
        .handle(HttpFailures)
        .build()
        .expect("allowed");
    let client = pages.layer().layer(service_fn(send));
    for state in ["well", "bad gateway", ""] {
        let client = client.clone();
        let call = async move { client.oneshot(Request::new(state.to_owned())).await };
        let page = tokio::spawn(call).await.expect("no panic");
        assert_eq!(page.expect("an answer").into_body(), "well", "{state}");
    }
}
