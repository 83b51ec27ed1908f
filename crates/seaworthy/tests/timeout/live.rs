//! Timeouts that change while they are in use, and that go.

use std::future::pending;

use seaworthy::core::BoxError;
use seaworthy::timeout::Timeout;
use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::{MILLI, timeout};

async fn hang(_: ()) -> Result<(), BoxError> {
    pending().await
}

#[tokio::test(start_paused = true)]
async fn calls_that_begin_see_the_new_time_and_those_under_way_keep_theirs() {
    let handle = timeout(100 * MILLI);
    let mut service = handle.layer().layer(service_fn(hang));
    let begun = Instant::now();
    let before = service.ready().await.unwrap().call(());
    assert!(handle.set(300 * MILLI).expect("allowed"));
    assert!(!handle.set(300 * MILLI).expect("allowed"), "no other");
    let mut clone = service.clone();
    let after = [
        service.ready().await.unwrap().call(()),
        clone.ready().await.unwrap().call(()),
    ];
    before.await.unwrap_err();
    assert_eq!(begun.elapsed(), 100 * MILLI);
    for call in after {
        call.await.unwrap_err();
        assert_eq!(begun.elapsed(), 300 * MILLI);
    }
    assert!(handle.set(None).expect("allowed"));
    assert_eq!(handle.config().after, None);
    let call = service.ready().await.unwrap().call(());
    let outcome = tokio::time::timeout(1_000_000 * MILLI, call).await;
    assert!(outcome.is_err(), "it is off");
}

#[tokio::test(start_paused = true)]
async fn a_call_times_out_also_when_its_timeout_is_gone() {
    let handle = timeout(100 * MILLI);
    let call = handle.layer().layer(service_fn(hang)).oneshot(());
    let call = {
        let mut call = Box::pin(call);
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(call.as_mut().poll(&mut cx).is_pending());
        call
    };
    drop(handle);
    let begun = Instant::now();
    let error = call.await.unwrap_err();
    assert_eq!(begun.elapsed(), 100 * MILLI);
    assert!(error.to_string().contains("timed out"), "{error}");
}

/// Whoever times out finds the right one, however many there are of the same name.
#[tokio::test(start_paused = true)]
async fn each_counts_its_own() {
    let handles: Vec<Timeout> = (1..=20).map(|it| timeout(it * MILLI)).collect();
    for (times, handle) in handles.iter().enumerate() {
        for _ in 0..times {
            let call = handle.layer().layer(service_fn(hang)).oneshot(());
            call.await.unwrap_err();
        }
    }
    for (times, handle) in handles.iter().enumerate() {
        assert_eq!(handle.view().timed_out, times as u64);
    }
}
