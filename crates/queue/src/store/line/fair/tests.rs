//! What a line that is fair by key costs.

use seaworthy_core::clock::Coarse;

use super::{Fair, SMALL};
use crate::store::entry::{Entry, Tag};

fn of_key(key: u64) -> Entry<u64> {
    let mut tag = Tag::plain(Coarse::default());
    (tag.key, tag.number) = (key, key);
    Entry::new(key, tag)
}

/// Nothing is known of any key, and next to no memory is held.
fn assert_empty(fair: &Fair<u64>) {
    assert!(fair.flows.is_empty() && fair.by_cost.is_empty());
    assert!(fair.round.is_empty() && fair.next_round.is_empty());
    assert_small(fair);
}

fn assert_small(fair: &Fair<u64>) {
    assert!(
        fair.flows.capacity() <= 16 * SMALL,
        "{}",
        fair.flows.capacity()
    );
    let rounds = fair.round.capacity() + fair.next_round.capacity();
    assert!(rounds <= 16 * SMALL, "{rounds}");
}

#[test]
fn a_million_keys_that_come_and_go_leave_nothing_behind() {
    let mut fair = Fair::default();
    for key in 0..1_000_000 {
        fair.push(of_key(key));
        if key >= 10 {
            let entry = fair.pop().expect("there are ten");
            assert_eq!(entry.item, key - 10);
        }
    }
    assert_small(&fair);
    while fair.pop().is_some() {}
    assert_empty(&fair);
}

#[test]
fn many_keys_at_once_leave_nothing_behind() {
    let mut fair = Fair::default();
    for key in 0..100_000 {
        fair.push(of_key(key));
    }
    for _ in 0..100_000 {
        assert!(fair.pop().is_some());
    }
    assert!(fair.pop().is_none());
    assert_empty(&fair);
}

/// While the queue is never empty.
#[test]
fn keys_that_leave_others_behind_leave_nothing_else_behind() {
    let mut fair = Fair::default();
    for _ in 0..10 {
        fair.push(of_key(0));
    }
    for key in 1..10_000 {
        fair.push(of_key(key));
    }
    while fair.flows.len() > 1 {
        assert!(fair.pop().is_some());
    }
    for _ in 0..3 {
        assert!(fair.pop().is_some());
    }
    assert_small(&fair);
}

/// Out of turn.
#[test]
fn keys_that_make_room_leave_nothing_behind() {
    let mut fair = Fair::default();
    for key in 0..100_000 {
        fair.push(of_key(key));
        if key >= 10 {
            assert!(fair.evict().is_some());
        }
    }
    assert_small(&fair);
    while fair.evict().is_some() {}
    assert_empty(&fair);
}

/// An idle one in between pays for nothing: what a key has saved ends with its last item.
#[test]
fn a_key_that_comes_again_is_a_new_one() {
    let mut fair = Fair::default();
    for key in [1, 2, 1, 2] {
        fair.push(of_key(key));
    }
    assert_eq!(fair.evict().map(|entry| entry.item), Some(2));
    assert_eq!(fair.pop().map(|entry| entry.item), Some(1));
    assert_eq!(fair.pop().map(|entry| entry.item), Some(2));
    fair.push(of_key(2));
    assert_eq!(fair.flows[&2].saved, 0);
    assert_eq!(fair.pop().map(|entry| entry.item), Some(1));
    assert_eq!(fair.pop().map(|entry| entry.item), Some(2));
    assert_empty(&fair);
}
