//! What counts as evidence though it is none, and what does not though it is.

use std::panic::AssertUnwindSafe;

use seaworthy_circuit_breaker::{Cancelled, Overload, Panicked, SlowCalls};
use seaworthy_core::{BoxError, Reason, Verdict};
use tokio::time::{sleep, timeout};
use tower::{Layer, ServiceExt, service_fn};

use super::*;

fn with_slow_calls(cancelled: Cancelled) -> Config {
    let mut config = config();
    let (longer_than, rate) = (secs(1), 1.0);
    config.slow_calls = Some(SlowCalls { longer_than, rate });
    config.cancelled = cancelled;
    config
}

/// A call that hangs until somebody outside loses patience.
async fn cut_off(breaker: &CircuitBreaker, after: Duration) {
    let call = breaker.call(async {
        sleep(secs(3600)).await;
        Ok::<(), Rejected>(())
    });
    assert!(timeout(after, call).await.is_err());
}

/// By default nothing is slow, and with the limit outside a service that hangs is never found out. The limit inside is
/// what helps best.
#[tokio::test(start_paused = true)]
async fn a_time_limit_outside_with_the_defaults() {
    let outside = breaker(Config::default());
    for _ in 0..100 {
        cut_off(&outside, secs(60)).await;
    }
    assert_eq!((outside.state(), outside.view().calls), (State::Closed, 0));
    // Nor do probes say anything: they are over before their leases.
    fail(&outside, 5);
    advance(secs(60)).await;
    for _ in 0..100 {
        cut_off(&outside, secs(9)).await;
    }
    let view = outside.view();
    assert_eq!((view.state, view.openings_in_a_row), (State::HalfOpen, 1));

    let inside = breaker(Config::default());
    for _ in 0..5 {
        let call = inside.call(async {
            timeout(secs(2), sleep(secs(3600))).await?;
            Ok::<(), BoxError>(())
        });
        assert!(call.await.is_err());
    }
    assert_eq!(inside.state(), State::Open);
}

