//! What a queue is to do, with everything in one list and counted anew each time.

mod delivery;
mod standing;
mod turns;

use std::time::Duration;

use crate::config::{Config, Order, Overload};
use crate::letter::Failure;
use crate::why::Why;

pub(super) use delivery::Fate;
use standing::Standing;
use turns::Turns;

/// An item, and where it is.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) id: u64,
    pub(super) since: u64,
    pub(super) deadline: u64,
    pub(super) weight: u32,
    pub(super) key: u64,
    pub(super) class: u8,
    pub(super) attempts: u32,
    pub(super) spared: u32,
    /// When it came in, among all.
    number: u64,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Outside,
    Line,
    /// About to be delivered.
    Boarding(usize),
    /// Delivered, until the lease is over.
    Flight(usize, Option<u64>),
    Later(u64),
}

/// What became of an item that was offered: itself unless it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    In(Vec<u64>),
    Full,
    TooHeavy,
    Dropped,
}

#[derive(Clone, Debug)]
pub(super) struct Model {
    config: Config,
    items: Vec<Item>,
    pub(super) dead: Vec<(u64, u32, Failure)>,
    reserved: Vec<u32>,
    numbers: u64,
    tickets: usize,
    credit: u64,
    lent: u64,
    /// By class.
    standing: Vec<Standing>,
    turns: Vec<Turns>,
    /// What went overboard in this step.
    pub(super) overboard: Vec<(u64, Why)>,
}

pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Item {
    pub(super) fn new(id: u64, since: u64) -> Self {
        Self {
            id,
            since,
            deadline: u64::MAX,
            weight: 1,
            key: 0,
            class: 0,
            attempts: 0,
            spared: 0,
            number: 0,
            place: Place::Outside,
        }
    }

    fn cost(&self) -> u64 {
        u64::from(self.weight).max(1)
    }
}

impl Model {
    pub(super) fn new(config: Config) -> Self {
        let classes = usize::from(config.classes);
        Self {
            config,
            items: Vec::new(),
            dead: Vec::new(),
            reserved: Vec::new(),
            numbers: 0,
            tickets: 0,
            credit: 0,
            lent: 0,
            standing: vec![Standing::default(); classes],
            turns: vec![Turns::default(); classes],
            overboard: Vec::new(),
        }
    }

    pub(super) fn reconfigure(&mut self, config: Config) {
        let before = std::mem::replace(&mut self.config, config);
        let after = &self.config;
        let anew = (before.order, before.classes) != (after.order, after.classes);
        if anew || before.codel != after.codel {
            self.standing = vec![Standing::default(); usize::from(after.classes)];
        }
        if anew {
            self.turns = vec![Turns::default(); usize::from(after.classes)];
            let mut line: Vec<_> = self.waiting().cloned().collect();
            line.sort_by_key(|item| item.number);
            for item in line {
                let class = self.class(&item);
                self.turns[class].comes(item.key, item.cost());
            }
        }
    }

    fn class(&self, item: &Item) -> usize {
        usize::from(item.class.min(self.config.classes - 1))
    }

