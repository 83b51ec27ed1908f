//! The status of a gRPC call is in the trailers, in the head, or missing.

use http::Response;
use http_body_util::BodyExt;

use super::*;

fn ok(body: Frames) -> Response<Frames> {
    let response = Response::builder().header("content-type", "application/grpc");
    response.body(body).expect("a response")
}

#[tokio::test(start_paused = true)]
async fn the_status_is_in_the_trailers() {
    for (status, expected) in [
        ("0", (1, 0)),
        ("14", (1, 1)),
        ("1", (0, 0)),
        ("8", (1, 1)),
        // UNKNOWN, as clients take it.
        ("fourteen", (1, 1)),
        ("99", (1, 1)),
    ] {
        let with_status = || frames([data(), trailers("grpc-status", status)]);
        let b = breaker();
        let response = through(b.grpc_layer(), ok(with_status())).await;
        assert_eq!(counts(&b), (0, 0));
        read(response.into_body()).await;
        assert_eq!(counts(&b), expected, "status {status}");
        // For a plain HTTP service trailers say nothing.
        let b = breaker();
        let response = through(b.http_layer(), ok(with_status())).await;
        read(response.into_body()).await;
        assert_eq!(counts(&b), (1, 0));
    }
}

/// A server that dies in the middle of a stream may still close it in good order, or a proxy for it.
#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_without_a_status_has_failed() {
    for tells in [false, true] {
        for left in [
            vec![],
            vec![data()],
            vec![data(), trailers("x-request-id", "7")],
        ] {
            let b = breaker();
            let all = left.len();
            let body = Frames { left, tells };
            read(through(b.grpc_layer(), ok(body)).await.into_body()).await;
            assert_eq!(
                counts(&b),
                (1, 1),
                "{all} frames, the last one known: {tells}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn trailers_are_the_end_even_if_the_body_is_not_asked_again() {
    for (name, value, expected) in [
        ("grpc-status", "0", (1, 0)),
        ("grpc-status", "13", (1, 1)),
        ("x-request-id", "7", (1, 1)),
    ] {
        let b = breaker();
        let body = frames([trailers(name, value), None]);
        let mut body = through(b.grpc_layer(), ok(body)).await.into_body();
        assert_eq!(counts(&b), (0, 0));
        let _trailers = body.frame().await;
        assert_eq!(counts(&b), expected, "{name}: {value}");
    }
}

/// A server that has no message to send puts the status into the head.
#[tokio::test(start_paused = true)]
async fn a_status_in_the_head_is_one() {
    for (status, expected) in [
        ("0", (1, 0)),
        ("5", (1, 0)),
        ("14", (1, 1)),
        ("fourteen", (1, 1)),
        ("1", (0, 0)),
    ] {
        for tells in [false, true] {
            let b = breaker();
            let mut response = ok(Frames {
                left: vec![],
                tells,
            });
            let status_value = status.parse().expect("a header");
            response.headers_mut().insert("grpc-status", status_value);
            read(through(b.grpc_layer(), response).await.into_body()).await;
            assert_eq!(counts(&b), expected, "status {status}");
        }
    }
}

/// What a client makes of a response that is not of gRPC at all: a proxy answered.
#[tokio::test(start_paused = true)]
async fn without_a_status_that_of_http_counts() {
    for (status, failures) in [
        (400, 1),
        (401, 0),
        (403, 0),
        (404, 0),
        (429, 1),
        (500, 1),
        (502, 1),
        (503, 1),
        (302, 1),
    ] {
        let b = breaker();
        let response = Response::builder().status(status).body(frames([data()]));
        let response = through(b.grpc_layer(), response.expect("a response")).await;
        read(response.into_body()).await;
        assert_eq!(counts(&b), (1, failures), "{status}");
    }
}

/// Its trailers are a part of the body, so that browsers can read them.
#[tokio::test(start_paused = true)]
async fn grpc_web_has_its_status_where_nobody_looks() {
    let b = breaker();
    let response = Response::builder().header("content-type", "application/grpc-web+proto");
    let response = response.body(frames([data()])).expect("a response");
    read(through(b.grpc_layer(), response).await.into_body()).await;
    assert_eq!(counts(&b), (1, 0));
}

/// Whoever takes the first message of a stream and goes has been served.
#[tokio::test(start_paused = true)]
async fn a_stream_that_is_dropped_was_good() {
    let b = breaker();
    let mut body = through(b.grpc_layer(), ok(frames([data(), None])))
        .await
        .into_body();
    let _first = body.frame().await;
    drop(body);
    assert_eq!(counts(&b), (1, 0));
}
