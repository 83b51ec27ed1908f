//! State that is not shared though it should be, and calls on a service that was not ready.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};

use seaworthy_core::BoxError;
use tower::{Layer, Service, ServiceExt, service_fn};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_state_for_each_time_a_layer_is_applied() {
    let breaker = breaker(config());
    let failing = || service_fn(|_: u8| async { Err::<(), BoxError>("down".into()) });
    let other_type = service_fn(|_: String| async { Ok::<_, Rejected>(1) });
    let layer = breaker.layer();
    let (one, other) = (layer.layer(failing()), layer.clone().layer(failing()));
    let third = breaker.layer().layer(other_type);
    assert!(one.oneshot(1).await.is_err());
    assert!(other.oneshot(1).await.is_err());
    assert_eq!(breaker.state(), State::Open);
    let rejected = third.clone().oneshot(String::new()).await;
    assert_eq!(
        rejected.expect_err("open for all").component().to_string(),
        "b"
    );
    advance(secs(5) + NANO).await;
    assert_eq!(third.oneshot(String::new()).await, Ok(1));
    assert_eq!(breaker.state(), State::Closed);
}

/// Ready for one call of one instance, as the contract of tower has it; panics if it is called without.
struct Strict {
    ready: bool,
    calls: Arc<AtomicUsize>,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self {
            ready: false,
            calls: Arc::clone(&self.calls),
        }
    }
}

impl Service<()> for Strict {
    type Response = ();
    type Error = BoxError;
    type Future = std::future::Ready<Result<(), BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if !self.ready {
            // Not at once.
            self.ready = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "it was not ready");
        self.calls.fetch_add(1, SeqCst);
        std::future::ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_fresh_clone_that_is_called_instead_of_the_one_that_was_ready() {
    for waits in [false, true] {
        let breaker = breaker(config());
        let calls = Arc::new(AtomicUsize::new(0));
        let strict = Strict {
            ready: false,
            calls: Arc::clone(&calls),
        };
        let layer = breaker.layer();
        let layer = if waits {
            layer.not_ready_while_open()
        } else {
            layer
        };
        let mut service = layer.layer(strict);
        let ready = service.ready().await.expect("well");
        let clones: Vec<_> = (0..3).map(|_| ready.clone()).collect();
        ready.call(()).await.expect("it was ready");
        for mut clone in clones {
            // That the other one was ready says nothing about this one.
            assert!(clone.call(()).await.is_err());
            // Ready twice, and called once.
            clone.ready().await.expect("well");
            clone
                .ready()
                .await
                .expect("well")
                .call(())
                .await
                .expect("it was ready");
            // Called without being ready: turned away, and the service behind it is not called.
            assert!(clone.call(()).await.is_err());
        }
        until_it_may_be_tried(&breaker).await;
        service
            .ready()
            .await
            .expect("well")
            .call(())
            .await
            .expect("a probe");
        assert_eq!(calls.load(SeqCst), 5);
    }
}

/// It was open when it was asked, and no longer when it is called: the service behind it has not been asked.
#[tokio::test(start_paused = true)]
async fn a_call_on_a_service_that_was_never_asked_whether_it_is_ready() {
    let breaker = breaker(config());
    let strict = Strict {
        ready: false,
        calls: Arc::default(),
    };
    let mut service = breaker.layer().layer(strict);
    fail(&breaker, 2);
    let ready = service.ready().await.expect("ready to turn away");
    advance(secs(5) + NANO).await;
    let before = breaker.rejections();
    let error = ready.call(()).await.expect_err("the service was not asked");
    assert!(Rejected::find_in(error.as_ref()).is_some());
    assert_eq!(breaker.rejections(), before + 1);
    assert_eq!(breaker.view().probes, 0);
    breaker.reset();
    service
        .ready()
        .await
        .expect("well")
        .call(())
        .await
        .expect("now it was");
}

/// An open breaker does not keep anybody waiting for a service that is not ready.
#[tokio::test(start_paused = true)]
async fn a_rejection_that_waits_for_the_service_behind_it() {
    struct Never;
    impl Service<()> for Never {
        type Response = ();
        type Error = BoxError;
        type Future = std::future::Ready<Result<(), BoxError>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Pending
        }

        fn call(&mut self, (): ()) -> Self::Future {
            unreachable!("it is never ready")
        }
    }
    let breaker = breaker(config());
    let mut service = breaker.layer().layer(Never);
    breaker.force_open();
    let call = async { service.ready().await.expect("at once").call(()).await };
    let rejected = tokio::time::timeout(NANO, call).await.expect("at once");
    assert!(rejected.is_err());
}
