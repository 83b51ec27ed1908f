//! As many receivers are told of items as there may be something for: nobody waits while there is something for him.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;
use seaworthy_core::clock::Coarse;

use super::schedule::{config, ending};
use super::{BEGIN, cases, deliver, let_in, ms, plain, store};
use crate::config::{Config, Deliveries};
use crate::store::{Ending, Store, Ticket};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Board,
    Take,
}

#[derive(Clone, Debug)]
enum Action {
    Push,
    /// Somebody wants an item, and waits if there is none.
    Receive(Way),
    /// Somebody takes one if there is one.
    Snatch(Way),
    /// Somebody who was called comes.
    Come(Index),
    /// Somebody who was called goes away.
    Cancel(Index),
    End(Index, Ending),
    /// With it, who looks when something is due.
    Advance(Duration, Way),
    Reconfigure(Box<Config>),
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![Just(Way::Board), Just(Way::Take)]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        8 => Just(Action::Push),
        8 => way().prop_map(Action::Receive),
        2 => way().prop_map(Action::Snatch),
        6 => any::<Index>().prop_map(Action::Come),
        2 => any::<Index>().prop_map(Action::Cancel),
        6 => (any::<Index>(), ending()).prop_map(|(which, how)| Action::End(which, how)),
        4 => (0u64..20, way()).prop_map(|(time, way)| Action::Advance(ms(time), way)),
        1 => config().prop_map(|config| Action::Reconfigure(Box::new(config))),
    ]
}

/// Who waits, and who was called, as a queue has them.
struct Bench {
    store: Store<u64>,
    clock: u64,
    waiting: Vec<Way>,
    called: Vec<Way>,
    flights: Vec<Ticket>,
}

impl Bench {
    fn attempt(&mut self, way: Way) -> bool {
        let (now, mut overboard) = (Coarse::from_nanos(self.clock), Vec::new());
        let got = match way {
            Way::Take => self.store.take(now, &mut overboard).is_some(),
            Way::Board => match self.store.board(now, &mut overboard) {
                Some((ticket, entry)) => {
                    self.store.depart(now, ticket, entry);
                    self.flights.push(ticket);
                    true
                }
                None => false,
            },
        };
        self.tell();
        got
    }

    fn tell(&mut self) {
        for _ in 0..self.store.take_news() {
            let full = !self.store.may_board() && self.store.len() > 0;
            let first = |way| self.waiting.iter().position(|other| *other == way);
            let deliveries = first(Way::Board).filter(|_| !full);
            let Some(first) = deliveries.or_else(|| first(Way::Take)) else {
                return;
            };
            let way = self.waiting.remove(first);
            self.called.push(way);
        }
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Push => {
                self.store.demand(1);
                let _ = self.store.offer(plain(0));
                self.tell();
            }
            Action::Receive(way) => self.receive(*way),
            Action::Snatch(way) => {
                self.attempt(*way);
            }
            Action::Come(which) => {
                if !self.called.is_empty() {
                    let way = self.called.remove(which.index(self.called.len()));
                    self.receive(way);
                }
            }
            Action::Cancel(which) => {
                if !self.called.is_empty() {
                    self.called.remove(which.index(self.called.len()));
                    self.store.pass_news_on();
                    self.tell();
                }
            }
            Action::End(which, how) => {
                if !self.flights.is_empty() {
                    let ticket = self.flights.remove(which.index(self.flights.len()));
                    let now = Coarse::from_nanos(self.clock);
                    self.store.settle(now, ticket, how.clone(), &mut Vec::new());
                    self.tell();
                }
            }
            Action::Advance(time, way) => {
                self.clock += u64::try_from(time.as_nanos()).expect("not for long");
                self.keep(*way);
            }
            Action::Reconfigure(config) => {
                self.store.reconfigure(Config::clone(config));
                self.tell();
            }
        }
        self.check();
    }

    fn receive(&mut self, way: Way) {
        if !self.attempt(way) {
            self.waiting.push(way);
        }
    }

    /// Of those who wait, one has a timer for what is due.
    fn keep(&mut self, way: Way) {
        let is_due = |due: Coarse| due.as_nanos() <= self.clock;
        if !self.store.next_due().is_some_and(is_due) {
            return;
        }
        let keeper = self.waiting.iter().position(|other| *other == way);
        let keeper = keeper.or(if self.waiting.is_empty() {
            None
        } else {
            Some(0)
        });
        if let Some(keeper) = keeper {
            let way = self.waiting.remove(keeper);
            self.receive(way);
        }
    }

    /// Those who were called take what there is.
    fn check(&self) {
        if !self.called.is_empty() {
            return;
        }
        let is_there = |way| match way {
            Way::Take => self.store.len() > 0,
            Way::Board => self.store.len() > 0 && self.store.may_board(),
        };
        let forgotten: Vec<_> = self.waiting.iter().filter(|way| is_there(**way)).collect();
        assert!(forgotten.is_empty(), "{forgotten:?} wait for nothing");
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn nobody_waits_for_what_is_there(
        config in config(),
        actions in prop::collection::vec(action(), 1..80),
    ) {
        let mut bench = Bench {
            store: store(config),
            clock: BEGIN,
            waiting: Vec::new(),
            called: Vec::new(),
            flights: Vec::new(),
        };
        for action in &actions {
            bench.act(action);
        }
        while !bench.called.is_empty() {
            let way = bench.called.remove(0);
            bench.receive(way);
        }
        bench.check();
    }
}

#[test]
fn items_are_told_of_once_each() {
    let mut store = store(Config::default());
    let_in(&mut store, (0..3).map(plain));
    assert_eq!(store.take_news(), 3);
    assert_eq!(store.take_news(), 0);
}

/// Two deliveries that may be under way end at once, and two others may begin.
#[test]
fn leases_that_end_together_make_room_for_as_many_deliveries() {
    let config = Config {
        deliveries: Deliveries {
            max_in_flight: Some(2),
            max_attempts: 1,
            lease: Some(ms(10)),
            ..Deliveries::default()
        },
        ..Config::default()
    };
    let mut store = store(config);
    let_in(&mut store, (0..4).map(plain));
    deliver(&mut store, super::at(0));
    deliver(&mut store, super::at(0));
    store.take_news();

    let (_, entry) = deliver(&mut store, super::at(10));
    assert_eq!((entry.item, store.dead()), (2, 2));
    assert_eq!(
        store.take_news(),
        2,
        "one for the delivery just made, one more"
    );
}

#[test]
fn those_who_wait_for_others_to_end_are_told_when_more_may_be_under_way() {
    let mut config = Config::default();
    config.deliveries.max_in_flight = Some(1);
    let mut store = store(config.clone());
    let_in(&mut store, (0..3).map(plain));
    deliver(&mut store, super::at(0));
    assert!(!store.may_board());
    store.take_news();

    config.deliveries.max_in_flight = Some(3);
    store.reconfigure(config);
    assert!(store.may_board());
    assert_eq!(store.take_news(), 2);
}
