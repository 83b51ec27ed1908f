//! A fallback that hangs does not take all there is, and keeps nobody waiting but its own call.

use std::future::{pending, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use seaworthy_core::BoxError;
use seaworthy_core::component::Registry;
use seaworthy_fallback::{BothFailed, Fallback, FallbackBuilder, Miss};
use tokio::sync::Semaphore;
use tower::limit::ConcurrencyLimit;
use tower::{Layer, Service, ServiceExt, service_fn};

fn builder() -> FallbackBuilder {
    Fallback::builder("f").registry(&Registry::new())
}

fn down() -> std::future::Ready<Result<u32, BoxError>> {
    ready(Err("down".into()))
}

fn is_pending<F: Future>(future: std::pin::Pin<&mut F>) -> bool {
    let mut cx = Context::from_waker(std::task::Waker::noop());
    future.poll(&mut cx).is_pending()
}

#[tokio::test]
async fn there_are_never_more_under_way_than_may_be() {
    let hangs = |_: Result<&u32, &BoxError>| pending::<Result<u32, BoxError>>();
    let fallback = builder()
        .async_function(hangs)
        .max_concurrent(2)
        .both_errors()
        .build()
        .unwrap();
    let mut hanging: Vec<_> = (0..2).map(|_| Box::pin(fallback.call(down()))).collect();
    for call in &mut hanging {
        assert!(is_pending(call.as_mut()));
    }
    assert_eq!(fallback.view().under_way, 2);
    let error = fallback.call(down()).await.unwrap_err();
    let error = error.downcast::<BothFailed<BoxError>>().unwrap();
    assert!(matches!(error.fallback, Miss::Busy { limit: 2 }));

    hanging.pop();
    assert_eq!(fallback.view().under_way, 1);
    let mut next = Box::pin(fallback.call(down()));
    assert!(is_pending(next.as_mut()));

    // Fewer from now on, and those who are in stay in.
    let mut config = fallback.config();
    config.max_concurrent = 1;
    fallback.reconfigure(&config).unwrap();
    hanging.clear();
    let mut third = Box::pin(fallback.call(down()));
    assert!(!is_pending(third.as_mut()), "there is no place for it");
    drop(next);
    assert_eq!(fallback.view().under_way, 0);
}

#[tokio::test]
async fn who_finds_no_place_is_answered_by_the_next_in_the_chain() {
    let hangs = service_fn(|(): ()| pending::<Result<u32, BoxError>>());
    let fallback = builder().backup("slow", hangs).value(5).max_concurrent(1);
    let fallback = fallback.build().unwrap();
    let mut hanging = Box::pin(fallback.call(down()));
    assert!(is_pending(hanging.as_mut()));
    assert_eq!(fallback.call(down()).await.unwrap(), 5);
}

/// What the direct competitor does wrong: it holds the one backup while it waits for its readiness.
#[tokio::test]
async fn a_backup_that_is_not_ready_for_one_call_is_for_another() {
    /// Takes a place in `poll_ready`, but for requests that are odd never finds one.
    #[derive(Clone)]
    struct Fussy {
        open: Arc<Semaphore>,
        place: bool,
    }
    impl Service<u32> for Fussy {
        type Response = u32;
        type Error = BoxError;
        type Future = std::future::Ready<Result<u32, BoxError>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            // Each clone is on its own.
            self.place = self.place || self.open.try_acquire().map(|it| it.forget()).is_ok();
            if self.place {
                Poll::Ready(Ok(()))
            } else {
                Poll::Pending
            }
        }
        fn call(&mut self, request: u32) -> Self::Future {
            assert!(
                std::mem::take(&mut self.place),
                "called without being ready"
            );
            ready(Ok(request + 100))
        }
    }
    let open = Arc::new(Semaphore::new(0));
    let backup = Fussy {
        open: Arc::clone(&open),
        place: false,
    };
    let fallback = builder().backup("fussy", backup).build().unwrap();
    let mut waits = Box::pin(fallback.call_for(&1, down()));
    assert!(is_pending(waits.as_mut()));
    // The first one still waits, and is not polled.
    open.add_permits(1);
    assert_eq!(fallback.call_for(&2, down()).await.unwrap(), 102);
    assert!(is_pending(waits.as_mut()));
    open.add_permits(1);
    assert_eq!(waits.await.unwrap(), 101);
}

#[tokio::test]
async fn a_backup_is_called_through_the_very_clone_that_was_ready() {
    let backup = service_fn(|request: u32| ready(Ok::<_, BoxError>(request + 1)));
    let backup = ConcurrencyLimit::new(backup, 1);
    let fallback = builder().backup("limited", backup).build().unwrap();
    let service = fallback.layer().layer(service_fn(|_: u32| down()));
    for _ in 0..3 {
        assert_eq!(service.clone().oneshot(1).await.unwrap(), 2);
    }
}

#[tokio::test]
async fn all_services_share_one_fallback() {
    let fallback = builder().value(1).build().unwrap();
    let layer = fallback.layer();
    for layer in [layer.clone(), layer, fallback.layer()] {
        let service = layer.layer(service_fn(|(): ()| down()));
        let call = tokio::spawn(service.clone().oneshot(()));
        assert_eq!(call.await.unwrap().unwrap(), 1);
    }
    assert_eq!(fallback.view().answers, 3);
}
