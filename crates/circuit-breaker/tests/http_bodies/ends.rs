//! When a call ends, and what the end of its body says.

use std::time::Duration;

use http::Response;
use http_body_util::{BodyExt, Full};
use seaworthy_circuit_breaker::http::{HttpStatus, JudgeTrailers};
use seaworthy_circuit_breaker::{CircuitBreaker, State};
use seaworthy_core::{Classify, Verdict};

use super::*;

#[tokio::test(start_paused = true)]
async fn the_end_of_the_body_is_the_end_of_the_call() {
    for (left, failures) in [
        (vec![data(), data()], 0),
        (vec![data(), None], 1),
        (vec![], 0),
        (vec![data(), trailers("x-checksum", "0")], 0),
    ] {
        let b = breaker();
        let response = through(b.http_layer(), Response::new(frames(left))).await;
        assert_eq!(counts(&b), (0, 0));
        read(response.into_body()).await;
        assert_eq!(counts(&b), (1, failures));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_known_with_the_head_is_told_with_the_head() {
    let b = breaker();
    let empty = through(b.http_layer(), Response::new(Full::new(b"".as_slice()))).await;
    assert_eq!(counts(&b), (1, 0), "an empty body");
    drop(empty);
    let failed = Response::builder().status(500).body(frames([data()]));
    let failed = through(b.http_layer(), failed.expect("a response")).await;
    assert_eq!(counts(&b), (2, 1), "a status of 500");
    read(failed.into_body()).await;
    assert_eq!(counts(&b), (2, 1), "once");
}

/// Nobody has to ask once more, as servers do not that have sent what they said they would.
#[tokio::test(start_paused = true)]
async fn the_last_frame_is_the_end() {
    for (last, tells) in [(data(), true), (trailers("x-checksum", "0"), false)] {
        let b = breaker();
        let mut left = frames([data(), last]);
        left.tells = tells;
        let mut body = through(b.http_layer(), Response::new(left))
            .await
            .into_body();
        let _first = body.frame().await;
        assert_eq!(counts(&b), (0, 0));
        let _last = body.frame().await;
        assert_eq!(counts(&b), (1, 0));
    }
}

/// Many clients look at the status alone, and servers stop reading at the length that was announced.
#[tokio::test(start_paused = true)]
async fn a_good_response_is_one_however_much_of_it_is_read() {
    let b = breaker();
    for round in 0..5 {
        b.try_acquire().expect("closed").failure();
        for read in 0..3 {
            let response = Response::new(frames([data(), data(), data()]));
            let mut body = through(b.http_layer(), response).await.into_body();
            for _ in 0..read {
                let _some = body.frame().await;
            }
        }
        assert_eq!(counts(&b), (4 * (round + 1), round + 1));
    }
    assert_eq!(b.state(), State::Closed, "there were never five in a row");
}

#[tokio::test(start_paused = true)]
async fn a_body_of_length_nought_that_nobody_reads_is_a_success() {
    /// It does not know that it has ended.
    struct Nothing;
    impl Body for Nothing {
        type Data = &'static [u8];
        type Error = BoxError;
        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<&'static [u8]>, BoxError>>> {
            Poll::Ready(None)
        }
        fn size_hint(&self) -> http_body::SizeHint {
            http_body::SizeHint::with_exact(0)
        }
    }
    let b = breaker();
    drop(through(b.http_layer(), Response::new(Nothing)).await);
    assert_eq!(counts(&b), (1, 0));
}

/// The rest of it may never have come, and the status said that it is well.
#[tokio::test(start_paused = true)]
async fn probes_conclude_though_nobody_reads_their_bodies() {
    let b = on_trial().await;
    for _ in 0..3 {
        let response = through(b.http_layer(), Response::new(frames([data(), data()]))).await;
        assert_eq!(b.view().probes, 1, "until the body is gone");
        let mut body = response.into_body();
        let _first = body.frame().await;
        drop(body);
        assert_eq!(b.view().probes, 0);
    }
    assert_eq!(b.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_before_its_head_is_there_says_nothing() {
    let b = breaker();
    let never =
        service_fn(|_: Request<()>| std::future::pending::<Result<Response<Frames>, BoxError>>());
    let call = b.http_layer().layer(never).oneshot(Request::new(()));
    let second = Duration::from_secs(1);
    assert!(tokio::time::timeout(second, call).await.is_err());
    assert_eq!(counts(&b), (0, 0));
}

/// How long it took is what counts, not whether the body came to its end.
#[tokio::test(start_paused = true)]
async fn a_body_that_is_dropped_late_is_slow() {
    let b = CircuitBreaker::builder("b").slow_calls(Duration::from_secs(1), 0.5);
    let b = b.build().expect("it is allowed");
    for (seconds, slow) in [(1, 0), (2, 1)] {
        let response = through(b.http_layer(), Response::new(frames([data(), data()]))).await;
        tokio::time::advance(Duration::from_secs(seconds)).await;
        drop(response);
        assert_eq!((b.view().slow, b.view().failures), (slow, 0), "{seconds} s");
    }
}

/// Judges the head of a response, and leaves what comes after it to the defaults.
#[derive(Clone)]
struct NotFoundIsFailure;

impl<B, Err: 'static> Classify<Response<B>, Err> for NotFoundIsFailure {
    fn classify(&self, outcome: Result<&Response<B>, &Err>) -> Verdict {
        match outcome {
            Ok(response) if response.status() == 404 => Verdict::Failure,
            _ => HttpStatus.classify(outcome),
        }
    }
}

impl JudgeTrailers for NotFoundIsFailure {}

#[tokio::test(start_paused = true)]
async fn anybody_may_judge() {
    let b = breaker();
    for (status, expected) in [(404, (1, 1)), (200, (2, 1))] {
        let response = Response::builder().status(status).body(frames([data()]));
        let layer = b.http_layer().classify(NotFoundIsFailure);
        let response = through(layer, response.expect("a response")).await;
        read(response.into_body()).await;
        assert_eq!(counts(&b), expected, "{status}");
    }
}
