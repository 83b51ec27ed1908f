//! The bus: order, isolation, bounds, and what a subscriber that lags or goes away means.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use seaworthy_core::event::{Detail, Event, Events, Severity};
use seaworthy_core::serial::Serial;
use seaworthy_testkit::at_every_await;

#[derive(Debug, PartialEq)]
struct Tick(u64);

impl fmt::Display for Tick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tick {}", self.0)
    }
}

impl Detail for Tick {
    fn name(&self) -> &'static str {
        "tick"
    }
}

fn tick(events: &Events, number: u64) {
    events.emit(&"clock".into(), Severity::Info, Tick(number));
}

fn number(event: &Event) -> u64 {
    event.detail::<Tick>().expect("a tick").0
}

fn capacity(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).expect("not zero")
}

#[test]
fn an_event_that_nobody_hears_is_not_made() {
    let events = Events::new();
    tick(&events, 1);
    let mut log = events.subscribe(capacity(4));
    tick(&events, 2);
    let event = log.try_recv().expect("one event");
    assert_eq!((event.seq, number(&event)), (1, 2));
    assert_eq!(
        (event.name(), event.to_string().as_str()),
        ("tick", "clock: tick 2")
    );
    assert!(log.try_recv().is_none());
}

#[test]
fn an_observer_that_panics_disturbs_nobody() {
    let events = Events::new();
    let _broken = events.observe(|_| panic!("observer"));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let book = Arc::clone(&seen);
    let _fine = events.observe(move |event| book.lock().unwrap().push(number(event)));
    for n in 1..=3 {
        tick(&events, n);
    }
    assert_eq!(*seen.lock().unwrap(), [1, 2, 3]);
}

/// An observer that emits is not called again before it has returned, and order is kept.
#[test]
fn an_observer_may_cause_events() {
    let events = Events::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (book, again) = (Arc::clone(&seen), events.clone());
    let inside = Mutex::new(());
    let _observer = events.observe(move |event| {
        let _guard = inside.try_lock().expect("not called while it runs");
        if number(event) == 1 {
            tick(&again, 2);
            tick(&again, 3);
        }
        book.lock().unwrap().push(number(event));
    });
    tick(&events, 1);
    assert_eq!(*seen.lock().unwrap(), [1, 2, 3]);
}

#[test]
fn order_holds_across_threads() {
    let events = Events::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let book = Arc::clone(&seen);
    let _observer =
        events.observe(move |event| book.lock().unwrap().push((event.seq, number(event))));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let events = &events;
            scope.spawn(move || (0..500).for_each(|n| tick(events, thread * 1000 + n)));
        }
    });
    // Whoever delivered last has returned, so nothing is on its way.
    let seen = seen.lock().unwrap();
    assert!(seen.iter().map(|(seq, _)| *seq).eq(1..=2000));
    for thread in 0..4 {
        let own = seen.iter().map(|(_, n)| *n).filter(|n| n / 1000 == thread);
        assert!(own.eq(thread * 1000..thread * 1000 + 500));
    }
}

#[test]
fn a_dropped_observer_hears_no_more_and_a_forgotten_one_does() {
    let events = Events::new();
    let count = Arc::new(Mutex::new([0, 0]));
    let (a, b) = (Arc::clone(&count), Arc::clone(&count));
    let dropped = events.observe(move |_| a.lock().unwrap()[0] += 1);
    events.observe(move |_| b.lock().unwrap()[1] += 1).forget();
    tick(&events, 1);
    drop(dropped);
    tick(&events, 2);
    assert_eq!(*count.lock().unwrap(), [1, 2]);
}

#[test]
fn a_subscriber_that_lags_loses_the_oldest_and_knows() {
    let events = Events::new();
    let mut log = events.subscribe(capacity(3));
    (1..=5).for_each(|n| tick(&events, n));
    assert_eq!(log.missed(), 2);
    let left: Vec<_> = std::iter::from_fn(|| log.try_recv())
        .map(|event| number(&event))
        .collect();
    assert_eq!(left, [3, 4, 5]);
}

#[test]
fn what_waits_for_a_slow_observer_is_bounded() {
    let events = Events::new();
    let seen = Arc::new(Mutex::new(0_u64));
    let (book, again) = (Arc::clone(&seen), events.clone());
    let _slow = events.observe(move |event| {
        *book.lock().unwrap() += 1;
        if number(event) == 0 {
            (1..=5000).for_each(|n| tick(&again, n));
        }
    });
    tick(&events, 0);
    assert_eq!(*seen.lock().unwrap() + events.dropped(), 5001);
    assert_eq!(events.dropped(), 5000 - 4096);
}

#[tokio::test(flavor = "current_thread")]
async fn a_subscriber_learns_that_the_bus_is_gone() {
    let events = Events::new();
    let mut log = events.subscribe(capacity(2));
    tick(&events, 1);
    drop(events);
    assert_eq!(log.recv().await.map(|event| number(&event)), Some(1));
    assert!(log.recv().await.is_none());
}

#[test]
fn cancelling_recv_loses_nothing() {
    let walked = at_every_await(
        8,
        async || {
            let events = Events::new();
            let log = events.subscribe(capacity(4));
            (events, log)
        },
        async |(events, log)| {
            let late = events.clone();
            let later = tokio::spawn(async move {
                tokio::task::yield_now().await;
                tick(&late, 7);
            });
            let event = log.recv().await;
            drop(later);
            event.map(|event| number(&event))
        },
        async |(_, log), ending| {
            let kept = log.try_recv().map(|event| number(&event));
            let seen = ending.completed().flatten();
            // Before the first poll nothing was sent; else the event is there exactly once.
            assert!(kept.is_none() || seen.is_none());
        },
    );
    assert!(walked > 0, "it waited");
}

/// A runner that unwinds leaves the rest to the next one.
#[test]
fn a_panic_of_an_effect_does_not_stop_the_next_run() {
    let serial = Serial::new(vec![3, 2, 1]);
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        serial.run(Vec::pop, |n| assert_ne!(n, 2, "two"));
    }));
    assert!(unwound.is_err());
    let mut seen = Vec::new();
    serial.run(Vec::pop, |n| seen.push(n));
    assert_eq!(seen, [3]);
}
