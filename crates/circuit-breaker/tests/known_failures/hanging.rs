//! Services that do not get ready.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll};

use seaworthy_core::BoxError;
use tokio::time::{Instant, timeout};
use tower::{Layer, Service, ServiceExt};

use super::*;

/// Is ready while the flag is set, and wakes nobody when it is.
#[derive(Clone, Default)]
struct Stuck(Arc<AtomicBool>);

impl Service<()> for Stuck {
    type Response = ();
    type Error = BoxError;
    type Future = std::future::Ready<Result<(), BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if self.0.load(SeqCst) {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    fn call(&mut self, (): ()) -> Self::Future {
        std::future::ready(Ok(()))
    }
}

/// The connections are all taken by calls that hang; these fail, but those who wait for a connection wait on.
#[tokio::test(start_paused = true)]
async fn who_waits_for_the_service_when_it_opens_waits_for_ever() {
    let breaker = breaker(config());
    let service = breaker.layer().layer(Stuck::default());
    let waiting: Vec<_> = (0..10)
        .map(|_| tokio::spawn(service.clone().oneshot(())))
        .collect();
    tokio::task::yield_now().await;
    fail(&breaker, 2);
    for call in waiting {
        let ended = timeout(secs(1), call).await.expect("it is let go");
        let error = ended.expect("no panic").expect_err("turned away");
        let rejected = Rejected::find_in(error.as_ref()).expect("by the breaker");
        assert_eq!(rejected.retry_after(), Some(secs(5) + NANO));
    }
}

/// So is the very one whose patience was the last straw.
#[tokio::test(start_paused = true)]
async fn the_one_that_opened_it_waits_for_ever() {
    let breaker = breaker(config());
    let mut service = breaker
        .layer()
        .ready_within(secs(1))
        .layer(Stuck::default());
    fail(&breaker, 1);
    let began = Instant::now();
    let waited = timeout(secs(60), service.ready()).await;
    waited.expect("let go").expect("ready to turn away");
    assert_eq!(began.elapsed(), secs(1), "at once");
    assert_eq!(breaker.state(), State::Open);
    assert!(service.call(()).await.is_err());
}

/// Whoever waited has given up; the next one has not waited yet.
#[tokio::test(start_paused = true)]
async fn time_in_which_nobody_waited_counts() {
    let breaker = breaker(config());
    let stuck = Stuck::default();
    let mut service = breaker.layer().ready_within(secs(1)).layer(stuck.clone());
    assert!(timeout(millis(500), service.ready()).await.is_err());
    advance(secs(60)).await;
    assert!(timeout(millis(500), service.ready()).await.is_err());
    assert_eq!(breaker.view().failures, 0);
    assert!(timeout(millis(600), service.ready()).await.is_err());
    assert_eq!(breaker.view().failures, 1, "now it is a second");

    // Open in between: asked anew, it has its time anew.
    let mut service = breaker.layer().ready_within(secs(1)).layer(stuck);
    breaker.reset();
    assert!(timeout(millis(900), service.ready()).await.is_err());
    breaker.force_open();
    service.ready().await.expect("ready to turn away");
    breaker.reset();
    assert!(timeout(millis(900), service.ready()).await.is_err());
    assert_eq!(breaker.view().failures, 0);
}