    pub(super) fn waiting(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.place == Place::Line)
    }

    fn waiting_in(&self, class: usize) -> Vec<&Item> {
        self.waiting()
            .filter(|item| self.class(item) == class)
            .collect()
    }

    fn count(&self, is: impl Fn(&Place) -> bool) -> usize {
        self.items.iter().filter(|item| is(&item.place)).count()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting().count()
    }

    pub(super) fn in_flight(&self) -> usize {
        self.count(|place| matches!(place, Place::Boarding(_) | Place::Flight(..)))
    }

    pub(super) fn later(&self) -> usize {
        self.count(|place| matches!(place, Place::Later(_)))
    }

    pub(super) fn used(&self) -> usize {
        self.items.len() + self.reserved.len()
    }

    pub(super) fn weight(&self) -> u64 {
        let items = self.items.iter().map(|item| item.weight);
        let all = items.chain(self.reserved.iter().copied());
        all.map(u64::from).sum()
    }

    pub(super) fn credit(&self) -> u64 {
        self.credit
    }

    pub(super) fn next_due(&self) -> Option<u64> {
        let due = self.items.iter().filter_map(|item| match item.place {
            Place::Flight(_, until) => until,
            Place::Later(due) => Some(due),
            _ => None,
        });
        due.min()
    }

    /// Since when those wait that came first: of each class or key, of those that were delivered and those that were not.
    pub(super) fn oldest(&self) -> Option<u64> {
        let fair = self.config.order == Order::Fair;
        let peer = |a: &Item, b: &Item| {
            let same_lot = if fair {
                a.key == b.key
            } else {
                (a.attempts == 0) == (b.attempts == 0)
            };
            self.class(a) == self.class(b) && same_lot
        };
        let is_first = |item: &&Item| {
            let before = |other: &Item| peer(item, other) && other.number < item.number;
            !self.waiting().any(before)
        };
        self.waiting().filter(is_first).map(|item| item.since).min()
    }

    pub(super) fn has_room(&self, weight: u32) -> bool {
        let weight = self.weight() + u64::from(weight);
        self.used() < self.config.capacity
            && self.config.max_weight.is_none_or(|most| weight <= most)
            && (!self.config.on_demand || self.credit > 0)
    }

    pub(super) fn demand(&mut self, items: u64) {
        self.credit = self.credit.saturating_add(items);
    }

    fn lend(&mut self) {
        if self.credit > 0 {
            (self.credit, self.lent) = (self.credit - 1, self.lent + 1);
        }
    }

    fn give_back(&mut self) {
        if self.lent > 0 {
            (self.credit, self.lent) = (self.credit.saturating_add(1), self.lent - 1);
        }
    }

    pub(super) fn reserve(&mut self, weight: u32) -> bool {
        let has_room = self.has_room(weight);
        if has_room {
            self.reserved.push(weight);
            self.lend();
        }
        has_room
    }

    fn remove_reserved(&mut self, weight: u32) {
        let place = self.reserved.iter().position(|other| *other == weight);
        self.reserved.remove(place.expect("it was reserved"));
    }

    pub(super) fn unreserve(&mut self, weight: u32) {
        self.remove_reserved(weight);
        self.give_back();
    }

    pub(super) fn fill(&mut self, item: Item) {
        self.remove_reserved(item.weight);
        self.enter(item);
    }

    fn enter(&mut self, mut item: Item) {
        self.numbers += 1;
        item.number = self.numbers;
        self.items.push(item);
        self.line_up(self.items.len() - 1);
    }

    fn line_up(&mut self, index: usize) {
        self.items[index].place = Place::Line;
        let item = self.items[index].clone();
        let class = self.class(&item);
        self.turns[class].comes(item.key, item.cost());
    }

    /// Takes one out of the line.
    fn call(&mut self, id: u64) -> Item {
        let index = self.items.iter().position(|item| item.id == id);
        let item = self.items.remove(index.expect("it is there"));
        let class = self.class(&item);
        let rest = self.waiting_in(class);
        let (empty, key_empty) = (rest.is_empty(), !rest.iter().any(|it| it.key == item.key));
        if empty {
            self.standing[class] = Standing::default();
        }
        if key_empty {
            self.turns[class].goes(item.key);
        }
        item
    }

    pub(super) fn withdraw(&mut self, id: u64) -> Option<u64> {
        self.waiting().find(|item| item.id == id)?;
        let item = self.call(id);
        if item.attempts == 0 {
            self.give_back();
        }
        Some(id)
    }

    pub(super) fn offer(&mut self, item: Item) -> Offer {
        let too_heavy = |most| u64::from(item.weight) > most;
        if !self.has_room(item.weight) {
            if self.config.max_weight.is_some_and(too_heavy) {
                return Offer::TooHeavy;
            }
            let class = self.class(&item);
            let (floor, otherwise) = match self.config.overload {
                Overload::Reject | Overload::Wait | Overload::WaitFor(_) => return Offer::Full,
                Overload::DropNewest => return Offer::Dropped,
                Overload::DropOldest => (class, Offer::Dropped),
                Overload::DropLeastImportant => (class + 1, Offer::Full),
            };
            let before = self.clone();
            let mut evicted = Vec::new();
            while !self.has_room(item.weight) {
                let Some(victim) = self.victim(floor) else {
                    *self = before;
                    return otherwise;
                };
                let victim = self.call(victim);
                if victim.attempts == 0 {
                    self.give_back();
                }
                evicted.push(victim.id);
            }
            self.lend();
            self.enter(item);
            return Offer::In(evicted);
        }
        self.lend();
        self.enter(item);
        Offer::In(Vec::new())
    }

    fn victim(&self, floor: usize) -> Option<u64> {
        let classes = (floor..usize::from(self.config.classes)).rev();
        let mut lots = classes.map(|class| self.waiting_in(class));
        let mut lot = lots.find(|lot| !lot.is_empty())?;
        if self.config.order == Order::Fair {
            let cost = |key| -> u64 {
                let of_key = lot.iter().filter(|item| item.key == key);
                of_key.map(|item| item.cost()).sum()
            };
            let key = lot.iter().map(|item| (cost(item.key), item.key)).max()?.1;
            lot.retain(|item| item.key == key);
        }
        lot.iter().min_by_key(|item| item.number).map(|it| it.id)
    }

    pub(super) fn take_dead(&mut self) -> Option<(u64, u32, Failure)> {
        (!self.dead.is_empty()).then(|| self.dead.remove(0))
    }

    pub(super) fn drain_one(&mut self) -> Option<u64> {
        let mut classes = 0..usize::from(self.config.classes);
        let class = classes.find(|class| !self.waiting_in(*class).is_empty());
        let item = match class {
            Some(class) if self.config.order == Order::Fair => {
                let id = self.next_in_turn(class);
                self.call(id)
            }
            Some(class) => {
                let lot = self.waiting_in(class);
                let first = lot.iter().min_by_key(|item| item.number);
                let id = first.expect("the class has some").id;
                self.call(id)
            }
            None => {
                let due = |item: &Item| match item.place {
                    Place::Later(due) => Some((due, item.number)),
                    _ => None,
                };
                let first = (0..self.items.len())
                    .filter(|index| due(&self.items[*index]).is_some())
                    .min_by_key(|index| due(&self.items[*index]))?;
                self.items.remove(first)
            }
        };
        if item.attempts == 0 {
            self.give_back();
        }
        Some(item.id)
    }
}
