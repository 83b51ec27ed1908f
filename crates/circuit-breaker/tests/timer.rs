//! With `Begins::Timer` it is told when the time is over, though nobody looks.

use std::num::NonZeroUsize;
use std::time::Duration;

use seaworthy_circuit_breaker::{
    AfterWait, Begins, BreakerEvent, CircuitBreaker, HalfOpen, MaxWait, OpenFor, State,
};
use seaworthy_core::event::Subscription;
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

fn half_open() -> HalfOpen {
    let mut half_open = HalfOpen::default();
    half_open.begins = Begins::Timer;
    half_open
}

fn breaker(half_open: HalfOpen) -> (CircuitBreaker, Subscription) {
    open_for(SECOND, half_open)
}

fn open_for(time: Duration, half_open: HalfOpen) -> (CircuitBreaker, Subscription) {
    let breaker = CircuitBreaker::builder("b")
        .consecutive_failures(1)
        .open_for(OpenFor::fixed(time))
        .half_open(half_open)
        .build()
        .expect("it is allowed");
    let events = breaker
        .events()
        .subscribe(NonZeroUsize::MIN.saturating_add(99));
    (breaker, events)
}

async fn next_state(events: &mut Subscription) -> State {
    let event = events.recv().await.expect("the bus is there");
    match event.detail() {
        Some(BreakerEvent::StateChanged { to, .. }) => *to,
        other => panic!("something else: {other:?}"),
    }
}

/// The end of the open time, and that of a trial without calls.
#[tokio::test(start_paused = true)]
async fn each_end_is_told_when_it_is_due() {
    let mut half_open = half_open();
    half_open.max_wait = Some(MaxWait {
        time: 2 * SECOND,
        then: AfterWait::Closed,
    });
    let (breaker, mut events) = breaker(half_open);
    let began = Instant::now();
    breaker.try_acquire().expect("closed").failure();
    for (state, elapsed) in [(State::Open, 0), (State::HalfOpen, 1), (State::Closed, 3)] {
        assert_eq!(next_state(&mut events).await, state);
        assert_eq!(began.elapsed(), elapsed * SECOND);
    }
}

/// The task keeps nothing alive, and one that comes too late does nothing.
#[tokio::test(start_paused = true)]
async fn the_task_of_an_earlier_opening_does_no_harm() {
    let (breaker, mut events) = breaker(half_open());
    breaker.try_acquire().expect("closed").failure();
    sleep(SECOND / 2).await;
    breaker.reset();
    breaker.try_acquire().expect("closed").failure();
    for state in [State::Open, State::Closed, State::Open] {
        assert_eq!(next_state(&mut events).await, state);
    }
    let began = Instant::now();
    assert_eq!(next_state(&mut events).await, State::HalfOpen);
    assert_eq!(began.elapsed(), SECOND, "of the second opening");
    breaker.force_open();
    drop(breaker);
    assert_eq!(next_state(&mut events).await, State::ForcedOpen);
    sleep(10 * SECOND).await;
    assert!(events.recv().await.is_none(), "nothing is left of it");
}

/// Without a runtime there is no task, and the clock is a real one; whoever looks finds that it has come about.
#[test]
fn without_a_runtime_time_passes_all_the_same() {
    let time = Duration::from_millis(20);
    let (breaker, _events) = open_for(time, half_open());
    let began = Instant::now();
    breaker.try_acquire().expect("closed").failure();
    while breaker.state() == State::Open {
        std::thread::yield_now();
    }
    assert_eq!(breaker.state(), State::HalfOpen);
    assert!(began.elapsed() >= time, "{:?}", began.elapsed());
    breaker.try_acquire().expect("it may be tried").success();
}
