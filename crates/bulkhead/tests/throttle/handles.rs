//! Permits, calls, snapshots, and other configurations.

use std::time::Duration;

use seaworthy_bulkhead::{Throttle, ThrottleConfig, ThrottleEvent};
use seaworthy_core::component::{Registry, Status};
use seaworthy_core::{BoxError, Executed, Reason, Rejected, Verdict};

use crate::{builder, send, throttle};

fn counts(throttle: &Throttle) -> (u64, u64) {
    let view = throttle.view();
    (view.requests, view.accepts)
}

#[tokio::test(start_paused = true)]
async fn only_overload_is_not_accepted() {
    let throttle = throttle();
    let permit = || throttle.try_acquire().expect("it passes");
    permit().accepted();
    permit().record(Verdict::Success);
    permit().record(Verdict::Failure);
    assert_eq!(counts(&throttle), (3, 3));
    permit().overload();
    permit().record(Verdict::Overload);
    assert_eq!(counts(&throttle), (5, 3));
    permit().record(Verdict::Ignored);
    drop(permit());
    assert_eq!(counts(&throttle), (5, 3), "neither counts");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_held_back_was_not_executed() {
    let throttle = throttle();
    send(&throttle, 1000, |_| true);
    let before = throttle.view();
    let rejected = std::iter::repeat_with(|| throttle.try_acquire().map(drop))
        .find_map(Result::err)
        .expect("nine in ten are");
    assert_eq!(rejected.reason(), Reason::Throttled);
    assert_eq!(rejected.executed(), Executed::No);
    assert_eq!(rejected.to_string(), "`t`: throttled");
    let after = throttle.view();
    assert_eq!(after.throttled, before.throttled + 1);
    assert_eq!(after.requests, before.requests + 1, "it is a request");
    assert_eq!(after.accepts, before.accepts);
}

#[tokio::test(start_paused = true)]
async fn a_rejection_by_another_component_is_overload() {
    let throttle = throttle();
    let call = async |reason| {
        let outcome = async { Err::<(), BoxError>(Rejected::new(reason, "queue").into()) };
        throttle.call(outcome).await.expect_err("it fails")
    };
    call(Reason::QueueFull).await;
    assert_eq!(counts(&throttle), (1, 0));
    call(Reason::Crashed).await;
    assert_eq!(counts(&throttle), (2, 1), "it was begun");
    let failed = throttle.call(async { Err::<(), BoxError>("broken".into()) });
    assert!(failed.await.is_err());
    assert_eq!(counts(&throttle), (3, 2));
    let judged = |_: Result<&(), &BoxError>| Verdict::Overload;
    let called = throttle.call_with(judged, async { Ok(()) });
    assert!(called.await.is_ok());
    assert_eq!(counts(&throttle), (4, 2));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_held_back_is_not_begun() {
    let throttle = throttle();
    send(&throttle, 1000, |_| true);
    let mut begun = 0;
    for _ in 0..1000 {
        let call = throttle.call(async {
            begun += 1;
            Err::<(), BoxError>("not ours".into())
        });
        let error = call.await.expect_err("held back or not");
        let is_ours = Rejected::find_in(error.as_ref()).is_some();
        assert_eq!(is_ours, error.to_string() != "not ours");
    }
    assert!((50..400).contains(&begun), "{begun}");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_does_the_same() {
    let story = |seed| {
        let throttle = builder().seed(seed).build().expect("allowed");
        let outcomes = (0..500).map(|_| match throttle.try_acquire() {
            Ok(permit) => {
                permit.overload();
                true
            }
            Err(_) => false,
        });
        outcomes.collect::<Vec<_>>()
    };
    assert_eq!(story(7), story(7));
    assert_ne!(story(7), story(8));
}

#[tokio::test(start_paused = true)]
async fn dashboards_see_it() {
    let registry = Registry::new();
    let builder = Throttle::builder("inventory").registry(&registry).seed(1);
    let throttle = builder.build().expect("allowed");
    send(&throttle, 50, |_| true);
    let shown = || registry.snapshot()[0].to_string();
    assert_eq!(
        shown(),
        "throttle inventory: passing (requests 50, accepts 0, chance 0, throttled 0)"
    );
    send(&throttle, 950, |_| true);
    let snapshot = &registry.snapshot()[0];
    assert_eq!(snapshot.status, Status::Degraded);
    assert!(shown().starts_with("throttle inventory: throttling [degraded] (requests 1000, "));
    drop(throttle);
    assert!(registry.snapshot().is_empty());
}

#[tokio::test(start_paused = true)]
async fn another_configuration_takes_effect_at_once() {
    let throttle = throttle();
    let mut log = throttle.events().subscribe(8.try_into().expect("not zero"));
    send(&throttle, 1000, |_| true);
    let mut config = throttle.config();
    config.cap = 0.01;
    assert_eq!(throttle.reconfigure(config.clone()), Ok(true));
    let sent = send(&throttle, 1000, |_| true);
    assert!(sent > 950, "{sent}");
    config.window = Duration::from_secs(60);
    assert_eq!(throttle.reconfigure(config.clone()), Ok(false));
    assert_eq!(send(&throttle, 99, |_| true), 99);
    let before = throttle.view();
    config.minimum_requests = 0;
    assert!(throttle.reconfigure(config).is_err());
    assert_eq!(throttle.view(), before);
    let told = std::iter::from_fn(|| log.try_recv()).map(|event| event.to_string());
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "t: holds calls back: 0 of 128 requests were accepted",
            "t: reconfigured; counts are kept",
            "t: reconfigured; counts are cleared",
            "t: lets all calls through",
        ]
    );
}

/// Many threads: nothing that they count is lost.
#[test]
fn threads_count_together() {
    let config = ThrottleConfig::default();
    let throttle = builder().config(config).build().expect("allowed");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| send(&throttle, 1000, |call| call % 4 == 0));
        }
    });
    assert_eq!(counts(&throttle), (8000, 6000));
    let none = throttle.events().subscribe(1.try_into().expect("not zero"));
    drop(none);
    assert_eq!(throttle.view().throttled, 0);
    let event = ThrottleEvent::Reconfigured { kept: true };
    assert_eq!(event.to_string(), "reconfigured; counts are kept");
}
