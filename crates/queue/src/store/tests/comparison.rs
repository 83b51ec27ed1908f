//! The store does as the model does, step by step, over random configurations and schedules.

use proptest::prelude::*;
use proptest::sample::Index;
use seaworthy_core::clock::Coarse;

use super::ledger::Ledger;
use super::model::{Fate, Item, Model, Offer, nanos};
use super::schedule::{Action, Sketch, config, schedule};
use super::{BEGIN, cases, items};
use crate::config::Config;
use crate::store::entry::{Entry, Spot, Tag};
use crate::store::{Ending, Offered, Overboard, Settled, Store, Ticket};
use crate::why::Why;

struct Bench {
    store: Store<u64>,
    model: Model,
    ledger: Ledger,
    clock: u64,
    items: u64,
    /// Of the store, and of the model.
    boarding: Vec<(Ticket, usize, Entry<u64>)>,
    flights: Vec<(Ticket, usize)>,
    landed: Vec<(Ticket, usize)>,
    reserved: Vec<u32>,
    /// Of all items that ever came in.
    spots: Vec<(Spot, u64)>,
    overboard: Vec<Overboard<u64>>,
}

impl Bench {
    fn new(config: Config) -> Self {
        let mut ledger = Ledger::default();
        ledger.begin(&config, 0);
        Self {
            store: Store::new(config.clone()),
            model: Model::new(config),
            ledger,
            clock: BEGIN,
            items: 0,
            boarding: Vec::new(),
            flights: Vec::new(),
            landed: Vec::new(),
            reserved: Vec::new(),
            spots: Vec::new(),
            overboard: Vec::new(),
        }
    }

    fn now(&self) -> Coarse {
        Coarse::from_nanos(self.clock)
    }

