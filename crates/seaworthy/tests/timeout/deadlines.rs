//! Deadlines of requests.

use std::cell::Cell;
use std::future::pending;
use std::time::Duration;

use seaworthy::core::request::Info;
use seaworthy::core::{BoxError, Cause, Executed, Reason, Rejected};
use tokio::time::Instant;
use tower::{Layer, ServiceExt, service_fn};

use crate::{MILLI, rejected, timeout};

/// The deadline of a request is the request.
fn describe(deadline: &Option<Instant>) -> Info {
    deadline.map_or(Info::new(), |at| Info::new().with_deadline(at))
}

/// How long a call hangs, and what it ends with.
async fn hangs(after: Option<Duration>, deadline: Option<Duration>) -> (Duration, Rejected) {
    let layer = timeout(after).layer().describe(describe);
    let service = service_fn(|_: Option<Instant>| pending::<Result<(), BoxError>>());
    let begun = Instant::now();
    let call = layer.layer(service).oneshot(deadline.map(|it| begun + it));
    let error = call.await.unwrap_err();
    (begun.elapsed(), rejected(&error))
}

#[tokio::test(start_paused = true)]
async fn the_earlier_of_the_two_ends_a_call() {
    for (after, deadline, expected) in [
        (Some(250), None, 250),
        (Some(250), Some(100), 100),
        (Some(250), Some(400), 250),
        (None, Some(100), 100),
    ] {
        let millis = |it: u32| it * MILLI;
        let (took, rejected) = hangs(after.map(millis), deadline.map(millis)).await;
        assert_eq!(took, millis(expected), "{after:?}, {deadline:?}");
        assert_eq!(rejected.reason(), Reason::TimedOut);
        let cause = Cause::TookTooLong { millis: expected };
        assert_eq!(rejected.cause(), Some(cause));
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_after_the_deadline_is_turned_away_unexecuted() {
    let called = Cell::new(0);
    let service = service_fn(|_: Option<Instant>| {
        called.set(called.get() + 1);
        async { Ok::<_, BoxError>(()) }
    });
    for after in [None, Some(250 * MILLI)] {
        let handle = timeout(after);
        let service = handle.layer().describe(describe).layer(service);
        let now = Instant::now();
        let error = service.clone().oneshot(Some(now)).await.unwrap_err();
        let rejected = rejected(&error);
        assert_eq!(rejected.reason(), Reason::Expired);
        assert_eq!(rejected.executed(), Executed::No);
        assert_eq!(handle.view().expired, 1);
        assert_eq!(called.get(), 0);
        service.oneshot(Some(now + MILLI)).await.expect("in time");
        assert_eq!(called.take(), 1);
    }
}
