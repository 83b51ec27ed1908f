//! Items that come back, and those that do not.

use std::time::Duration;

use seaworthy_core::clock::Coarse;

use super::{at, deliver, items, let_in, ms, plain, store, take};
use crate::config::{Config, Deliveries};
use crate::letter::Failure;
use crate::store::entry::NEVER;
use crate::store::{Ending, Settled, Store, Ticket};
use crate::why::Why;

fn delivering(deliveries: Deliveries) -> Store<u64> {
    store(Config {
        deliveries,
        ..Config::default()
    })
}

/// Ten milliseconds.
fn leased() -> Store<u64> {
    delivering(Deliveries {
        lease: Some(ms(10)),
        ..Deliveries::default()
    })
}

fn settle(
    store: &mut Store<u64>,
    now: Coarse,
    ticket: Ticket,
    how: Ending,
) -> Option<Settled<u64>> {
    let mut overboard = Vec::new();
    let settled = store.settle(now, ticket, how, &mut overboard);
    assert_eq!(overboard, Vec::new());
    settled
}

#[test]
fn what_is_acknowledged_is_gone() {
    let mut store = leased();
    let_in(&mut store, [plain(1)]);
    let (ticket, _) = deliver(&mut store, at(0));
    let settled = settle(&mut store, at(1), ticket, Ending::Ack);
    assert!(matches!(settled, Some(Settled::Done(entry)) if entry.item == 1));
    assert_eq!(
        (store.used(), store.weight(), store.next_due()),
        (0, 0, None)
    );
    for how in [Ending::Ack, Ending::Dropped, Ending::Bury] {
        assert_eq!(settle(&mut store, at(1), ticket, how), None);
    }
    assert!(!store.extend(at(1), ticket));
    assert_eq!(take(&mut store, at(100)), None);
}

#[test]
fn a_ticket_is_not_that_of_another_delivery_in_the_same_place() {
    let mut store = leased();
    let_in(&mut store, [plain(1), plain(2)]);
    let (first, _) = deliver(&mut store, at(0));
    settle(&mut store, at(0), first, Ending::Ack);
    let (second, _) = deliver(&mut store, at(0));
    assert_eq!(settle(&mut store, at(0), first, Ending::Ack), None);
    assert!(settle(&mut store, at(0), second, Ending::Ack).is_some());
}

#[test]
fn an_acknowledgement_at_the_end_of_the_lease_is_too_late() {
    for (now, in_time) in [(9, true), (10, false)] {
        let mut store = leased();
        let_in(&mut store, [plain(1)]);
        let (ticket, _) = deliver(&mut store, at(0));
        assert_eq!(store.extend(at(now), ticket), in_time, "extended");
        let mut store = leased();
        let_in(&mut store, [plain(1)]);
        let (ticket, _) = deliver(&mut store, at(0));
        let settled = settle(&mut store, at(now), ticket, Ending::Ack);
        assert_eq!(settled.is_some(), in_time, "acknowledged");
        assert_eq!(take(&mut store, at(now)), (!in_time).then_some(1));
    }
}

#[test]
fn a_lease_begins_when_the_worker_has_the_item_and_anew_when_it_says_so() {
    let mut store = leased();
    let_in(&mut store, [plain(1)]);
    let (ticket, entry) = store.board(at(0), &mut Vec::new()).expect("there is one");
    assert_eq!((store.next_due(), store.in_flight()), (None, 1));
    // Not even if the copy takes longer than a lease.
    assert_eq!(settle(&mut store, at(50), ticket, Ending::Ack), None);
    store.depart(at(50), ticket, entry);
    assert_eq!(store.next_due(), Some(at(60)));
    assert!(store.extend(at(55), ticket));
    assert_eq!(store.next_due(), Some(at(65)));
    // Even if the clock has gone back.
    assert!(store.extend(at(40), ticket));
    assert_eq!(store.next_due(), Some(at(50)));
    assert_eq!(take(&mut store, at(50)), Some(1));
}

