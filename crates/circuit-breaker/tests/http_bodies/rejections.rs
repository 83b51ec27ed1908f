//! A rejection that has become a response is still a rejection.

use std::convert::Infallible;
use std::future::{Ready, ready};

use http::Response;
use http_body_util::Empty;
use seaworthy_circuit_breaker::http::{GrpcStatus, HttpStatus, respond, respond_grpc};
use seaworthy_core::Rejected;
use tower::util::ServiceFn;
use tower::{Service, ServiceBuilder};

use super::*;

type Answer = Response<Empty<&'static [u8]>>;

/// A service that cannot fail.
type Well = ServiceFn<fn(Request<()>) -> Ready<Result<Answer, Infallible>>>;

async fn ask<L, B>(layer: L) -> Response<B>
where
    L: Layer<Well, Service: Service<Request<()>, Response = Response<B>, Error = Infallible>>,
{
    let well: Well = service_fn(|_| ready(Ok(Answer::default())));
    let response = layer.layer(well).oneshot(Request::new(())).await;
    response.unwrap_or_else(|never| match never {})
}

#[tokio::test(start_paused = true)]
async fn a_service_that_cannot_fail_answers_with_a_response() {
    let b = breaker();
    b.force_open();
    let response = ask(b.layer().respond(respond)).await;
    assert_eq!(
        (response.status().as_u16(), response.headers().len()),
        (503, 0)
    );
    let rejected: &Rejected = response.extensions().get().expect("it is in there");
    assert_eq!(rejected.to_string(), "`b`: circuit open (by order)");

    let response = ask(b.grpc_layer().respond(respond_grpc)).await;
    assert_eq!(response.headers()["grpc-status"], "14");
    assert_eq!(response.extensions().get(), Some(rejected));

    let own = ask(b.http_layer().respond(|rejected| {
        let response = Response::builder().header("x-why", rejected.to_string());
        response.body(Empty::new()).expect("a response")
    }));
    assert_eq!(own.await.headers()["x-why"], "`b`: circuit open (by order)");
}

/// Whoever comes back when the response says is let in.
#[tokio::test(start_paused = true)]
async fn the_response_says_when_to_come_back() {
    let b = breaker();
    (0..5).for_each(|_| b.try_acquire().expect("closed").failure());
    let response = ask(b.http_layer().respond(respond)).await;
    let seconds = response.headers()["retry-after"].to_str();
    let seconds = seconds.expect("text").parse().expect("a number");
    assert!((1..=5).contains(&seconds), "{seconds}");
    tokio::time::advance(Duration::from_secs(seconds)).await;
    let response = ask(b.http_layer().respond(respond)).await;
    assert_eq!(response.status(), 200);
}

/// Our own turning away is no evidence, as it is none when it is an error.
#[tokio::test(start_paused = true)]
async fn a_breaker_further_out_ignores_it() {
    let (outer, inner) = (breaker(), breaker());
    let through_both = async || {
        let head = outer.layer().classify(HttpStatus).respond(respond);
        let head = ServiceBuilder::new().layer(head);
        let head = ask(head.layer(inner.layer().respond(respond)).into_inner()).await;
        let body = outer.http_layer().respond(respond);
        let body = ServiceBuilder::new().layer(body);
        let body = ask(body.layer(inner.layer().respond(respond)).into_inner()).await;
        let grpc = outer.layer().classify(GrpcStatus).respond(respond_grpc);
        let grpc = ServiceBuilder::new().layer(grpc);
        let grpc = ask(grpc.layer(inner.layer().respond(respond_grpc)).into_inner()).await;
        let grpc = grpc.headers().get("grpc-status").cloned();
        (head.status().as_u16(), body.status().as_u16(), grpc)
    };
    assert_eq!(through_both().await, (200, 200, None));
    assert_eq!(counts(&outer), (3, 0));
    inner.force_open();
    let grpc = http::HeaderValue::from_static("14");
    assert_eq!(through_both().await, (503, 503, Some(grpc)));
    assert_eq!(counts(&outer), (3, 0));
}
