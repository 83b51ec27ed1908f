//! Events that come under a lock, out of order, or too early.

use std::sync::{Arc, Mutex};

use seaworthy_circuit_breaker::BreakerEvent;
use seaworthy_core::event::Event;

use super::*;

fn turn(event: &Event) -> Option<(State, State)> {
    match event.detail::<BreakerEvent>()? {
        BreakerEvent::StateChanged { from, to, .. } => Some((*from, *to)),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_sees_the_state_of_before() {
    let breaker = breaker(config());
    let (seen, handle) = (Arc::new(Mutex::new(Vec::new())), breaker.clone());
    let noted = Arc::clone(&seen);
    let observer = breaker.events().observe(move |event| {
        let (_, to) = turn(event).expect("nothing else happens here");
        noted
            .lock()
            .expect("well")
            .push((to, handle.state(), handle.view().calls));
    });
    until_it_may_be_tried(&breaker).await;
    succeed(&breaker, 1);
    assert_eq!(
        *seen.lock().expect("well"),
        [
            (State::Open, State::Open, 2),
            (State::HalfOpen, State::HalfOpen, 2),
            (State::Closed, State::Closed, 0),
        ]
    );
    drop(observer);
}

/// What it sets off is told after what it was told, and nothing deadlocks.
#[tokio::test(start_paused = true)]
async fn a_listener_that_calls_back_and_deadlocks() {
    let breaker = breaker(config());
    let (seen, handle) = (Arc::new(Mutex::new(Vec::new())), breaker.clone());
    let noted = Arc::clone(&seen);
    let observer = breaker.events().observe(move |event| {
        let (_, to) = turn(event).expect("nothing else happens here");
        if to == State::Open {
            handle.force_open();
            assert!(handle.try_acquire().is_err());
            handle.reset();
            handle.try_acquire().expect("closed again").failure();
        }
        noted.lock().expect("well").push(to);
    });
    fail(&breaker, 2);
    assert_eq!(
        *seen.lock().expect("well"),
        [State::Open, State::ForcedOpen, State::Closed]
    );
    assert_eq!(breaker.view().consecutive_failures, 1);
    drop(observer);
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_panics_and_takes_the_breaker_along() {
    let breaker = breaker(config());
    let observer = breaker.events().observe(|_| panic!("on purpose"));
    let mut events = breaker.events().subscribe(8.try_into().expect("not 0"));
    until_it_may_be_tried(&breaker).await;
    succeed(&breaker, 1);
    for name in ["breaker_opened", "breaker_half_open", "breaker_closed"] {
        assert_eq!(events.recv().await.expect("told").name(), name);
    }
    drop(observer);
}

/// One thread is in the listener; the others go on.
#[test]
fn a_listener_that_blocks_everybody() {
    let breaker = breaker(config());
    let (entered, inside) = std::sync::mpsc::channel();
    let (leave, left) = std::sync::mpsc::channel::<()>();
    let left = Mutex::new(left);
    let observer = breaker.events().observe(move |_| {
        let _ = entered.send(());
        let _ = left.lock().expect("well").recv();
    });
    std::thread::scope(|scope| {
        scope.spawn(|| breaker.force_open());
        inside.recv().expect("it is told");
        breaker.reset();
        succeed(&breaker, 1);
        assert_eq!(breaker.state(), State::Closed);
        drop(leave);
    });
    drop(observer);
}

/// Whoever turns it, each event begins where the one before has ended.
#[test]
fn events_out_of_order() {
    let breaker = breaker(config());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let observer = breaker.events().observe(move |event| {
        noted
            .lock()
            .expect("well")
            .push((event.seq, turn(event).expect("a turn")));
    });
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let breaker = &breaker;
            scope.spawn(move || {
                for _ in 0..200 {
                    match thread {
                        0 => breaker.force_open(),
                        1 => breaker.disable(),
                        2 => breaker.metrics_only(),
                        _ => breaker.reset(),
                    }
                }
            });
        }
    });
    let seen = seen.lock().expect("well");
    assert_eq!(seen.len(), 800);
    let mut state = State::Closed;
    for (number, (seq, (from, to))) in seen.iter().enumerate() {
        assert_eq!((*seq, *from), (number as u64 + 1, state));
        state = *to;
    }
    drop(observer);
}

#[tokio::test(start_paused = true)]
async fn an_opening_that_does_not_say_why() {
    let breaker = breaker(by_rate(Window::Calls(10), 4, 0.5));
    let mut events = breaker.events().subscribe(8.try_into().expect("not 0"));
    succeed(&breaker, 2);
    fail(&breaker, 2);
    let event = events.recv().await.expect("told");
    let (failures, calls) = (2, 4);
    assert_eq!(
        event.detail::<BreakerEvent>(),
        Some(&BreakerEvent::StateChanged {
            from: State::Closed,
            to: State::Open,
            cause: Some(Cause::FailureRate { failures, calls }),
            open_for: Some(secs(5)),
            calls,
            failures,
            slow: 0,
        })
    );
}

/// It only counts, and tells when it would have opened: once, and again when things have been well in between.
#[tokio::test(start_paused = true)]
async fn a_shadow_that_says_nothing() {
    let breaker = breaker(config());
    breaker.metrics_only();
    let mut events = breaker.events().subscribe(8.try_into().expect("not 0"));
    fail(&breaker, 5);
    succeed(&breaker, 1);
    fail(&breaker, 2);
    breaker.reset();
    for _ in 0..2 {
        let event = events.recv().await.expect("told");
        assert_eq!(event.name(), "breaker_would_open");
        let cause = Cause::ConsecutiveFailures(2);
        assert_eq!(
            event.detail::<BreakerEvent>(),
            Some(&BreakerEvent::WouldOpen { cause })
        );
    }
    assert_eq!(events.recv().await.expect("told").name(), "breaker_closed");
}

/// A probe is lost: whoever watches is told so, before the opening that comes of it.
#[tokio::test(start_paused = true)]
async fn a_lost_probe_that_nobody_hears_of() {
    let breaker = breaker(config());
    until_it_may_be_tried(&breaker).await;
    let _lost = admitted(&breaker);
    let mut events = breaker.events().subscribe(8.try_into().expect("not 0"));
    advance(secs(10)).await;
    assert_eq!(breaker.state(), State::Open);
    for name in ["breaker_probe_overdue", "breaker_opened"] {
        assert_eq!(events.recv().await.expect("told").name(), name);
    }
}

/// Neither a lease nor a longest wait: that is allowed, and said.
#[tokio::test(start_paused = true)]
async fn a_configuration_that_wedges_silently() {
    let events = seaworthy_core::event::Events::new();
    let mut heard = events.subscribe(8.try_into().expect("not 0"));
    let mut config = config();
    config.half_open.lease = None;
    let builder = CircuitBreaker::builder("b").config(config).events(&events);
    let _breaker = builder
        .registry(&Registry::new())
        .build()
        .expect("it is allowed");
    let event = heard.recv().await.expect("told");
    assert_eq!(event.name(), "breaker_may_wedge");
}
