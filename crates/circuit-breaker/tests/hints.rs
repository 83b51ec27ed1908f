//! What a breaker is told by its peers, and by itself before a restart.

use std::time::Duration;

use seaworthy_circuit_breaker::{Advice, CircuitBreaker, State};
use seaworthy_core::Cause;

fn breaker() -> CircuitBreaker {
    CircuitBreaker::builder("b").build().expect("it is allowed")
}

fn fail(breaker: &CircuitBreaker, times: usize) {
    for _ in 0..times {
        breaker.try_acquire().expect("closed").failure();
    }
}

const MINUTE: Duration = Duration::from_secs(60);

fn advice(open: u32, of: u32) -> Advice {
    Advice {
        open,
        of,
        valid_for: MINUTE,
    }
}

#[tokio::test(start_paused = true)]
async fn peers_make_it_suspicious_and_open_nothing() {
    let b = breaker();
    fail(&b, 4);
    b.advise(advice(9, 9));
    assert_eq!(b.state(), State::Closed, "not by advice alone");
    b.try_acquire().expect("closed").success();
    fail(&b, 2);
    assert_eq!(b.state(), State::Closed);
    fail(&b, 1);
    assert_eq!(
        b.view().cause,
        Some(Cause::ConsecutiveFailures(3)),
        "of five"
    );
}

#[tokio::test(start_paused = true)]
async fn advice_is_forgotten_in_time_and_may_say_nothing() {
    let b = breaker();
    b.advise(advice(1, 1));
    tokio::time::advance(MINUTE).await;
    fail(&b, 4);
    assert_eq!(b.state(), State::Closed);
    b.reset();
    b.advise(advice(7, 0));
    fail(&b, 4);
    assert_eq!(b.state(), State::Closed);
    fail(&b, 1);
    assert_eq!(b.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn fewer_calls_are_enough_for_the_rates() {
    let builder = CircuitBreaker::builder("b").consecutive_failures(None);
    let b = builder.build().expect("it is allowed");
    b.advise(advice(1, 2));
    fail(&b, 14);
    assert_eq!(b.state(), State::Closed);
    fail(&b, 1);
    let (failures, calls) = (15, 15);
    let cause = Cause::FailureRate { failures, calls };
    assert_eq!(b.view().cause, Some(cause), "15 of 20 calls are enough");
}

#[tokio::test(start_paused = true)]
async fn a_restart_of_the_program_does_not_run_into_a_service_that_is_down() {
    let before = breaker();
    fail(&before, 5);
    tokio::time::advance(Duration::from_secs(1)).await;
    let saved = before.save();
    let left = saved.open_for.expect("it is open");

    let after = breaker();
    after.restore(saved);
    let rejected = after.try_acquire().expect_err("still open");
    assert_eq!(rejected.cause(), Some(Cause::ConsecutiveFailures(5)));
    tokio::time::advance(left).await;
    assert!(after.try_acquire().is_err(), "not a moment before");
    tokio::time::advance(Duration::from_nanos(1)).await;
    after.try_acquire().expect("a probe").failure();
    assert_eq!(after.view().openings_in_a_row, 2, "it goes on counting");
}

#[tokio::test(start_paused = true)]
async fn what_is_restored_is_bounded_by_the_configuration() {
    let b = breaker();
    fail(&b, 5);
    let mut saved = b.save();
    saved.open_for = Some(Duration::MAX);
    b.restore(saved);
    let rejected = b.try_acquire().expect_err("open");
    let most = Duration::from_secs(60) + Duration::from_nanos(1);
    assert_eq!(rejected.retry_after(), Some(most));
}

#[tokio::test(start_paused = true)]
async fn orders_outlive_a_restart_and_evidence_does_not() {
    type Order = fn(&CircuitBreaker);
    let orders: [(Order, State); 4] = [
        (CircuitBreaker::force_open, State::ForcedOpen),
        (CircuitBreaker::disable, State::Disabled),
        (CircuitBreaker::metrics_only, State::MetricsOnly),
        (CircuitBreaker::reset, State::Closed),
    ];
    for (order, state) in orders {
        let (before, after) = (breaker(), breaker());
        order(&before);
        after.restore(before.save());
        assert_eq!(after.state(), state);
        assert_eq!(after.view().calls, 0);
    }
}
