//! Who is let in, and who makes room.

use super::{
    at, deliver, let_in, ms, of_class, of_key, ordered, plain, store, take, take_all, weighing,
};
use crate::config::{Config, Order, Overload};
use crate::store::entry::Entry;
use crate::store::{Ending, Offered, Store};

fn with(overload: Overload, capacity: usize) -> Config {
    Config {
        capacity,
        overload,
        ..Config::default()
    }
}

fn by_class(overload: Overload, capacity: usize) -> Config {
    Config {
        classes: 3,
        ..with(overload, capacity)
    }
}

/// Which items make room for this one.
fn evicted(store: &mut Store<u64>, entry: Entry<u64>) -> Vec<u64> {
    match store.offer(entry) {
        Offered::In(_, evicted) => evicted.iter().map(|entry| entry.item).collect(),
        refused => panic!("{refused:?}"),
    }
}

#[test]
fn whoever_finds_no_room_is_handed_back_or_dropped_as_is_said() {
    for overload in [Overload::Reject, Overload::Wait, Overload::WaitFor(ms(1))] {
        let mut store = store(with(overload, 1));
        let_in(&mut store, [plain(1)]);
        assert_eq!(store.offer(plain(2)), Offered::Full(plain(2)));
        assert!(store.refuses_all());
    }
    let mut store = store(with(Overload::DropNewest, 1));
    let_in(&mut store, [plain(1)]);
    assert_eq!(store.offer(plain(2)), Offered::Dropped(plain(2)));
    assert!(!store.refuses_all());
}

#[test]
fn the_oldest_makes_room_in_every_order() {
    for order in [
        Order::Fifo,
        Order::Lifo,
        Order::AdaptiveLifo(ms(5)),
        Order::Fair,
    ] {
        let mut store = store(Config {
            overload: Overload::DropOldest,
            ..ordered(order, 3)
        });
        let_in(&mut store, (1..4).map(plain));
        assert_eq!(evicted(&mut store, plain(4)), [1], "{order:?}");
        assert_eq!(evicted(&mut store, plain(5)), [2], "{order:?}");
    }
}

/// Also if it was delivered before and is to come next.
#[test]
fn the_oldest_is_the_one_that_came_first() {
    for (order, gone) in [(Order::Fifo, 1), (Order::Lifo, 1)] {
        let mut store = store(Config {
            overload: Overload::DropOldest,
            ..ordered(order, 3)
        });
        let_in(&mut store, (1..4).map(plain));
        let (ticket, _) = deliver(&mut store, at(0));
        store.settle(at(0), ticket, Ending::Dropped, &mut Vec::new());
        assert_eq!(evicted(&mut store, plain(4)), [gone], "{order:?}");
    }
}

#[test]
fn one_that_is_heavy_takes_the_room_of_several() {
    let mut config = with(Overload::DropOldest, 10);
    config.max_weight = Some(10);
    let mut store = store(config);
    let_in(&mut store, [weighing(3, 1), weighing(3, 2), weighing(4, 3)]);
    assert_eq!(evicted(&mut store, weighing(5, 4)), [1, 2]);
    assert_eq!(store.weight(), 9);
    assert_eq!(evicted(&mut store, weighing(1, 5)), Vec::<u64>::new());
    let heavy = weighing(11, 6);
    assert_eq!(store.offer(heavy.clone()), Offered::TooHeavy(heavy));
}

#[test]
fn if_all_that_wait_are_not_enough_they_stay() {
    for overload in [Overload::DropOldest, Overload::DropLeastImportant] {
        let mut config = by_class(overload, 10);
        config.max_weight = Some(10);
        let mut store = store(config);
        let_in(&mut store, [weighing(6, 1)]);
        deliver(&mut store, at(0));
        let mut light = [weighing(1, 2), weighing(1, 3)];
        for entry in &mut light {
            entry.tag.class = 1;
        }
        let_in(&mut store, light);

        let heavy = weighing(5, 4);
        let expected = match overload {
            Overload::DropOldest => Offered::Dropped(heavy.clone()),
            _ => Offered::Full(heavy.clone()),
        };
        assert_eq!(store.offer(heavy), expected);
        assert_eq!((store.len(), store.weight()), (2, 8));
        assert_eq!(take_all(&mut store, at(0)), [2, 3]);
    }
}

