//! A call lasts until its body has ended.
#![cfg(feature = "grpc")]

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, Full};
use seaworthy_circuit_breaker::CircuitBreaker;
use seaworthy_core::BoxError;
use tower::{Layer, Service, ServiceExt, service_fn};

/// Frames in order, as a server would send them; it breaks off where one is missing.
#[derive(Default)]
struct Frames(Vec<Option<Frame<&'static [u8]>>>);

impl Body for Frames {
    type Data = &'static [u8];
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<&'static [u8]>, BoxError>>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        let next = self.0.remove(0);
        Poll::Ready(Some(next.ok_or_else(|| "connection reset".into())))
    }
}

fn data() -> Option<Frame<&'static [u8]>> {
    Some(Frame::data(b"some"))
}

fn trailers(status: &str) -> Option<Frame<&'static [u8]>> {
    let mut map = HeaderMap::new();
    map.insert("grpc-status", status.parse().expect("a header"));
    Some(Frame::trailers(map))
}

fn breaker() -> CircuitBreaker {
    CircuitBreaker::builder("b").build().expect("it is allowed")
}

/// Calls and failures after the head of a response, and after the rest.
async fn counted<L, S>(layer: &L, breaker: &CircuitBreaker, inner: S) -> [(u32, u32); 2]
where
    L: Layer<S, Service: Service<Request<()>, Response: IntoBody, Error = BoxError>>,
{
    let mut service = layer.layer(inner);
    let ready = service.ready().await.expect("ready");
    let response = ready.call(Request::new(())).await.expect("a head");
    let counts = || (breaker.view().calls, breaker.view().failures);
    let head = counts();
    response.read().await;
    [head, counts()]
}

trait IntoBody {
    async fn read(self);
}

impl<B: Body + Unpin> IntoBody for Response<B> {
    async fn read(self) {
        let mut body = self.into_body();
        while let Some(Ok(_)) = body.frame().await {}
    }
}

/// Answers once, with this.
struct Once<B>(Option<B>, u16);

impl<B> From<B> for Once<B> {
    fn from(body: B) -> Self {
        Self(Some(body), 200)
    }
}

impl<B> Service<Request<()>> for Once<B> {
    type Response = Response<B>;
    type Error = BoxError;
    type Future = std::future::Ready<Result<Response<B>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let response = Response::builder().status(self.1);
        let body = self.0.take().expect("once");
        std::future::ready(response.body(body).map_err(Into::into))
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_body_is_the_end_of_the_call() {
    for (frames, failures) in [
        (vec![data(), data()], 0),
        (vec![data(), None], 1),
        (vec![], 0),
    ] {
        let b = breaker();
        let [head, end] = counted(&b.http_layer(), &b, Once::from(Frames(frames))).await;
        assert_eq!((head, end), ((0, 0), (1, failures)));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_known_with_the_head_is_told_with_the_head() {
    let b = breaker();
    let full = Full::new(b"".as_slice());
    let [head, end] = counted(&b.http_layer(), &b, Once::from(full)).await;
    assert_eq!((head, end), ((1, 0), (1, 0)), "an empty body");
    let mut service = b.http_layer().layer(Once(Some(Frames(vec![data()])), 500));
    let response = service
        .ready()
        .await
        .expect("ready")
        .call(Request::new(()))
        .await;
    assert_eq!(b.view().failures, 1, "a status of 500");
    response.expect("a head").read().await;
    assert_eq!(b.view().calls, 2, "once");
}

#[tokio::test(start_paused = true)]
async fn the_status_of_grpc_is_in_the_trailers() {
    for (status, counts) in [("0", (1, 0)), ("14", (1, 1)), ("1", (0, 0)), ("8", (1, 1))] {
        let b = breaker();
        let frames = Frames(vec![data(), trailers(status)]);
        let [head, end] = counted(&b.grpc_layer(), &b, Once::from(frames)).await;
        assert_eq!((head, end), ((0, 0), counts), "status {status}");
        // For a plain HTTP service trailers say nothing.
        let b = breaker();
        let frames = Frames(vec![data(), trailers(status)]);
        let [_, end] = counted(&b.http_layer(), &b, Once::from(frames)).await;
        assert_eq!(end, (1, 0));
    }
}

/// A probe whose caller goes away in the middle of the body gives its place back.
#[tokio::test(start_paused = true)]
async fn a_body_that_is_dropped_frees_its_place() {
    let b = breaker();
    (0..5).for_each(|_| b.try_acquire().expect("closed").failure());
    tokio::time::advance(std::time::Duration::from_secs(60)).await;
    for _ in 0..10 {
        let mut service = b
            .http_layer()
            .layer(Once::from(Frames(vec![data(), data()])));
        let ready = service.ready().await.expect("ready");
        let response = ready.call(Request::new(())).await.expect("a probe");
        assert_eq!(b.view().probes, 1);
        let mut body = response.into_body();
        let _first = body.frame().await;
        drop(body);
        assert_eq!(b.view().probes, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_cannot_fail_answers_with_a_response() {
    let b = breaker();
    b.force_open();
    let layer = b.http_layer().respond(|rejected| {
        let response = Response::builder()
            .status(503)
            .header("x-why", rejected.to_string());
        response.body(Empty::<&[u8]>::new()).expect("a response")
    });
    let inner = service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(Empty::<&[u8]>::new()))
    });
    let response = layer.layer(inner).oneshot(Request::new(())).await;
    let response = response.unwrap_or_else(|never| match never {});
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["x-why"], "`b`: circuit open (by order)");
}
