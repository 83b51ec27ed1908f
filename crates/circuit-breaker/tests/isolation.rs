//! Open for as long as somebody wants it.

use seaworthy_circuit_breaker::{CircuitBreaker, State};

#[tokio::test(start_paused = true)]
async fn it_is_open_until_the_last_one_is_gone() {
    let b = CircuitBreaker::builder("b").build().expect("it is allowed");
    (0..4).for_each(|_| b.try_acquire().expect("closed").failure());
    let (first, second) = (b.isolate(), b.isolate());
    assert_eq!(b.state(), State::ForcedOpen);
    drop(first);
    tokio::time::advance(std::time::Duration::from_secs(3600)).await;
    assert!(b.try_acquire().is_err());
    drop(second);
    b.try_acquire().expect("closed").failure();
    assert_eq!(b.view().consecutive_failures, 1, "without evidence");
}

#[tokio::test(start_paused = true)]
async fn an_order_of_before_or_since_is_not_undone() {
    let b = CircuitBreaker::builder("b").build().expect("it is allowed");
    b.force_open();
    drop(b.isolate());
    assert_eq!(b.state(), State::ForcedOpen, "of before");
    b.reset();
    let isolation = b.isolate();
    b.force_open();
    drop(isolation);
    assert_eq!(b.state(), State::ForcedOpen, "of since");
    b.disable();
    drop(b.isolate());
    assert_eq!(b.state(), State::Disabled, "as before");
}