#[test]
fn a_less_important_item_never_takes_the_room_of_a_more_important_one() {
    let mut store = store(by_class(Overload::DropOldest, 3));
    let_in(&mut store, [of_class(0, 1), of_class(1, 2), of_class(1, 3)]);
    assert_eq!(evicted(&mut store, of_class(1, 4)), [2]);
    let last = of_class(2, 5);
    assert_eq!(store.offer(last.clone()), Offered::Dropped(last));
    assert_eq!(
        evicted(&mut store, of_class(0, 6)),
        [3],
        "the least important first"
    );
    assert_eq!(evicted(&mut store, of_class(0, 7)), [4]);
    assert_eq!(evicted(&mut store, of_class(0, 8)), [1]);
}

#[test]
fn only_less_important_items_make_room() {
    let mut store = store(by_class(Overload::DropLeastImportant, 4));
    let_in(
        &mut store,
        [
            of_class(2, 1),
            of_class(2, 2),
            of_class(1, 3),
            of_class(0, 4),
        ],
    );
    assert_eq!(evicted(&mut store, of_class(1, 5)), [1]);
    assert_eq!(evicted(&mut store, of_class(0, 6)), [2]);
    assert_eq!(evicted(&mut store, of_class(0, 7)), [3]);
    for class in [1, 2, u8::MAX] {
        let entry = of_class(class, 8);
        assert_eq!(store.offer(entry.clone()), Offered::Full(entry));
    }
    assert_eq!(take_all(&mut store, at(0)), [4, 6, 7, 5]);
}

#[test]
fn all_but_dead_letters_count_against_the_capacity() {
    let mut config = with(Overload::Reject, 4);
    config.max_weight = Some(100);
    config.deliveries.max_attempts = 2;
    let mut store = store(config);
    let_in(&mut store, (0..3).map(|item| weighing(10, item)));
    let (with_worker, _) = deliver(&mut store, at(0));
    let (later, _) = deliver(&mut store, at(0));
    store.settle(at(0), later, Ending::Nack(ms(50)), &mut Vec::new());
    assert!(store.reserve(7));
    let counts = (store.len(), store.in_flight(), store.later());
    assert_eq!((counts, store.used(), store.weight()), ((1, 1, 1), 4, 37));
    assert!(matches!(store.offer(plain(9)), Offered::Full(_)));

    store.settle(at(0), with_worker, Ending::Bury, &mut Vec::new());
    assert_eq!((store.used(), store.weight(), store.dead()), (3, 27, 1));
    store.unreserve(7);
    assert_eq!((store.used(), store.weight()), (2, 20));
    assert_eq!(take(&mut store, at(0)), Some(2));
    assert_eq!((store.used(), store.weight()), (1, 10));
    assert!(store.drain_one().is_some());
    assert_eq!((store.used(), store.weight()), (0, 0));
}

#[test]
fn a_smaller_capacity_drops_nothing_and_lets_nothing_in() {
    let mut store = store(with(Overload::DropOldest, 5));
    let_in(&mut store, (0..5).map(plain));
    store.reconfigure(with(Overload::Reject, 2));
    assert_eq!(store.len(), 5);
    assert!(matches!(store.offer(plain(5)), Offered::Full(_)));
    store.reconfigure(with(Overload::DropOldest, 2));
    assert_eq!(evicted(&mut store, plain(6)), [0, 1, 2, 3]);
    assert_eq!(take_all(&mut store, at(0)), [4, 6]);
}

#[test]
fn items_that_wait_line_up_anew_when_others_go_first() {
    let mut config = by_class(Overload::Reject, 10);
    let mut store = store(config.clone());
    let_in(
        &mut store,
        [
            of_class(2, 1),
            of_class(1, 2),
            of_class(2, 3),
            of_class(0, 4),
        ],
    );
    config.classes = 2;
    store.reconfigure(config.clone());
    assert_eq!(take(&mut store, at(0)), Some(4));
    config.order = Order::Lifo;
    store.reconfigure(config.clone());
    assert_eq!(take(&mut store, at(0)), Some(3));
    config.order = Order::Fair;
    store.reconfigure(config);
    let_in(&mut store, [of_class(1, 5), of_key(7, 6)]);
    assert_eq!(take_all(&mut store, at(0)), [6, 1, 2, 5]);
}
