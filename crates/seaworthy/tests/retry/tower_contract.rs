//! Readiness: who is asked, who is called.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};

use seaworthy::core::{BoxError, Reason, panic};
use seaworthy::retry::GivenUp;
use tower::{Layer, Service, ServiceExt};

use crate::{retry, turned_away};

/// Of which only an instance that was ready may be called. Turns each call away.
struct Strict {
    is_ready: bool,
    calls: Arc<AtomicU32>,
    is_worn_out: Arc<AtomicBool>,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self {
            is_ready: false,
            calls: Arc::clone(&self.calls),
            is_worn_out: Arc::clone(&self.is_worn_out),
        }
    }
}

impl Service<()> for Strict {
    type Response = ();
    type Error = BoxError;
    type Future = std::future::Ready<Result<(), BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if self.is_worn_out.load(SeqCst) {
            return Poll::Ready(Err("worn out".into()));
        }
        // Never at once.
        if !std::mem::replace(&mut self.is_ready, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        assert!(std::mem::take(&mut self.is_ready), "it was not ready");
        self.calls.fetch_add(1, SeqCst);
        std::future::ready(Err(turned_away(Reason::QueueFull).into()))
    }
}

fn strict() -> Strict {
    Strict {
        is_ready: false,
        calls: Arc::default(),
        is_worn_out: Arc::default(),
    }
}

#[tokio::test(start_paused = true)]
async fn each_attempt_is_made_by_an_instance_that_was_ready() {
    let (retry, strict) = (retry(3), strict());
    let mut service = retry.layer().layer(strict.clone());
    for calls in [3, 6] {
        service.ready().await.unwrap();
        let idle = service.clone();
        service.call(()).await.unwrap_err();
        drop(idle);
        assert_eq!(strict.calls.load(SeqCst), calls);
    }
}

#[tokio::test(start_paused = true)]
async fn not_to_get_ready_is_an_attempt_that_was_not_executed() {
    let (retry, strict) = (retry(3), strict());
    let mut service = retry.layer().layer(strict.clone());
    let call = service.ready().await.unwrap().call(());
    strict.is_worn_out.store(true, SeqCst);
    let error = call.await.unwrap_err();
    assert_eq!(error.to_string(), "worn out");
    assert_eq!(strict.calls.load(SeqCst), 1, "it was not called again");
    let view = retry.view();
    assert_eq!((view.retries, view.budget), (2, Some(8.0)));
    assert_eq!(view.given_up(GivenUp::Attempts), 1);
}

/// Each call of it opens a connection; one that was broken stays so, and others do not know.
#[tokio::test(start_paused = true)]
async fn an_instance_that_will_never_be_ready_is_replaced() {
    #[derive(Debug)]
    struct Connection {
        is_broken: bool,
        clones: Arc<AtomicU32>,
    }

    impl Clone for Connection {
        fn clone(&self) -> Self {
            Self {
                // The first that another attempt gets.
                is_broken: self.clones.fetch_add(1, SeqCst) == 1,
                clones: Arc::clone(&self.clones),
            }
        }
    }

    impl Service<()> for Connection {
        type Response = u32;
        type Error = BoxError;
        type Future = std::future::Ready<Result<u32, BoxError>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Ready(if self.is_broken {
                Err("broken".into())
            } else {
                Ok(())
            })
        }

        fn call(&mut self, (): ()) -> Self::Future {
            std::future::ready(match self.clones.load(SeqCst) {
                1 => Err(turned_away(Reason::QueueFull).into()),
                clones => Ok(clones),
            })
        }
    }

    let retry = retry(3);
    let connection = Connection {
        is_broken: false,
        clones: Arc::default(),
    };
    let service = retry.layer().layer(connection);
    assert_eq!(service.oneshot(()).await.unwrap(), 3);
    assert_eq!(retry.view().retries, 2);
}

/// A call that is over makes no other attempt, whoever polls it.
#[tokio::test(start_paused = true)]
async fn what_is_over_is_not_tried_again() {
    let (retry, strict) = (retry(2), strict());
    let mut service = retry.layer().layer(strict.clone());
    let mut call = Box::pin(service.ready().await.unwrap().call(()));
    strict.is_worn_out.store(true, SeqCst);
    call.as_mut().await.unwrap_err();
    strict.is_worn_out.store(false, SeqCst);
    for _ in 0..3 {
        let mut cx = Context::from_waker(Waker::noop());
        let polled = panic::catch(|| call.as_mut().poll(&mut cx));
        assert!(polled.is_err(), "polled again: {polled:?}");
    }
    assert_eq!(strict.calls.load(SeqCst), 1);
    assert_eq!(retry.view().retries, 1);
}
