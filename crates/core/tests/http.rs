//! A rejection as a response says when to come back, and whether it may be tried again.
#![cfg(feature = "http")]

use std::time::Duration;

use seaworthy_core::http::{respond, respond_grpc};
use seaworthy_core::{Reason, Rejected};

fn rejected(reason: Reason) -> Rejected {
    Rejected::new(reason, "orders")
}

/// Of HTTP, and of gRPC.
fn statuses(rejected: Rejected) -> (u16, i32) {
    let grpc = respond_grpc::<()>(rejected);
    assert_eq!(
        grpc.status(),
        200,
        "of HTTP, for it is not HTTP that failed"
    );
    let status = grpc.headers()["grpc-status"].to_str();
    let status = status.expect("text").parse().expect("a number");
    (respond::<()>(rejected).status().as_u16(), status)
}

#[test]
fn the_status_says_whether_the_call_may_have_been_executed() {
    use Reason::*;
    for (reason, expected) in [
        (CircuitOpen, (503, 14)),
        (BulkheadFull, (429, 8)),
        (Throttled, (429, 8)),
        (QueueFull, (429, 8)),
        (Expired, (503, 14)),
        (Evicted, (429, 8)),
        (Restarting, (503, 14)),
        (Crashed, (500, 2)),
        (TimedOut, (504, 4)),
        (ShuttingDown, (503, 14)),
        (Stopped, (503, 14)),
    ] {
        assert_eq!(statuses(rejected(reason)), expected, "{reason}");
        if expected.0 == 503 || expected.0 == 429 {
            let begun = rejected(reason).maybe_executed();
            assert_eq!(statuses(begun), (500, 2), "{reason}, after it was begun");
        }
    }
}

#[test]
fn it_is_never_too_early_to_come_back() {
    let seconds = |delay| {
        let response = respond::<()>(rejected(Reason::CircuitOpen).with_retry_after(delay));
        response.headers()["retry-after"]
            .to_str()
            .expect("text")
            .to_owned()
    };
    let millis = |delay| {
        let response = respond_grpc::<()>(rejected(Reason::CircuitOpen).with_retry_after(delay));
        let text = response.headers()["grpc-retry-pushback-ms"].to_str();
        text.expect("text").to_owned()
    };
    for (delay, in_seconds, in_millis) in [
        (Duration::ZERO, "0", "0"),
        (Duration::from_nanos(1), "1", "1"),
        (Duration::from_millis(2000), "2", "2000"),
        (Duration::from_nanos(2_000_000_001), "3", "2001"),
        (Duration::MAX, "18446744073709551615", "2147483647"),
    ] {
        assert_eq!(seconds(delay), in_seconds, "{delay:?}");
        assert_eq!(millis(delay), in_millis, "{delay:?}");
    }
}

#[test]
fn what_is_not_known_is_left_out() {
    let stopped = rejected(Reason::Stopped);
    assert!(respond::<()>(stopped).headers().is_empty());
    let headers = respond_grpc::<()>(stopped).into_parts().0.headers;
    assert_eq!(headers["content-type"], "application/grpc");
    assert_eq!(headers["grpc-message"], "stopped");
    assert!(!headers.contains_key("grpc-retry-pushback-ms"));
}

#[test]
fn it_is_still_known_as_a_rejection() {
    let rejected = rejected(Reason::QueueFull).with_retry_after(Duration::from_secs(3));
    assert_eq!(respond::<()>(rejected).extensions().get(), Some(&rejected));
    let grpc = respond_grpc::<()>(rejected);
    assert_eq!(grpc.extensions().get(), Some(&rejected));
}
