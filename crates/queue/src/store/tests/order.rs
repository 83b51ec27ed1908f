//! Who goes first.

use super::{at, deliver, let_in, ms, of_class, ordered, plain, store, take, take_all};
use crate::config::{Config, Order};
use crate::store::Ending;
use crate::store::entry::Entry;

fn since(ms: u64, item: u64) -> Entry<u64> {
    let mut entry = plain(item);
    entry.tag.since = at(ms);
    entry
}

#[test]
fn the_first_or_the_last_goes_first() {
    for (order, expected) in [(Order::Fifo, [1, 2, 3]), (Order::Lifo, [3, 2, 1])] {
        let mut store = store(ordered(order, 10));
        let_in(&mut store, (1..4).map(plain));
        assert_eq!(take_all(&mut store, at(0)), expected);
    }
}

#[test]
fn classes_go_before_all_else() {
    let mut store = store(Config {
        classes: 3,
        ..ordered(Order::Lifo, 10)
    });
    let_in(
        &mut store,
        [
            of_class(2, 1),
            of_class(0, 2),
            of_class(1, 3),
            of_class(0, 4),
        ],
    );
    // Beyond the last is the last.
    let_in(&mut store, [of_class(u8::MAX, 5)]);
    assert_eq!(take_all(&mut store, at(0)), [4, 2, 3, 5, 1]);
}

/// A queue that takes one every 10 ms is sent one every 5 ms: those that came last are served in time, and as soon as
/// the flood is over the others, and then the first goes first again.
#[test]
fn under_load_an_adaptive_queue_serves_those_that_came_last() {
    let mut store = store(ordered(Order::AdaptiveLifo(ms(50)), 1000));
    let (mut waits, mut sent) = (Vec::new(), 0);
    for now in (0..1000).step_by(10) {
        let_in(&mut store, [since(now, now), since(now + 5, now + 5)]);
        sent += 2;
        let taken = take(&mut store, at(now + 5)).expect("there is one");
        waits.push(now + 5 - taken);
    }
    let standing = waits.iter().position(|wait| *wait > 50);
    assert_eq!(standing, None, "none has waited for longer");
    assert_eq!(waits[50..], [0; 50], "the newest each time");
    let rest = take_all(&mut store, at(1000));
    assert_eq!(rest.len(), sent - waits.len());

    let_in(&mut store, [since(2000, 1), since(2001, 2), since(2002, 3)]);
    assert_eq!(
        take(&mut store, at(2050)),
        Some(1),
        "for no longer than 50 ms"
    );
    assert_eq!(take(&mut store, at(2052)), Some(3));
    assert_eq!(take(&mut store, at(2051)), Some(2));
}

#[test]
fn one_that_fails_comes_next_in_every_order() {
    for order in [
        Order::Fifo,
        Order::Lifo,
        Order::AdaptiveLifo(ms(5)),
        Order::Fair,
    ] {
        for late in [0, 100] {
            let mut store = store(ordered(order, 10));
            let_in(&mut store, (1..4).map(plain));
            let (ticket, entry) = deliver(&mut store, at(late));
            let_in(&mut store, [since(late, 4)]);
            store.settle(at(late), ticket, Ending::Dropped, &mut Vec::new());
            let again = take(&mut store, at(late));
            assert_eq!(again, Some(entry.item), "{order:?} after {late} ms");
        }
    }
}

#[test]
fn those_that_fail_come_again_as_they_would_have_come() {
    let orders = [
        (Order::Fifo, [1, 2, 3, 4, 5]),
        (Order::Lifo, [4, 3, 2, 5, 1]),
        (Order::AdaptiveLifo(ms(500)), [1, 2, 3, 4, 5]),
        (Order::Fair, [1, 2, 3, 4, 5]),
    ];
    for (order, expected) in orders {
        for failing in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let mut store = store(ordered(order, 10));
            let_in(&mut store, (1..5).map(plain));
            let tickets = [0; 3].map(|_| deliver(&mut store, at(0)).0);
            let_in(&mut store, [plain(5)]);
            for which in failing {
                store.settle(at(0), tickets[which], Ending::Dropped, &mut Vec::new());
            }
            assert_eq!(take_all(&mut store, at(0)), expected, "{order:?}");
        }
    }
}

/// Nor does it matter whether anybody looked in between.
#[test]
fn those_that_come_later_come_as_they_would_have_come() {
    for look in [false, true] {
        let mut store = store(ordered(Order::Fifo, 10));
        let_in(&mut store, (1..5).map(plain));
        let tickets = [0; 3].map(|_| deliver(&mut store, at(0)).0);
        for (ticket, delay) in tickets.into_iter().zip([30, 10, 20]) {
            store.settle(at(0), ticket, Ending::Nack(ms(delay)), &mut Vec::new());
        }
        assert_eq!(store.next_due(), Some(at(10)));
        if look {
            store.pass(at(10), &mut Vec::new());
            assert_eq!((store.len(), store.next_due()), (2, Some(at(20))));
            store.pass(at(20), &mut Vec::new());
        }
        assert_eq!(take_all(&mut store, at(30)), [1, 2, 3, 4]);
    }
}

#[test]
fn the_oldest_is_known_although_another_comes_next() {
    let mut store = store(ordered(Order::Lifo, 10));
    assert_eq!(store.oldest(), None);
    let_in(&mut store, [since(1, 1), since(2, 2)]);
    let (ticket, _) = deliver(&mut store, at(3));
    store.settle(at(3), ticket, Ending::Dropped, &mut Vec::new());
    assert_eq!(store.oldest(), Some(at(1)));
    store.drain_one();
    assert_eq!(store.oldest(), Some(at(2)));
}

/// Whoever receives need not look at the clock otherwise.
#[test]
fn it_matters_what_time_it_is_if_something_depends_on_that() {
    let plainly = ordered(Order::Fifo, 10);
    let mut patient = store(plainly.clone());
    let_in(&mut patient, [plain(1)]);
    assert!(!patient.is_timed());
    let (ticket, _) = deliver(&mut patient, at(0));
    assert!(patient.is_timed(), "there is a lease");
    patient.settle(at(0), ticket, Ending::Ack, &mut Vec::new());
    assert!(!patient.is_timed());

    let mut hurried = patient.clone();
    let mut entry = plain(2);
    entry.tag.deadline = at(1);
    let_in(&mut hurried, [entry]);
    assert!(hurried.is_timed());

    let adaptive = ordered(Order::AdaptiveLifo(ms(1)), 10);
    let delayed = Config {
        codel: Some(crate::config::Codel::default()),
        ..plainly
    };
    for config in [adaptive, delayed] {
        assert!(store(config.clone()).is_timed());
        let mut before = patient.clone();
        before.reconfigure(config);
        assert!(before.is_timed());
    }
}
