//! A panic in the code that reads or judges a body is one of the call.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use http::Response;
use http::response::Parts;
use seaworthy_circuit_breaker::http::HttpStatus;
use seaworthy_core::Verdict;

use super::*;

fn panics(poll: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(poll)).is_err()
}

struct Bug;

impl Body for Bug {
    type Data = &'static [u8];
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<&'static [u8]>, BoxError>>> {
        panic!("a bug of the body")
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_panics_has_failed_at_once() {
    let b = breaker();
    let mut body = through(b.http_layer(), Response::new(Bug))
        .await
        .into_body();
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..2 {
        assert!(panics(|| drop(Pin::new(&mut body).poll_frame(&mut cx))));
        assert_eq!(counts(&b), (1, 1), "before anybody drops it, and once");
    }
    drop(body);
    assert_eq!(counts(&b), (1, 1));
}

/// Judges with a bug, in the trailers or in the head.
#[derive(Clone)]
struct Judge(&'static str);

impl<B, Err: 'static> Classify<Response<B>, Err> for Judge {
    fn classify(&self, outcome: Result<&Response<B>, &Err>) -> Verdict {
        HttpStatus.classify(outcome)
    }
}

impl JudgeTrailers for Judge {
    fn trailers(&self, _: &HeaderMap) -> Option<Verdict> {
        assert_ne!(self.0, "trailers", "a bug of the judge");
        None
    }

    fn without_trailers(&self, _: &Parts) -> Verdict {
        assert_ne!(self.0, "head", "a bug of the judge");
        Verdict::Success
    }
}

#[tokio::test(start_paused = true)]
async fn a_judge_that_panics_fails_the_call_at_once() {
    let b = breaker();
    let layer = b.http_layer().classify(Judge("trailers"));
    let response = Response::new(frames([trailers("x-checksum", "0")]));
    let mut body = through(layer, response).await.into_body();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(panics(|| drop(Pin::new(&mut body).poll_frame(&mut cx))));
    assert_eq!(counts(&b), (1, 1));

    let layer = b.http_layer().classify(Judge("head"));
    let mut call = Box::pin(through(layer, Response::new(frames([data()]))));
    assert!(panics(|| drop(call.as_mut().poll(&mut cx))));
    assert_eq!(counts(&b), (2, 2));
}

/// The panic is of somebody beside it, and the head was good.
#[tokio::test(start_paused = true)]
async fn a_body_that_is_dropped_because_something_beside_it_panics_was_good() {
    let b = breaker();
    let response = through(b.http_layer(), Response::new(frames([data()]))).await;
    let handler = tokio::spawn(async move {
        let _body = response.into_body();
        panic!("a bug of the handler");
    });
    assert!(handler.await.is_err());
    assert_eq!(counts(&b), (1, 0));
}