#[test]
fn leases_that_end_together_end_in_the_order_of_the_deliveries() {
    let mut store = delivering(Deliveries {
        lease: Some(ms(10)),
        max_attempts: 1,
        ..Deliveries::default()
    });
    let_in(&mut store, (0..4).map(plain));
    let (first, _) = deliver(&mut store, at(0));
    deliver(&mut store, at(0));
    settle(&mut store, at(0), first, Ending::Ack);
    deliver(&mut store, at(0));
    deliver(&mut store, at(0));
    assert_eq!(take(&mut store, at(10)), None);
    let letters: Vec<_> = std::iter::from_fn(|| store.take_dead()).collect();
    let items: Vec<_> = letters.iter().map(|letter| *letter.item()).collect();
    assert_eq!(items, [1, 2, 3]);
    assert_eq!(letters[0].last_failure(), &Failure::LeaseOver);
}

#[test]
fn no_lease_is_for_any_time() {
    let mut store = delivering(Deliveries {
        lease: None,
        ..Deliveries::default()
    });
    let_in(&mut store, [plain(1)]);
    let (ticket, _) = deliver(&mut store, at(0));
    assert_eq!(store.next_due(), None);
    assert_eq!(take(&mut store, at(u64::from(u32::MAX))), None);
    assert!(store.extend(at(1), ticket));
    assert!(settle(&mut store, at(1), ticket, Ending::Ack).is_some());
}

#[test]
fn after_as_many_deliveries_as_may_be_an_item_is_a_dead_letter() {
    for max_attempts in [1, 2, 5] {
        let mut store = delivering(Deliveries {
            max_attempts,
            ..Deliveries::default()
        });
        let_in(&mut store, [plain(1)]);
        for attempt in 1..=max_attempts {
            let (ticket, entry) = deliver(&mut store, at(0));
            assert_eq!(entry.tag.attempts, attempt);
            let settled = settle(&mut store, at(0), ticket, Ending::Nack(Duration::ZERO));
            let last = attempt == max_attempts;
            assert_eq!(
                settled == Some(Settled::Dead),
                last,
                "{attempt} of {max_attempts}"
            );
        }
        let letter = store.take_dead().expect("a dead letter");
        assert_eq!((*letter.item(), letter.attempts()), (1, max_attempts));
        assert_eq!((store.used(), store.weight(), store.dead()), (0, 0, 0));
    }
}

#[test]
fn a_dead_letter_says_how_the_last_delivery_failed() {
    let panic = seaworthy_core::panic::catch(|| panic!("of item {}", 1)).err();
    let endings = [
        (
            Ending::Nack(ms(1)),
            Failure::Nacked,
            "the worker gave it back",
        ),
        (Ending::Dropped, Failure::Dropped, "the worker dropped it"),
        (
            Ending::Panicked(None),
            Failure::Panicked(None),
            "the worker panicked",
        ),
        (
            Ending::Panicked(panic.clone()),
            Failure::Panicked(panic),
            "the worker panicked: of item 1",
        ),
        (
            Ending::Bury,
            Failure::Buried,
            "the worker said that nobody is to try again",
        ),
    ];
    for (ending, failure, text) in endings {
        let mut store = delivering(Deliveries {
            max_attempts: 1,
            ..Deliveries::default()
        });
        let_in(&mut store, [plain(1)]);
        let (ticket, _) = deliver(&mut store, at(0));
        assert_eq!(
            settle(&mut store, at(0), ticket, ending),
            Some(Settled::Dead)
        );
        let letter = store.take_dead().expect("a dead letter");
        assert_eq!(letter.last_failure(), &failure);
        assert_eq!(letter.last_failure().to_string(), text);
        assert_eq!(letter.into_item(), 1);
    }
}