/// If it has to be outside, `slow_calls` is what helps, for probes as well.
#[tokio::test(start_paused = true)]
async fn a_time_limit_outside_that_is_never_seen() {
    let breaker = breaker(with_slow_calls(Cancelled::SlowIsFailure));
    cut_off(&breaker, secs(2)).await;
    assert_eq!((breaker.view().failures, breaker.view().slow), (1, 1));
    cut_off(&breaker, secs(2)).await;
    assert_eq!(breaker.state(), State::Open);
    advance(secs(5) + NANO).await;
    cut_off(&breaker, secs(2)).await;
    assert_eq!(cause(&breaker), Cause::ProbeFailed);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_early_counts_as_a_failure() {
    let breaker = breaker(with_slow_calls(Cancelled::SlowIsFailure));
    for _ in 0..10 {
        cut_off(&breaker, millis(999)).await;
    }
    assert_eq!(breaker.view().calls, 0);
    let breaker = super::breaker(with_slow_calls(Cancelled::Ignored));
    for _ in 0..10 {
        cut_off(&breaker, secs(60)).await;
    }
    assert_eq!(breaker.view().calls, 0);
    let breaker = super::breaker(with_slow_calls(Cancelled::Failure));
    cut_off(&breaker, millis(1)).await;
    assert_eq!((breaker.view().failures, breaker.view().slow), (1, 0));
}

/// Cancelled at once, it never reached the service: it closes nothing.
#[tokio::test(start_paused = true)]
async fn a_cancelled_probe_counts_as_a_success() {
    let breaker = breaker(config());
    until_it_may_be_tried(&breaker).await;
    drop(breaker.call(async { Ok::<(), Rejected>(()) }));
    drop(admitted(&breaker));
    assert_eq!(breaker.state(), State::HalfOpen);
}

fn panics(breaker: &CircuitBreaker) {
    let service = breaker.layer().layer(service_fn(|(): ()| async {
        if true {
            panic!("on purpose");
        }
        Ok::<(), BoxError>(())
    }));
    let mut call = Box::pin(service.oneshot(()));
    let waker = std::task::Waker::noop();
    let mut context = std::task::Context::from_waker(waker);
    let polled = std::panic::catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(&mut context)));
    assert!(polled.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_panic_that_takes_a_permit_along() {
    let breaker = breaker(config());
    panics(&breaker);
    panics(&breaker);
    assert_eq!(breaker.state(), State::Open);
    for _ in 0..3 {
        until_it_may_be_tried(&breaker).await;
        panics(&breaker);
        assert_eq!(cause(&breaker), Cause::ProbeFailed);
    }
    let mut config = config();
    config.panicked = Panicked::Ignored;
    let breaker = super::breaker(config);
    panics(&breaker);
    assert_eq!(breaker.view().calls, 0);
    until_it_may_be_tried(&breaker).await;
    panics(&breaker);
    assert_eq!(
        (breaker.state(), breaker.view().probes),
        (State::HalfOpen, 0)
    );
}

/// An inner breaker turns calls away: the outer one learns nothing from that.
#[tokio::test(start_paused = true)]
async fn own_rejections_as_evidence() {
    let (outer, inner) = (breaker(config()), breaker(config()));
    inner.force_open();
    for _ in 0..100 {
        let call = outer.call(inner.call(async { Ok::<(), BoxError>(()) }));
        let error = call.await.expect_err("the inner one is open");
        assert!(Rejected::find_in(error.as_ref()).is_some());
    }
    assert_eq!((outer.state(), outer.view().calls), (State::Closed, 0));
    // One that may have been executed is a failure like any other.
    for _ in 0..2 {
        let timed_out = Rejected::new(Reason::TimedOut, "service");
        let call = outer.call(async { Err::<(), BoxError>(timed_out.into()) });
        assert!(call.await.is_err());
    }
    assert_eq!(outer.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_rejection_that_looks_like_an_error_of_the_service() {
    let breaker = breaker(config());
    breaker.force_open();
    let error = breaker.call(async { Ok::<(), BoxError>(()) }).await;
    let error = error.expect_err("it is open");
    let rejected = Rejected::find_in(error.as_ref()).expect("it is one");
    assert_eq!(rejected.reason(), Reason::CircuitOpen);
    assert_eq!(rejected.executed(), seaworthy_core::Executed::No);
}

#[tokio::test(start_paused = true)]
async fn overload_that_is_no_failure_of_a_probe() {
    let mut config = config();
    config.overload = Overload::FailsProbes;
    let breaker = breaker(config);
    (0..10).for_each(|_| admitted(&breaker).record(Verdict::Overload));
    assert_eq!(breaker.view().calls, 0);
    until_it_may_be_tried(&breaker).await;
    admitted(&breaker).record(Verdict::Overload);
    assert_eq!(cause(&breaker), Cause::ProbeFailed);
}

/// All calls answer well, and none in time: the share of slow calls opens it.
#[tokio::test(start_paused = true)]
async fn latency_that_is_never_seen() {
    let mut config = with_slow_calls(Cancelled::Ignored);
    (config.window, config.minimum_calls) = (Window::Calls(10), 4);
    let breaker = breaker(config);
    for _ in 0..4 {
        let call = breaker.call(async {
            sleep(secs(2)).await;
            Ok::<(), Rejected>(())
        });
        call.await.expect("it is let in");
    }
    let (slow, calls) = (4, 4);
    assert_eq!(cause(&breaker), Cause::SlowRate { slow, calls });
}

/// A thousand successes without a lock, and every one of them counts.
#[test]
fn evidence_that_gets_lost_between_threads() {
    let breaker = breaker(by_rate(Window::Calls(10_000), 1, 1.0));
    succeed(&breaker, 1);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                succeed(&breaker, 500);
                fail(&breaker, 1);
                succeed(&breaker, 500);
            });
        }
    });
    assert_eq!((breaker.view().calls, breaker.view().failures), (8009, 8));
}
