//! What responses of HTTP and gRPC say about the service that gave them.
#![cfg(feature = "http")]

use http::{HeaderMap, Response, StatusCode};
use seaworthy_core::classify::{GrpcStatus, HttpOverload, HttpStatus};
use seaworthy_core::{BoxError, Classify, Reason, Rejected, Verdict};

fn response(status: u16) -> Response<()> {
    let response = Response::builder().status(status).body(());
    response.expect("a response")
}

fn grpc(status: u16, code: &str) -> Response<()> {
    let mut response = response(status);
    let code = code.parse().expect("text");
    response.headers_mut().insert("grpc-status", code);
    response
}

/// The verdict on an error, by a classifier that takes any response.
fn on_error(classify: &impl Classify<Response<()>, BoxError>, error: BoxError) -> Verdict {
    classify.classify(Err(&error))
}

#[test]
fn http_by_status() {
    for (status, expected) in [
        (200, Verdict::Success),
        (404, Verdict::Success),
        (429, Verdict::Overload),
        (500, Verdict::Failure),
        (503, Verdict::Overload),
        (504, Verdict::Failure),
    ] {
        let verdict = HttpStatus.classify(Ok::<_, &()>(&response(status)));
        assert_eq!(verdict, expected, "{status}");
        let status = StatusCode::from_u16(status).expect("a status");
        assert_eq!(HttpStatus::verdict(status), expected, "{status}");
    }
}

/// It is no question of health: a 500 was accepted.
#[test]
fn http_by_whether_to_send_less() {
    for (status, expected) in [
        (200, Verdict::Success),
        (404, Verdict::Success),
        (429, Verdict::Overload),
        (500, Verdict::Success),
        (503, Verdict::Overload),
    ] {
        let verdict = HttpOverload.classify(Ok::<_, &()>(&response(status)));
        assert_eq!(verdict, expected, "{status}");
    }
}

#[test]
fn grpc_by_the_status_of_grpc() {
    for (code, expected) in [
        ("0", Verdict::Success),
        ("1", Verdict::Ignored),
        ("2", Verdict::Failure),
        ("3", Verdict::Success),
        ("4", Verdict::Failure),
        ("5", Verdict::Success),
        ("6", Verdict::Success),
        ("7", Verdict::Success),
        ("8", Verdict::Overload),
        ("9", Verdict::Success),
        ("10", Verdict::Success),
        ("11", Verdict::Success),
        ("12", Verdict::Success),
        ("13", Verdict::Failure),
        ("14", Verdict::Failure),
        ("15", Verdict::Failure),
        ("16", Verdict::Success),
        ("17", Verdict::Failure),
        ("-1", Verdict::Failure),
        ("not a number", Verdict::Failure),
    ] {
        let verdict = GrpcStatus.classify(Ok::<_, &()>(&grpc(200, code)));
        assert_eq!(verdict, expected, "{code}");
    }
    let of_grpc_first = GrpcStatus.classify(Ok::<_, &()>(&grpc(502, "5")));
    assert_eq!(of_grpc_first, Verdict::Success);
}

/// As clients take what a proxy says.
#[test]
fn grpc_by_the_status_of_http() {
    for (status, expected) in [
        (200, Verdict::Success),
        (400, Verdict::Failure),
        (401, Verdict::Success),
        (403, Verdict::Success),
        (404, Verdict::Success),
        (429, Verdict::Overload),
        (502, Verdict::Failure),
        (503, Verdict::Overload),
    ] {
        let verdict = GrpcStatus.classify(Ok::<_, &()>(&response(status)));
        assert_eq!(verdict, expected, "{status}");
    }
}

#[test]
fn the_code_of_grpc_is_read_where_there_is_one() {
    assert_eq!(GrpcStatus::code(&HeaderMap::new()), None);
    assert_eq!(GrpcStatus::code(grpc(200, "14").headers()), Some(14));
    let unknown = GrpcStatus::code(grpc(200, "not a number").headers());
    assert_eq!(unknown, Some(GrpcStatus::UNKNOWN));
}

#[test]
fn errors_are_judged_as_ever() {
    let full = || BoxError::from(Rejected::new(Reason::QueueFull, "queue"));
    assert_eq!(on_error(&HttpStatus, "refused".into()), Verdict::Failure);
    assert_eq!(on_error(&GrpcStatus, "refused".into()), Verdict::Failure);
    assert_eq!(on_error(&HttpOverload, "refused".into()), Verdict::Failure);
    assert_eq!(on_error(&HttpStatus, full()), Verdict::Ignored);
    assert_eq!(on_error(&GrpcStatus, full()), Verdict::Ignored);
    assert_eq!(on_error(&HttpOverload, full()), Verdict::Overload);
}

/// Whatever its status: a call that may have been executed is one that failed.
#[test]
fn a_response_that_was_a_rejection_is_judged_as_one() {
    let stopped = Rejected::new(Reason::Stopped, "x");
    for (rejected, status, expected) in [
        (stopped, 503, Verdict::Ignored),
        (stopped, 200, Verdict::Ignored),
        (stopped.maybe_executed(), 503, Verdict::Failure),
        (stopped.maybe_executed(), 200, Verdict::Failure),
    ] {
        let mut response = grpc(status, "8");
        response.extensions_mut().insert(rejected);
        assert_eq!(HttpStatus.classify(Ok::<_, &()>(&response)), expected);
        assert_eq!(GrpcStatus.classify(Ok::<_, &()>(&response)), expected);
    }
}
