//! What is fair by key.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{at, deliver, let_in, of_key, ordered, store, take, take_all};
use crate::config::{Config, Order, Overload};
use crate::store::entry::Entry;
use crate::store::{Ending, Offered, Store};

/// As many as there may be, in one queue for all.
fn fair() -> Store<u64> {
    store(ordered(Order::Fair, 2_000_000))
}

fn heavy(key: u64, weight: u32) -> Entry<u64> {
    let mut entry = of_key(key, key);
    entry.tag.weight = weight;
    entry
}

/// The keys of the next so many.
fn keys(store: &mut Store<u64>, many: usize) -> Vec<u64> {
    (0..many)
        .map(|_| take(store, at(0)).expect("there are more"))
        .collect()
}

#[test]
fn keys_take_turns_however_many_items_one_has() {
    let mut store = fair();
    let_in(&mut store, (0..1000).map(|_| of_key(1, 1)));
    let_in(&mut store, (0..3).map(|_| of_key(2, 2)));
    let_in(&mut store, [of_key(3, 3)]);
    assert_eq!(keys(&mut store, 8), [1, 2, 3, 1, 2, 1, 2, 1]);
}

#[test]
fn items_that_weigh_three_times_as_much_come_a_third_as_often() {
    let mut store = fair();
    for _ in 0..3000 {
        let_in(&mut store, [heavy(1, 1), heavy(3, 3)]);
    }
    let first = keys(&mut store, 2000);
    let light = first.iter().filter(|key| **key == 1).count();
    assert_eq!(light, 1500, "of 2000 items, of the same weight by key");
    assert_eq!(first[..8], [1, 1, 1, 3, 1, 1, 1, 3]);
}

#[test]
fn one_heavy_item_makes_turns_long_once_and_not_for_ever() {
    let mut store = fair();
    let_in(&mut store, [heavy(9, 1_000_000)]);
    for _ in 0..100 {
        let_in(&mut store, [heavy(1, 1), heavy(2, 1)]);
    }
    let first = keys(&mut store, 1);
    assert_eq!(first, [9], "its turn");
    keys(&mut store, 200);
    for _ in 0..100 {
        let_in(&mut store, [heavy(1, 1), heavy(2, 1)]);
    }
    assert_eq!(keys(&mut store, 6), [1, 2, 1, 2, 1, 2]);
}

#[test]
fn a_key_that_has_been_idle_has_saved_nothing() {
    let mut store = fair();
    let_in(&mut store, (0..20).map(|_| of_key(1, 1)));
    keys(&mut store, 10);
    let_in(&mut store, (0..20).map(|_| of_key(2, 2)));
    let next = keys(&mut store, 10);
    assert_eq!(next.iter().filter(|key| **key == 2).count(), 5);
}

#[test]
fn what_expires_costs_its_key_no_turn() {
    let mut store = fair();
    for item in 0..4 {
        let mut entry = of_key(1, item);
        if item < 3 {
            entry.tag.deadline = at(1);
        }
        let_in(&mut store, [entry]);
    }
    let_in(&mut store, (10..14).map(|item| of_key(2, item)));

    let mut overboard = Vec::new();
    let mut next = || store.take(at(1), &mut overboard).map(|entry| entry.item);
    assert_eq!((next(), next(), next()), (Some(3), Some(10), Some(11)));
    assert_eq!(overboard.len(), 3);
}

#[test]
fn a_delivery_that_fails_comes_again_before_others_of_its_key() {
    let mut store = fair();
    for item in 0..3 {
        let_in(&mut store, [of_key(1, item), of_key(2, 10 + item)]);
    }
    let (first, _) = deliver(&mut store, at(0));
    let (second, _) = deliver(&mut store, at(0));
    let (third, entry) = deliver(&mut store, at(0));
    assert_eq!(entry.item, 1);
    // Whichever fails first.
    for ticket in [third, second, first] {
        store.settle(at(0), ticket, Ending::Dropped, &mut Vec::new());
    }
    let order = take_all(&mut store, at(0));
    let of_first: Vec<_> = order.iter().filter(|item| **item < 10).collect();
    let of_second: Vec<_> = order.iter().filter(|item| **item >= 10).collect();
    assert_eq!(of_first, [&0, &1, &2]);
    assert_eq!(of_second, [&10, &11, &12]);
}

#[test]
fn the_key_that_has_most_makes_room() {
    let mut store = store(Config {
        overload: Overload::DropOldest,
        ..ordered(Order::Fair, 5)
    });
    let_in(&mut store, [of_key(1, 10)]);
    let_in(&mut store, (20..24).map(|item| of_key(2, item)));
    for (new, gone) in [(11, 20), (12, 21)] {
        let Offered::In(_, evicted) = store.offer(of_key(1, new)) else {
            panic!("it is let in")
        };
        let evicted: Vec<_> = evicted.iter().map(|entry| entry.item).collect();
        assert_eq!(evicted, [gone]);
    }
}

/// By weight, if items have weights: many small ones do not make room for one that is large.
#[test]
fn the_key_that_weighs_most_makes_room() {
    let mut store = store(Config {
        overload: Overload::DropOldest,
        max_weight: Some(100),
        ..ordered(Order::Fair, 50)
    });
    let_in(&mut store, [heavy(1, 90)]);
    let_in(&mut store, (0..10).map(|_| heavy(2, 1)));
    let Offered::In(_, evicted) = store.offer(heavy(3, 1)) else {
        panic!("it is let in")
    };
    assert_eq!(evicted.len(), 1);
    assert_eq!((evicted[0].item, store.len()), (1, 11));
}

proptest! {
    #![proptest_config(super::cases())]

    /// While two keys have items, what they have had differs by no more than two of the heaviest items.
    #[test]
    fn keys_that_have_items_get_the_same(
        weights in prop::collection::vec((0u64..4, 1u32..50), 1..200),
    ) {
        let mut store = fair();
        let mut left: BTreeMap<u64, usize> = BTreeMap::new();
        for (key, weight) in &weights {
            let_in(&mut store, [heavy(*key, *weight)]);
            *left.entry(*key).or_default() += 1;
        }
        let mut had: BTreeMap<u64, u64> = left.keys().map(|key| (*key, 0)).collect();
        while left.values().all(|left| *left > 0) {
            let mut overboard = Vec::new();
            let entry = store.take(at(0), &mut overboard).expect("there is one");
            *left.get_mut(&entry.tag.key).expect("its key") -= 1;
            *had.get_mut(&entry.tag.key).expect("its key") += u64::from(entry.tag.weight);
            let (least, most) = (had.values().min(), had.values().max());
            let apart = most.expect("a key") - least.expect("a key");
            prop_assert!(apart <= 2 * 50, "{had:?}");
        }
    }
}
