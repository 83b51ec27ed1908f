//! A service that fails to get ready fails, whether it says so or hangs.

use std::task::{Context, Poll};
use std::time::Duration;

use seaworthy_circuit_breaker::{CircuitBreaker, CircuitBreakerService, State};
use seaworthy_core::BoxError;
use tokio::time::timeout;
use tower::{Layer, Service, ServiceExt};

/// What it says when it is asked whether it is ready.
#[derive(Clone, Copy)]
struct Inner(Poll<Result<(), &'static str>>);

impl Service<()> for Inner {
    type Response = ();
    type Error = BoxError;
    type Future = std::future::Ready<Result<(), BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.map_err(BoxError::from)
    }

    fn call(&mut self, (): ()) -> Self::Future {
        std::future::ready(Ok(()))
    }
}

const SECOND: Duration = Duration::from_secs(1);

fn service(inner: Inner) -> (CircuitBreaker, CircuitBreakerService<Inner>) {
    let breaker = CircuitBreaker::builder("b").build().expect("it is allowed");
    let service = breaker.layer().ready_within(SECOND).layer(inner);
    (breaker, service)
}

#[tokio::test(start_paused = true)]
async fn an_error_of_readiness_is_a_failure() {
    let (breaker, mut service) = service(Inner(Poll::Ready(Err("no connection"))));
    for failures in 1..=5 {
        assert!(service.ready().await.is_err());
        assert_eq!(breaker.view().failures, failures);
    }
    assert_eq!(breaker.state(), State::Open);
    service.ready().await.expect("ready to turn away");
    assert!(service.call(()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_has_failed_once_and_is_waited_for_all_the_same() {
    let (breaker, mut service) = service(Inner(Poll::Pending));
    for (wait, failures) in [(1.5, 1), (5.0, 1)] {
        let waited = timeout(Duration::from_secs_f64(wait), service.ready()).await;
        assert!(waited.is_err());
        assert_eq!(breaker.view().failures, failures);
    }
    // The next time that it hangs is another failure.
    service.get_mut().0 = Poll::Ready(Ok(()));
    service
        .ready()
        .await
        .expect("ready")
        .call(())
        .await
        .expect("well");
    service.get_mut().0 = Poll::Pending;
    assert!(timeout(2 * SECOND, service.ready()).await.is_err());
    assert_eq!(breaker.view().failures, 2);
    // Not long enough.
    let mut clone = service.clone();
    assert!(timeout(SECOND / 2, clone.ready()).await.is_err());
    assert_eq!(breaker.view().failures, 2);
}