#[test]
fn dead_letters_are_bounded_and_the_oldest_go_overboard() {
    let mut config = Config::default();
    (
        config.deliveries.max_attempts,
        config.deliveries.dead_letters,
    ) = (1, 3);
    let mut store = store(config.clone());
    let_in(&mut store, (0..7).map(plain));
    let mut overboard = Vec::new();
    for _ in 0..4 {
        let (ticket, _) = deliver(&mut store, at(0));
        store.settle(at(0), ticket, Ending::Dropped, &mut overboard);
    }
    assert_eq!(items(&overboard), [(0, Why::NoRoomForDeadLetters)]);
    for (most, gone) in [(1, [1, 2, 3].as_slice()), (0, &[4, 5])] {
        config.deliveries.dead_letters = most;
        let before = store.dead();
        store.reconfigure(config.clone());
        assert_eq!(store.dead(), before, "nothing leaves by that");
        let (ticket, _) = deliver(&mut store, at(0));
        overboard.clear();
        store.settle(at(0), ticket, Ending::Dropped, &mut overboard);
        let gone: Vec<_> = gone
            .iter()
            .map(|id| (*id, Why::NoRoomForDeadLetters))
            .collect();
        assert_eq!(items(&overboard), gone);
        assert_eq!(store.dead(), most);
    }
}

#[test]
fn no_more_are_under_way_than_may_be() {
    let mut store = delivering(Deliveries {
        max_in_flight: Some(2),
        ..Deliveries::default()
    });
    let_in(&mut store, (0..4).map(plain));
    let (ticket, _) = deliver(&mut store, at(0));
    deliver(&mut store, at(0));
    assert!(!store.may_board());
    assert_eq!(store.board(at(0), &mut Vec::new()), None);
    assert_eq!(
        take(&mut store, at(0)),
        Some(2),
        "taken for good, it is not under way"
    );
    settle(&mut store, at(0), ticket, Ending::Ack);
    assert_eq!(deliver(&mut store, at(0)).1.item, 3);
}

#[test]
fn what_is_due_in_a_very_long_time_is_kept() {
    let mut store = leased();
    let_in(&mut store, [plain(1), plain(2)]);
    for _ in 0..2 {
        let (ticket, _) = deliver(&mut store, at(0));
        settle(&mut store, at(0), ticket, Ending::Nack(Duration::MAX));
    }
    assert_eq!((store.later(), store.next_due()), (2, Some(NEVER)));
    assert_eq!(take(&mut store, at(1_000_000_000)), None);
    assert_eq!(store.drain_one().map(|entry| entry.item), Some(1));
    assert_eq!(store.drain_one().map(|entry| entry.item), Some(2));
    assert_eq!((store.used(), store.weight()), (0, 0));
}

#[test]
fn a_clock_that_goes_back_loses_nothing() {
    let mut store = leased();
    let_in(&mut store, [plain(1), plain(2)]);
    let (first, _) = deliver(&mut store, at(50));
    let (second, _) = deliver(&mut store, at(50));
    settle(&mut store, at(50), second, Ending::Nack(ms(20)));
    assert_eq!(take(&mut store, at(0)), None);
    assert_eq!((store.in_flight(), store.later()), (1, 1));
    assert!(settle(&mut store, at(0), first, Ending::Ack).is_some());
    assert_eq!(take(&mut store, at(70)), Some(2));
}

/// One that has expired is not delivered again either.
#[test]
fn a_deadline_is_looked_at_each_time() {
    let mut store = leased();
    let mut entry = plain(1);
    entry.tag.deadline = at(5);
    let_in(&mut store, [entry]);
    let (ticket, _) = deliver(&mut store, at(4));
    settle(&mut store, at(4), ticket, Ending::Nack(ms(1)));
    let mut overboard = Vec::new();
    assert_eq!(store.board(at(5), &mut overboard), None);
    assert_eq!(items(&overboard), [(1, Why::Expired)]);
}
