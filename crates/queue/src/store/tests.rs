//! The store against a model that keeps everything in one list, and by itself.

mod admission;
mod codel;
mod comparison;
mod credit;
mod deliveries;
mod fairness;
mod ledger;
mod model;
mod order;
mod schedule;
mod wakeups;

use std::time::Duration;

use proptest::prelude::ProptestConfig;
use seaworthy_core::clock::Coarse;

use super::entry::{Entry, Tag};
use super::{Offered, Overboard, Store, Ticket};
use crate::config::{Config, Order};
use crate::why::Why;

/// Far from zero, and no round number.
const BEGIN: u64 = 31_000_000_123_456_789;

/// So many milliseconds after the beginning.
fn at(ms: u64) -> Coarse {
    Coarse::from_nanos(BEGIN + ms * 1_000_000)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// `PROPTEST_CASES` says how many schedules; 2,000 if it is not set.
fn cases() -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 2000;
    }
    config.failure_persistence = None;
    config
}

fn store(config: Config) -> Store<u64> {
    Store::new(config)
}

/// A configuration of this order and capacity.
fn ordered(order: Order, capacity: usize) -> Config {
    Config {
        capacity,
        order,
        ..Config::default()
    }
}

fn plain(item: u64) -> Entry<u64> {
    let tag = Tag::plain(at(0));
    Entry::new(item, tag)
}

fn of_key(key: u64, item: u64) -> Entry<u64> {
    let mut entry = plain(item);
    entry.tag.key = key;
    entry
}

fn of_class(class: u8, item: u64) -> Entry<u64> {
    let mut entry = plain(item);
    entry.tag.class = class;
    entry
}

fn weighing(weight: u32, item: u64) -> Entry<u64> {
    let mut entry = plain(item);
    entry.tag.weight = weight;
    entry
}

/// What is let in without further ado.
fn let_in(store: &mut Store<u64>, entries: impl IntoIterator<Item = Entry<u64>>) {
    for entry in entries {
        let offered = store.offer(entry);
        let Offered::In(_, evicted) = offered else {
            panic!("{offered:?}")
        };
        assert_eq!(evicted, Vec::new());
    }
}

/// The next one, where nothing is dropped on the way.
fn take(store: &mut Store<u64>, now: Coarse) -> Option<u64> {
    let mut overboard = Vec::new();
    let taken = store.take(now, &mut overboard).map(|entry| entry.item);
    assert_eq!(overboard, Vec::new());
    taken
}

fn take_all(store: &mut Store<u64>, now: Coarse) -> Vec<u64> {
    std::iter::from_fn(|| take(store, now)).collect()
}

/// The next one, with a worker.
fn deliver(store: &mut Store<u64>, now: Coarse) -> (Ticket, Entry<u64>) {
    let boarded = store.board(now, &mut Vec::new());
    let (ticket, entry) = boarded.expect("there is one, and it may be delivered");
    store.depart(now, ticket, entry.clone());
    (ticket, entry)
}

fn items(entries: &[Overboard<u64>]) -> Vec<(u64, Why)> {
    let pairs = entries.iter().map(|(entry, why)| (entry.item, *why));
    pairs.collect()
}
