//! Places that are taken in `poll_ready`, for calls that come later or never.

use std::task::{Context, Poll};

use seaworthy_circuit_breaker::{Cancelled, CircuitBreakerService, SlowCalls};
use seaworthy_core::BoxError;
use tower::{Layer, Service, ServiceExt};

use super::*;

/// Answers at once, or when it is told to.
#[derive(Clone, Default)]
struct Prompt;

impl Service<()> for Prompt {
    type Response = ();
    type Error = BoxError;
    type Future = std::future::Ready<Result<(), BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        std::future::ready(Ok(()))
    }
}

fn waiting(breaker: &CircuitBreaker) -> CircuitBreakerService<Prompt> {
    breaker.layer().not_ready_while_open().layer(Prompt)
}

/// A balancer holds the endpoint ready and sends it nothing for longer than a probe may take.
#[tokio::test(start_paused = true)]
async fn a_probe_that_was_never_sent_fails() {
    let breaker = breaker(config());
    let mut service = waiting(&breaker);
    until_it_may_be_tried(&breaker).await;
    service.ready().await.expect("it may be tried");
    assert_eq!(
        (breaker.state(), breaker.view().probes),
        (State::HalfOpen, 1)
    );
    advance(secs(60)).await;
    assert_eq!(breaker.state(), State::HalfOpen, "nothing has failed");
    assert_eq!(breaker.view().probes, 0, "its place is free for others");
    let elsewhere = admitted(&breaker);
    // The call that comes at last gets no place beside the one that has it by now.
    assert!(service.call(()).await.is_err());
    elsewhere.success();
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn the_lease_of_a_probe_begins_before_it_is_sent() {
    let breaker = breaker(config());
    let mut service = waiting(&breaker);
    until_it_may_be_tried(&breaker).await;
    service.ready().await.expect("it may be tried");
    advance(secs(9)).await;
    let probe = service.call(());
    advance(secs(9)).await;
    assert_eq!(breaker.view().probes, 1, "half of its time is left");
    probe.await.expect("well");
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_place_from_before_it_opened_lets_a_call_through() {
    let breaker = breaker(config());
    let mut service = waiting(&breaker);
    service.ready().await.expect("closed");
    breaker.force_open();
    assert!(service.call(()).await.is_err());
    assert_eq!(breaker.rejections(), 1);
    // As a probe among others it counts as one of them.
    breaker.reset();
    service.ready().await.expect("closed");
    until_it_may_be_tried(&breaker).await;
    service.call(()).await.expect("it is let in as a probe");
    assert_eq!(breaker.state(), State::Closed);
}

/// Ready for a minute before it is called, and quick when it is.
#[tokio::test(start_paused = true)]
async fn the_time_for_which_it_was_ready_counts_as_slow() {
    for threshold in [millis(5), secs(2)] {
        let mut config = config();
        config.minimum_calls = 1;
        config.cancelled = Cancelled::Ignored;
        config.slow_calls = Some(SlowCalls {
            longer_than: threshold,
            rate: 1.0,
        });
        let breaker = breaker(config);
        let mut service = waiting(&breaker);
        service.ready().await.expect("closed");
        advance(secs(60)).await;
        service.call(()).await.expect("well");
        assert_eq!((breaker.view().calls, breaker.view().slow), (1, 0));
        // Exactly, for short times and for long ones.
        for (took, slow) in [(threshold, 0), (threshold + NANO, 1)] {
            let permit = admitted(&breaker);
            advance(took).await;
            permit.success();
            assert_eq!(breaker.view().slow, slow, "{took:?}");
        }
    }
}
