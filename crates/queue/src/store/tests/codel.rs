//! When items have waited for too long.

use super::{at, items, let_in, of_class, of_key, ordered, plain, store};
use crate::config::{Codel, Config, Order};
use crate::store::entry::Entry;
use crate::store::{Ending, Store};
use crate::why::Why;

/// 5 ms and 100 ms.
fn controlled(order: Order) -> Config {
    Config {
        codel: Some(Codel::default()),
        ..ordered(order, 10_000)
    }
}

fn since(ms: u64, mut entry: Entry<u64>) -> Entry<u64> {
    entry.tag.since = at(ms);
    entry
}

/// What comes out at this time, and what was dropped before it.
fn step(store: &mut Store<u64>, ms: u64) -> (Option<u64>, Vec<(u64, Why)>) {
    let mut overboard = Vec::new();
    let taken = store.take(at(ms), &mut overboard);
    (taken.map(|entry| entry.item), items(&overboard))
}

#[test]
fn a_burst_is_served_although_it_waits() {
    let mut store = store(controlled(Order::Fifo));
    let_in(&mut store, (0..50).map(plain));
    // 50 items at 2 ms each: within an interval.
    for item in 0..50 {
        assert_eq!(step(&mut store, item * 2), (Some(item), Vec::new()));
    }
}

#[test]
fn a_queue_that_stands_drops_what_has_waited_for_more_than_twice_the_target() {
    let mut store = store(controlled(Order::Fifo));
    let_in(&mut store, (0..1000).map(plain));
    // For an interval, all have waited for more than 5 ms.
    for item in 0..10 {
        assert_eq!(step(&mut store, 20 + 10 * item), (Some(item), Vec::new()));
    }
    // The next one begins with one that is served.
    assert_eq!(step(&mut store, 120), (Some(10), Vec::new()));
    // Those that have waited for no more than 10 ms are served.
    let_in(
        &mut store,
        [since(111, plain(2000)), since(120, plain(2001))],
    );
    let (taken, dropped) = step(&mut store, 121);
    assert_eq!((taken, dropped.len()), (Some(2000), 989));
    assert_eq!(dropped[0], (11, Why::WaitedTooLong));
}

#[test]
fn one_item_that_has_waited_for_no_more_than_the_target_says_that_the_queue_does_not_stand() {
    for (waited, stands) in [(5, false), (6, true)] {
        let mut store = store(controlled(Order::Lifo));
        let_in(&mut store, (0..1000).map(plain));
        step(&mut store, 20);
        let_in(&mut store, [since(60 - waited, plain(2000))]);
        assert_eq!(step(&mut store, 60), (Some(2000), Vec::new()));
        step(&mut store, 120);
        assert_eq!(!step(&mut store, 121).1.is_empty(), stands, "{waited} ms");
    }
}

#[test]
fn it_stops_when_the_queue_does_not_stand_any_more() {
    let mut store = store(controlled(Order::Lifo));
    let_in(&mut store, (0..1000).map(plain));
    step(&mut store, 20);
    step(&mut store, 120);
    // From now on for an interval it drops, but what goes through is new.
    for now in (130..220).step_by(10) {
        let_in(&mut store, [since(now, plain(now))]);
        assert_eq!(step(&mut store, now), (Some(now), Vec::new()));
    }
    for now in 220..300 {
        let (taken, dropped) = step(&mut store, now);
        assert!(taken.is_some() && dropped.is_empty(), "{now}: {dropped:?}");
    }
}

#[test]
fn a_queue_that_becomes_empty_does_not_stand() {
    let mut store = store(controlled(Order::Fifo));
    for round in 0..20 {
        let now = 200 * round;
        // Two at a time, and both wait for long: the worker is slow, but there is no queue.
        let_in(&mut store, [since(now, plain(1)), since(now, plain(2))]);
        assert_eq!(step(&mut store, now + 50), (Some(1), Vec::new()));
        assert_eq!(step(&mut store, now + 100), (Some(2), Vec::new()));
    }
}

#[test]
fn the_last_item_is_served_however_long_it_has_waited() {
    let mut store = store(controlled(Order::Fifo));
    let_in(&mut store, (0..100).map(plain));
    step(&mut store, 20);
    step(&mut store, 120);
    let (taken, dropped) = step(&mut store, 130);
    assert_eq!((taken, dropped.len(), store.len()), (Some(99), 97, 0));
}

#[test]
fn one_that_comes_again_is_left_alone() {
    let mut store = store(controlled(Order::Fifo));
    let_in(&mut store, (0..100).map(plain));
    let (ticket, entry) = store.board(at(20), &mut Vec::new()).expect("there is one");
    store.depart(at(20), ticket, entry);
    step(&mut store, 120);
    store.settle(at(130), ticket, Ending::Dropped, &mut Vec::new());
    assert_eq!(step(&mut store, 130), (Some(0), Vec::new()));
    assert_eq!(step(&mut store, 130).1.len(), 97, "the queue stands");
}

#[test]
fn a_class_that_goes_through_at_once_does_not_hide_that_another_stands() {
    let mut config = controlled(Order::Fifo);
    config.classes = 2;
    let mut store = store(config);
    let_in(&mut store, (0..100).map(|item| of_class(1, item)));
    let mut dropped = 0;
    for now in (20..200).step_by(20) {
        let_in(&mut store, [since(now, of_class(0, 1000))]);
        assert_eq!(step(&mut store, now).0, Some(1000));
        dropped += step(&mut store, now).1.len();
    }
    assert!(dropped > 80, "{dropped}");
}

#[test]
fn with_keys_it_is_the_queue_that_stands() {
    let mut store = store(controlled(Order::Fair));
    let_in(&mut store, (0..100).map(|key| of_key(key, key)));
    step(&mut store, 20);
    step(&mut store, 120);
    assert_eq!(step(&mut store, 130).1.len(), 97);
}

#[test]
fn a_deadline_comes_before_all() {
    let mut store = store(controlled(Order::Fifo));
    let mut late = plain(1);
    late.tag.deadline = at(10);
    let_in(&mut store, [late, plain(2)]);
    assert_eq!(step(&mut store, 10), (Some(2), vec![(1, Why::Expired)]));

    let mut early = plain(3);
    early.tag.deadline = at(12);
    let_in(&mut store, [early]);
    let before = at(12).as_nanos() - 1;
    let before = seaworthy_core::clock::Coarse::from_nanos(before);
    assert!(store.take(before, &mut Vec::new()).is_some());
}

#[test]
fn it_can_be_switched_on_off_and_to_another_target() {
    let mut config = controlled(Order::Fifo);
    let codel = config.codel.take();
    let mut store = store(config.clone());
    let_in(&mut store, (0..100).map(plain));
    for now in [20, 120, 130] {
        assert_eq!(step(&mut store, now).1, Vec::new(), "off");
    }
    config.codel = codel;
    store.reconfigure(config.clone());
    for now in [140, 240] {
        assert_eq!(
            step(&mut store, now).1,
            Vec::new(),
            "an interval has to pass"
        );
    }
    // With another target, what was seen before says nothing.
    config.codel = codel.map(|codel| Codel {
        target: codel.target * 2,
        ..codel
    });
    store.reconfigure(config.clone());
    for now in [245, 250] {
        assert_eq!(step(&mut store, now).1, Vec::new(), "begun anew");
    }
    step(&mut store, 345);
    assert!(step(&mut store, 346).1.len() > 80, "on");
}
