//! A throttle in front of tower services.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::time::Duration;

use seaworthy_bulkhead::Throttle;
use seaworthy_core::{BoxError, Reason, Rejected, Verdict};
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::{send, throttle};

fn is_throttled(error: &BoxError) -> bool {
    let rejected = Rejected::find_in(error.as_ref());
    rejected.is_some_and(|rejected| rejected.reason() == Reason::Throttled)
}

/// It holds back nine calls in ten.
fn throttling() -> Throttle {
    let throttle = throttle();
    send(&throttle, 10_000, |_| true);
    throttle
}

/// A service that is never ready, and counts who asks.
#[derive(Clone, Default)]
struct Busy {
    asked: Arc<AtomicU32>,
}

impl Service<()> for Busy {
    type Response = ();
    type Error = BoxError;
    type Future = std::future::Ready<Result<(), BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.asked.fetch_add(1, SeqCst);
        Poll::Pending
    }

    fn call(&mut self, (): ()) -> Self::Future {
        panic!("it was not ready")
    }
}

/// One that does not let anybody in who does not have to wait.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_held_back_does_not_wait_for_the_service() {
    let throttle = throttling();
    let (layer, busy) = (throttle.layer(), Busy::default());
    let cx = &mut Context::from_waker(std::task::Waker::noop());
    let mut held_back = 0;
    for _ in 0..1000 {
        let asked = busy.asked.load(SeqCst);
        let mut service = layer.layer(busy.clone());
        let is_ready = service.poll_ready(cx).is_ready();
        let was_asked = busy.asked.load(SeqCst) > asked;
        assert_eq!(is_ready, !was_asked, "either it waits or it is held back");
        if is_ready {
            held_back += 1;
            // As often as anybody asks: it is not decided again.
            assert!(service.poll_ready(cx).is_ready());
            let error = service.call(()).await.expect_err("held back");
            assert!(is_throttled(&error));
        }
    }
    assert!((850..950).contains(&held_back), "{held_back}");
}

/// It was to be held back, and nobody called; when somebody does, all is well.
#[tokio::test(start_paused = true)]
async fn a_decision_is_forgotten_when_it_is_over() {
    let throttle = throttling();
    let inner = service_fn(|(): ()| async { Ok::<_, BoxError>(()) });
    let mut services: Vec<_> = (0..20).map(|_| throttle.layer().layer(inner)).collect();
    for service in &mut services {
        service.ready().await.expect("ready, or held back");
    }
    tokio::time::advance(Duration::from_secs(200)).await;
    for service in &mut services {
        let call = service.ready().await.expect("ready").call(());
        call.await.expect("not held back");
    }
    assert_eq!(throttle.view().requests, 20);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_was_not_asked_is_not_called() {
    let throttle = throttle();
    let inner = service_fn(|(): ()| async { Ok::<_, BoxError>(()) });
    let mut service = throttle.layer().layer(inner);
    service.ready().await.expect("ready");
    let error = service.clone().call(()).await.expect_err("a clone is not");
    assert!(is_throttled(&error));
    service.call(()).await.expect("it was");
    let error = service.call(()).await.expect_err("for one call");
    assert!(is_throttled(&error));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_cannot_fail_responds() {
    let throttle = throttling();
    let layer = throttle.layer().respond(|rejected| rejected.to_string());
    let inner = service_fn(|(): ()| async { Ok::<_, Infallible>("sent".to_owned()) });
    let service = layer.layer(inner);
    let mut answers = [0, 0];
    for _ in 0..100 {
        match service.clone().oneshot(()).await.as_deref() {
            Ok("sent") => answers[0] += 1,
            Ok("`t`: throttled") => answers[1] += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(answers[0] > 0 && answers[1] > 70, "{answers:?}");
}

/// It turns calls away by not getting ready; other errors of that kind are not those of a call.
#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_get_ready() {
    #[derive(Clone)]
    struct Refusing(bool);

    impl Service<()> for Refusing {
        type Response = ();
        type Error = BoxError;
        type Future = std::future::Ready<Result<(), BoxError>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            let full = Rejected::new(Reason::BulkheadFull, "pool").into();
            Poll::Ready(Err(if self.0 { full } else { "broken".into() }))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            panic!("it was not ready")
        }
    }

    let throttle = throttle();
    let layer = throttle.layer();
    assert!(layer.layer(Refusing(false)).ready().await.is_err());
    assert_eq!(throttle.view().requests, 0);
    assert!(layer.layer(Refusing(true)).ready().await.is_err());
    let view = throttle.view();
    assert_eq!((view.requests, view.accepts), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn services_share_the_throttle_of_their_layers() {
    let throttle = throttle();
    let judged = |outcome: Result<&u32, &BoxError>| match outcome {
        Ok(429) => Verdict::Overload,
        _ => Verdict::Success,
    };
    let layer = throttle.layer().classify(judged);
    for status in [200, 429, 500] {
        let inner = service_fn(move |(): ()| async move { Ok::<_, BoxError>(status) });
        layer.layer(inner).oneshot(()).await.expect("it is sent");
    }
    let view = throttle.view();
    assert_eq!((view.requests, view.accepts), (3, 2));
}

#[cfg(feature = "http")]
#[tokio::test(start_paused = true)]
async fn by_http_status() {
    use seaworthy_bulkhead::HttpOverload;

    let throttle = throttle();
    let layer = throttle.layer().classify(HttpOverload);
    for status in [200, 429, 500, 503] {
        let response = http::Response::builder().status(status).body(());
        let response = std::future::ready(response.map_err(BoxError::from));
        let mut response = Some(response);
        let inner = service_fn(move |(): ()| response.take().expect("one call"));
        layer.layer(inner).oneshot(()).await.expect("it is sent");
    }
    let view = throttle.view();
    assert_eq!((view.requests, view.accepts), (4, 2));
}