    fn item(&mut self, sketch: Sketch) -> (Entry<u64>, Item) {
        self.items += 1;
        let mut item = Item::new(self.items, self.clock);
        (item.weight, item.key, item.class) = (sketch.weight, sketch.key, sketch.class);
        if let Some(time) = sketch.useful_for {
            item.deadline = self.clock + time * 1_000_000;
        }
        let mut tag = Tag::plain(self.now());
        (tag.weight, tag.key, tag.class) = (item.weight, item.key, item.class);
        tag.deadline = Coarse::from_nanos(item.deadline);
        let entry = Entry::new(item.id, tag);
        (entry, item)
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Offer(sketch) => self.offer(*sketch),
            Action::Take => self.take(),
            Action::Board { departs } => self.board(*departs),
            Action::Depart(which) => {
                if let Some((ticket, of_model, entry)) = pick(&mut self.boarding, *which) {
                    self.depart(ticket, of_model, entry);
                }
            }
            Action::End(which, how) => {
                if let Some(flight) = pick(&mut self.flights, *which) {
                    self.end(flight, how);
                    self.landed.push(flight);
                }
            }
            Action::EndAgain(which, how) => {
                if let Some(flight) = pick(&mut self.landed, *which) {
                    self.end(flight, how);
                    self.landed.push(flight);
                }
            }
            Action::Extend(which) => {
                if let Some(flight) = pick(&mut self.flights, *which) {
                    let extended = self.store.extend(self.now(), flight.0);
                    assert_eq!(extended, self.model.extend(self.clock, flight.1), "extend");
                    self.flights.push(flight);
                }
            }
            Action::Demand(items) => {
                self.store.demand(*items);
                self.model.demand(*items);
            }
            Action::Reserve(weight) => {
                let reserved = self.store.reserve(*weight);
                assert_eq!(reserved, self.model.reserve(*weight), "reserve");
                self.reserved.extend(reserved.then_some(*weight));
            }
            Action::Fill(which, sketch) => {
                if let Some(weight) = pick(&mut self.reserved, *which) {
                    let (entry, item) = self.item(Sketch { weight, ..*sketch });
                    let id = entry.item;
                    self.ledger.comes(id);
                    self.spots.push((self.store.fill(entry), id));
                    self.model.fill(item);
                }
            }
            Action::Unreserve(which) => {
                if let Some(weight) = pick(&mut self.reserved, *which) {
                    self.store.unreserve(weight);
                    self.model.unreserve(weight);
                }
            }
            Action::Withdraw(which) => {
                if let Some((spot, id)) = pick(&mut self.spots, *which) {
                    let withdrawn = self.store.withdraw(spot).map(|entry| entry.item);
                    assert_eq!(withdrawn, self.model.withdraw(id), "withdrawn");
                    match withdrawn {
                        Some(id) => self.ledger.dropped(id, Why::Drained),
                        None => self.spots.push((spot, id)),
                    }
                }
            }
            Action::Reconfigure(config) => {
                self.ledger.begin(config, self.store.used());
                self.store.reconfigure(Config::clone(config));
                self.model.reconfigure(Config::clone(config));
            }
            Action::Advance(time) => self.clock += nanos(*time),
            Action::GoBack(time) => self.clock -= nanos(*time),
            Action::AdvanceToDue => {
                let due = self.model.next_due().filter(|due| *due < u64::MAX);
                self.clock = self.clock.max(due.unwrap_or_default());
            }
            Action::TakeDead => self.take_dead(),
            Action::DrainOne => {
                let drained = self.store.drain_one().map(|entry| entry.item);
                assert_eq!(drained, self.model.drain_one(), "drained");
                if let Some(id) = drained {
                    self.ledger.dropped(id, Why::Drained);
                }
            }
        }
        self.compare();
    }

    fn offer(&mut self, sketch: Sketch) {
        let (entry, item) = self.item(sketch);
        let id = entry.item;
        let offered = match self.store.offer(entry) {
            Offered::In(spot, evicted) => {
                self.spots.push((spot, id));
                self.ledger.comes(id);
                let evicted: Vec<_> = evicted.iter().map(|entry| entry.item).collect();
                for id in &evicted {
                    self.ledger.dropped(*id, Why::Evicted);
                }
                Offer::In(evicted)
            }
            Offered::Full(entry) => handed_back(&entry, id, Offer::Full),
            Offered::TooHeavy(entry) => handed_back(&entry, id, Offer::TooHeavy),
            Offered::Dropped(entry) => handed_back(&entry, id, Offer::Dropped),
        };
        assert_eq!(offered, self.model.offer(item), "offered");
    }

    fn take(&mut self) {
        let taken = self.store.take(self.now(), &mut self.overboard);
        let expected = self.model.take(self.clock);
        assert_eq!(
            taken.as_ref().map(|entry| (entry.item, entry.tag.attempts)),
            expected.map(|item| (item.id, item.attempts)),
            "taken"
        );
        self.throw();
        if let Some(entry) = taken {
            self.ledger.taken(&entry);
        }
    }

    fn board(&mut self, departs: bool) {
        let boarded = self.store.board(self.now(), &mut self.overboard);
        let expected = self.model.board(self.clock);
        let seen = boarded.as_ref().map(|(_, it)| (it.item, it.tag.attempts));
        let wanted = expected.as_ref().map(|(_, it)| (it.id, it.attempts));
        assert_eq!(seen, wanted, "boarded");
        self.throw();
        if let (Some((ticket, entry)), Some((of_model, _))) = (boarded, expected) {
            self.ledger.delivered(&entry);
            if departs {
                self.depart(ticket, of_model, entry);
            } else {
                self.boarding.push((ticket, of_model, entry));
            }
        }
    }

    fn depart(&mut self, ticket: Ticket, of_model: usize, entry: Entry<u64>) {
        self.store.depart(self.now(), ticket, entry);
        self.model.depart(self.clock, of_model);
        self.flights.push((ticket, of_model));
    }

    fn end(&mut self, (ticket, of_model): (Ticket, usize), how: &Ending) {
        let now = self.now();
        let settled = self
            .store
            .settle(now, ticket, how.clone(), &mut self.overboard);
        let fate = settled.map(|settled| match settled {
            Settled::Done(entry) => Fate::Done(entry.item),
            Settled::Again => Fate::Again,
            Settled::Dead => Fate::Dead,
        });
        assert_eq!(
            fate,
            self.model.settle(self.clock, of_model, how),
            "{how:?}"
        );
        self.throw();
        if let Some(Fate::Done(id)) = fate {
            self.ledger.acknowledged(id);
        }
    }

    fn take_dead(&mut self) {
        let letter = self.store.take_dead();
        let read = letter.map(|letter| {
            let (attempts, failure) = (letter.attempts(), letter.last_failure().clone());
            (letter.into_item(), attempts, failure)
        });
        assert_eq!(read, self.model.take_dead(), "dead letter");
        if let Some((id, ..)) = read {
            self.ledger.dropped(id, Why::Drained);
        }
    }

    /// What went overboard in this step.
    fn throw(&mut self) {
        let thrown = items(&std::mem::take(&mut self.overboard));
        assert_eq!(
            thrown,
            std::mem::take(&mut self.model.overboard),
            "overboard"
        );
        for (id, why) in thrown {
            self.ledger.dropped(id, why);
        }
    }

    fn compare(&mut self) {
        let (store, model) = (&self.store, &self.model);
        assert_eq!(store.len(), model.len(), "len");
        assert_eq!(store.used(), model.used(), "used");
        assert_eq!(store.weight(), model.weight(), "weight");
        assert_eq!(store.in_flight(), model.in_flight(), "in flight");
        assert_eq!(store.later(), model.later(), "later");
        assert_eq!(store.dead(), model.dead.len(), "dead");
        assert_eq!(store.credit(), model.credit(), "credit");
        assert_eq!(store.may_board(), model.may_board(), "may board");
        assert_eq!(store.has_room(0), model.has_room(0), "room");
        let due = store.next_due().map(Coarse::as_nanos);
        assert_eq!(due, model.next_due(), "due");
        let oldest = store.oldest().map(Coarse::as_nanos);
        assert_eq!(oldest, model.oldest(), "oldest");
        let (capacity, reserved) = (store.config().capacity, self.reserved.len());
        let (used, dead) = (store.used(), store.dead());
        self.ledger.balance(capacity, used, reserved, dead);
    }

    /// In the end, each item can be had.
    fn empty(&mut self) {
        for which in std::mem::take(&mut self.boarding) {
            self.depart(which.0, which.1, which.2);
        }
        for flight in std::mem::take(&mut self.flights) {
            self.end(flight, &Ending::Dropped);
        }
        for weight in std::mem::take(&mut self.reserved) {
            self.store.unreserve(weight);
            self.model.unreserve(weight);
        }
        while self.store.used() > 0 {
            self.act(&Action::DrainOne);
        }
        while self.store.dead() > 0 {
            self.act(&Action::TakeDead);
        }
        self.compare();
        assert_eq!(self.store.weight(), 0);
    }
}

fn handed_back(entry: &Entry<u64>, id: u64, offer: Offer) -> Offer {
    assert_eq!(entry.item, id, "the item is handed back");
    offer
}

fn pick<T>(list: &mut Vec<T>, which: Index) -> Option<T> {
    let number = list.len();
    (number > 0).then(|| list.remove(which.index(number)))
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_store_does_as_the_model_does(config in config(), actions in schedule()) {
        let mut bench = Bench::new(config);
        for action in &actions {
            bench.act(action);
        }
        bench.empty();
    }
}
