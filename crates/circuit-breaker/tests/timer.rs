//! With `Begins::Timer` it is told when the time is over, though nobody looks.

use std::num::NonZeroUsize;
use std::time::Duration;

use seaworthy_circuit_breaker::{
    AfterWait, Begins, BreakerEvent, CircuitBreaker, Control, HalfOpen, MaxWait, OpenFor, State,
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

/// Nobody calls, nobody looks, and a probe does not come back.
#[tokio::test(start_paused = true)]
async fn a_lost_probe_is_told_of_when_its_lease_is_over() {
    let mut half_open = half_open();
    half_open.lease = Some(3 * SECOND);
    let (breaker, mut events) = breaker(half_open);
    breaker.try_acquire().expect("closed").failure();
    for state in [State::Open, State::HalfOpen] {
        assert_eq!(next_state(&mut events).await, state);
    }
    let began = Instant::now();
    let _lost = breaker.try_acquire().expect("a probe");
    let overdue = events.recv().await.expect("the bus is there");
    assert_eq!(overdue.detail(), Some(&BreakerEvent::ProbeOverdue));
    assert_eq!(next_state(&mut events).await, State::Open);
    assert_eq!(began.elapsed(), 3 * SECOND);
}

/// An operator who opens it again and again leaves no tasks behind.
#[tokio::test(start_paused = true)]
async fn there_is_one_task_at_most() {
    let (breaker, _events) = breaker(half_open());
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    for _ in 0..100 {
        breaker.control(Control::Open).expect("it is allowed");
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    tokio::task::yield_now().await;
    assert_eq!(tasks(), 1);
    breaker.reset();
    drop(breaker);
    tokio::task::yield_now().await;
    assert_eq!(tasks(), 0);
}

/// What is open by now is told as well.
#[tokio::test(start_paused = true)]
async fn a_timer_that_was_configured_while_open() {
    let mut on_look = half_open();
    on_look.begins = Begins::OnLook;
    let (breaker, mut events) = breaker(on_look);
    breaker.try_acquire().expect("closed").failure();
    assert_eq!(next_state(&mut events).await, State::Open);
    let mut config = breaker.config();
    config.half_open.begins = Begins::Timer;
    let _ = breaker.reconfigure(config).expect("it is allowed");
    let told = events.recv().await.expect("the bus is there");
    assert!(matches!(
        told.detail(),
        Some(BreakerEvent::Reconfigured { .. })
    ));
    assert_eq!(next_state(&mut events).await, State::HalfOpen);
}
