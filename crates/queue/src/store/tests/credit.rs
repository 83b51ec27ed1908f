//! Items on demand.

use super::{at, deliver, let_in, ms, plain, store};
use crate::config::{Codel, Config, Overload};
use crate::store::entry::Entry;
use crate::store::{Ending, Offered, Store};

fn on_demand() -> Config {
    Config {
        on_demand: true,
        overload: Overload::Wait,
        ..Config::default()
    }
}

fn useful_until(ms: u64, item: u64) -> Entry<u64> {
    let mut entry = plain(item);
    entry.tag.deadline = at(ms);
    entry
}

fn is_refused(store: &mut Store<u64>) -> bool {
    matches!(store.offer(plain(99)), Offered::Full(_))
}

#[test]
fn as_many_are_let_in_as_are_asked_for() {
    let mut store = store(on_demand());
    assert!(is_refused(&mut store) && !store.reserve(1) && store.refuses_all());
    store.demand(3);
    let_in(&mut store, [plain(1)]);
    assert!(store.reserve(1));
    store.fill(plain(2));
    assert_eq!(store.credit(), 1);
    let_in(&mut store, [plain(3)]);
    assert!(is_refused(&mut store));
    // Those that are received were asked for; others are to be asked for.
    while store.take(at(0), &mut Vec::new()).is_some() {}
    assert!(is_refused(&mut store));
}

#[test]
fn a_place_that_is_given_up_is_free_for_another() {
    let mut store = store(on_demand());
    store.demand(1);
    assert!(store.reserve(1));
    assert!(is_refused(&mut store));
    store.unreserve(1);
    assert_eq!(store.credit(), 1);
    let_in(&mut store, [plain(1)]);
}

/// Otherwise who has asked for one waits for ever.
#[test]
fn who_has_asked_for_one_gets_one_although_others_expire() {
    let mut store = store(on_demand());
    store.demand(1);
    for round in 1..10 {
        let_in(&mut store, [useful_until(round, round)]);
        assert_eq!(store.take(at(round), &mut Vec::new()), None);
        assert_eq!(store.credit(), 1);
    }
    let_in(&mut store, [plain(10)]);
    assert!(store.take(at(10), &mut Vec::new()).is_some());
    assert_eq!(store.credit(), 0);
}

#[test]
fn what_has_waited_for_too_long_is_replaced() {
    let mut config = on_demand();
    config.codel = Some(Codel::default());
    let mut store = store(config);
    store.demand(100);
    let_in(&mut store, (0..100).map(plain));
    let mut overboard = Vec::new();
    for now in [20, 120, 130] {
        assert!(store.take(at(now), &mut overboard).is_some());
    }
    assert_eq!(store.credit(), overboard.len() as u64);
    assert!(overboard.len() > 90);
}

#[test]
fn what_is_delivered_again_needs_no_asking() {
    let mut config = on_demand();
    config.deliveries.max_attempts = 3;
    let mut store = store(config);
    store.demand(1);
    let_in(&mut store, [useful_until(10, 1)]);
    let (first, _) = deliver(&mut store, at(0));
    store.settle(at(0), first, Ending::Dropped, &mut Vec::new());
    let (second, _) = deliver(&mut store, at(0));
    store.settle(at(0), second, Ending::Nack(ms(1)), &mut Vec::new());
    // It was received, even if it expires now.
    assert_eq!(store.take(at(10), &mut Vec::new()), None);
    assert_eq!((store.credit(), store.used()), (0, 0));
}

#[test]
fn what_was_asked_for_while_nothing_was_on_demand_counts() {
    let mut config = on_demand();
    config.on_demand = false;
    let mut store = store(config.clone());
    let_in(&mut store, [plain(1)]);
    store.demand(2);
    let_in(&mut store, [plain(2)]);
    assert!(store.reserve(1));
    config.on_demand = true;
    store.reconfigure(config.clone());
    assert!(is_refused(&mut store), "one is there, and one will be");
    config.on_demand = false;
    store.reconfigure(config.clone());
    store.unreserve(1);
    config.on_demand = true;
    store.reconfigure(config);
    assert_eq!(store.credit(), 1);
}

#[test]
fn who_asks_for_all_there_ever_will_be_gets_it() {
    let mut store = store(on_demand());
    store.demand(u64::MAX);
    assert!(store.reserve(1));
    store.demand(u64::MAX);
    store.unreserve(1);
    assert_eq!(store.credit(), u64::MAX);
}
