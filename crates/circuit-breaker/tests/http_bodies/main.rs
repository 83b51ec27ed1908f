//! A call lasts until its body has ended.
#![cfg(feature = "grpc")]

mod ends;
mod grpc;
mod panics;
mod rejections;

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use seaworthy_circuit_breaker::http::{HttpLayer, JudgeTrailers, JudgedBody};
use seaworthy_circuit_breaker::{CircuitBreaker, State};
use seaworthy_core::{BoxError, Classify};
use tower::{Layer, ServiceExt, service_fn};

/// Frames in order, as a server would send them; it breaks off where one is missing.
#[derive(Default)]
struct Frames {
    left: Vec<Option<Frame<&'static [u8]>>>,
    /// Whether it says at the last frame that it is the last one.
    tells: bool,
}

impl Body for Frames {
    type Data = &'static [u8];
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<&'static [u8]>, BoxError>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let next = self.left.remove(0);
        Poll::Ready(Some(next.ok_or_else(|| "connection reset".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.tells && self.left.is_empty()
    }
}

fn frames(left: impl Into<Vec<Option<Frame<&'static [u8]>>>>) -> Frames {
    let left = left.into();
    Frames { left, tells: false }
}

fn data() -> Option<Frame<&'static [u8]>> {
    Some(Frame::data(b"some"))
}

fn trailers(name: &'static str, value: &'static str) -> Option<Frame<&'static [u8]>> {
    let mut map = HeaderMap::new();
    map.insert(name, value.parse().expect("a header"));
    Some(Frame::trailers(map))
}

fn breaker() -> CircuitBreaker {
    CircuitBreaker::builder("b").build().expect("it is allowed")
}

/// One whose time to be open is over.
async fn on_trial() -> CircuitBreaker {
    let b = breaker();
    (0..5).for_each(|_| b.try_acquire().expect("closed").failure());
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(b.state(), State::HalfOpen);
    b
}

/// The response of a service to which this layer is applied, and which answers with this.
async fn through<P, B>(layer: HttpLayer<P>, response: Response<B>) -> Response<JudgedBody<B, P>>
where
    B: Body,
    P: Classify<Response<B>, BoxError> + JudgeTrailers + Clone,
{
    let mut response = Some(response);
    let service = service_fn(move |_: Request<()>| {
        std::future::ready(Ok::<_, BoxError>(response.take().expect("once")))
    });
    let response = layer.layer(service).oneshot(Request::new(())).await;
    response.expect("let through")
}

/// How many calls are counted, and how many of them have failed.
fn counts(breaker: &CircuitBreaker) -> (u32, u32) {
    (breaker.view().calls, breaker.view().failures)
}

/// Reads a body until there is no more.
async fn read<B: Body + Unpin>(mut body: B) {
    while let Some(Ok(_)) = body.frame().await {}
}
