//! Orders that undo themselves, or do half of what they say.

use seaworthy_circuit_breaker::{Begins, Control};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_reset_that_keeps_evidence() {
    let breaker = breaker(by_rate(Window::Calls(10), 10, 0.5));
    fail(&breaker, 9);
    breaker.reset();
    assert_eq!(breaker.view().calls, 0);
    fail(&breaker, 9);
    assert_eq!(breaker.state(), State::Closed);
    breaker.control(Control::Close).expect("it is an order");
    assert_eq!(breaker.view().failures, 0, "closing begins anew as well");
}

#[tokio::test(start_paused = true)]
async fn a_forced_opening_that_undoes_itself() {
    for begins in [Begins::OnCall, Begins::OnLook, Begins::Timer] {
        let mut config = config();
        config.half_open.begins = begins;
        let breaker = breaker(config);
        breaker.force_open();
        for _ in 0..3 {
            advance(secs(3600)).await;
            tokio::task::yield_now().await;
            let rejected = rejected(&breaker);
            assert_eq!(rejected.cause(), Some(Cause::Forced));
            assert_eq!(rejected.retry_after(), None, "nobody knows");
            assert_eq!(breaker.state(), State::ForcedOpen);
        }
        breaker.control(Control::Close).expect("it is an order");
        succeed(&breaker, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_disabled_breaker_that_opens() {
    let breaker = breaker(config());
    let early = admitted(&breaker);
    breaker.disable();
    fail(&breaker, 100);
    early.failure();
    assert_eq!(breaker.state(), State::Disabled);
    let late = admitted(&breaker);
    breaker.reset();
    late.failure();
    assert_eq!(
        breaker.view().consecutive_failures,
        0,
        "that is of another time"
    );
}

#[tokio::test(start_paused = true)]
async fn a_shadow_that_turns_calls_away() {
    let breaker = breaker(config());
    breaker.metrics_only();
    fail(&breaker, 100);
    assert_eq!(breaker.state(), State::MetricsOnly);
    assert_eq!(breaker.view().consecutive_failures, 100);
    assert_eq!(breaker.rejections(), 0);
}

/// With a dashboard as the only visitor, as with a probe of readiness that takes the traffic away.
#[tokio::test(start_paused = true)]
async fn an_open_state_that_looking_never_ends() {
    for begins in [Begins::OnLook, Begins::Timer] {
        let mut config = config();
        config.half_open.begins = begins;
        let breaker = breaker(config);
        fail(&breaker, 2);
        advance(secs(5)).await;
        advance(NANO).await;
        assert_eq!(breaker.state(), State::HalfOpen);
    }
}

/// Nobody looks, and it is told all the same.
#[tokio::test(start_paused = true)]
async fn an_open_state_that_ends_only_when_somebody_looks() {
    let mut config = config();
    config.half_open.begins = Begins::Timer;
    let breaker = breaker(config);
    let mut events = breaker.events().subscribe(8.try_into().expect("not 0"));
    fail(&breaker, 2);
    let began = tokio::time::Instant::now();
    assert_eq!(events.recv().await.expect("told").name(), "breaker_opened");
    assert_eq!(
        events.recv().await.expect("told").name(),
        "breaker_half_open"
    );
    let took = began.elapsed();
    assert!(took >= secs(5) && took < secs(5) + millis(10), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_state_that_has_nothing_to_recover_from() {
    let breaker = breaker(config());
    let illegal = breaker
        .control(Control::HalfOpen)
        .expect_err("it is closed");
    assert_eq!(illegal.from, State::Closed);
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn an_order_for_which_the_service_is_blamed() {
    let registry = Registry::new();
    let builder = CircuitBreaker::builder("b").config(config());
    let breaker = builder.registry(&registry).build().expect("it is allowed");
    let shown = || registry.snapshot()[0].to_string();
    fail(&breaker, 2);
    assert!(shown().contains("2 failures in a row"), "{}", shown());
    breaker.force_open();
    assert_eq!(cause(&breaker), Cause::Forced);
    assert!(!shown().contains("2 failures in a row"), "{}", shown());
    assert!(shown().contains(&Cause::Forced.to_string()), "{}", shown());
}
