//! Who gets what, and what becomes of it then.

use super::{Item, Model, Place, nanos};
use crate::config::Order;
use crate::letter::Failure;
use crate::store::Ending;
use crate::why::Why;

/// What became of an item whose delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store::tests) enum Fate {
    Done(u64),
    Again,
    Dead,
}

impl Model {
    pub(in crate::store::tests) fn may_board(&self) -> bool {
        let most = self.config.deliveries.max_in_flight;
        self.in_flight() < most.unwrap_or(self.config.capacity)
    }

    pub(in crate::store::tests) fn take(&mut self, now: u64) -> Option<Item> {
        self.pass(now);
        let item = self.next(now)?;
        if item.attempts == 0 {
            self.lent = self.lent.saturating_sub(1);
        }
        Some(item)
    }

    /// With it, what stands for the delivery.
    pub(in crate::store::tests) fn board(&mut self, now: u64) -> Option<(usize, Item)> {
        self.pass(now);
        if !self.may_board() {
            return None;
        }
        let mut item = self.next(now)?;
        if item.attempts == 0 {
            self.lent = self.lent.saturating_sub(1);
        }
        self.tickets += 1;
        item.attempts += 1;
        item.place = Place::Boarding(self.tickets);
        self.items.push(item.clone());
        Some((self.tickets, item))
    }

    fn find(&self, is: impl Fn(&Place) -> bool) -> Option<usize> {
        self.items.iter().position(|item| is(&item.place))
    }

    fn until(&self, now: u64) -> Option<u64> {
        let lease = self.config.deliveries.lease;
        lease.map(|lease| now.saturating_add(nanos(lease)))
    }

    pub(in crate::store::tests) fn depart(&mut self, now: u64, ticket: usize) {
        let index = self.find(|place| *place == Place::Boarding(ticket));
        let index = index.expect("it boarded");
        self.items[index].place = Place::Flight(ticket, self.until(now));
    }

    pub(in crate::store::tests) fn extend(&mut self, now: u64, ticket: usize) -> bool {
        let lives = |place: &Place| match place {
            Place::Flight(other, until) => *other == ticket && until.is_none_or(|at| now < at),
            _ => false,
        };
        let index = self.find(lives);
        if let Some(index) = index {
            self.items[index].place = Place::Flight(ticket, self.until(now));
        }
        index.is_some()
    }

    pub(in crate::store::tests) fn settle(
        &mut self,
        now: u64,
        ticket: usize,
        ending: &Ending,
    ) -> Option<Fate> {
        self.pass(now);
        let flies = |place: &Place| matches!(place, Place::Flight(other, _) if *other == ticket);
        let index = self.find(flies)?;
        let fate = match ending {
            Ending::Ack => Fate::Done(self.items.remove(index).id),
            Ending::Spared => {
                self.items[index].spared += 1;
                self.fail(index, Failure::Dropped, now, 0)
            }
            Ending::Bury => {
                self.bury(index, Failure::Buried);
                Fate::Dead
            }
            Ending::Nack(delay) => self.fail(index, Failure::Nacked, now, nanos(*delay)),
            Ending::Dropped => self.fail(index, Failure::Dropped, now, 0),
            Ending::Panicked(panic) => self.fail(index, Failure::Panicked(panic.clone()), now, 0),
        };
        Some(fate)
    }

    fn fail(&mut self, index: usize, failure: Failure, now: u64, delay: u64) -> Fate {
        let counted = self.items[index].attempts - self.items[index].spared;
        if counted >= self.config.deliveries.max_attempts {
            self.bury(index, failure);
            return Fate::Dead;
        }
        if delay == 0 {
            self.line_up(index);
        } else {
            self.items[index].place = Place::Later(now.saturating_add(delay));
        }
        Fate::Again
    }

    fn bury(&mut self, index: usize, failure: Failure) {
        let item = self.items.remove(index);
        self.dead.push((item.id, item.attempts, failure));
        while self.dead.len() > self.config.deliveries.dead_letters {
            let (id, ..) = self.dead.remove(0);
            self.overboard.push((id, Why::NoRoomForDeadLetters));
        }
    }

    /// First what is with workers, then what comes later, each by when it is due and then by when it was delivered, or
    /// came in.
    fn pass(&mut self, now: u64) {
        let over = |item: &Item| match item.place {
            Place::Flight(ticket, Some(until)) if until <= now => Some((until, ticket)),
            _ => None,
        };
        while let Some(index) = self.first_by(over) {
            self.fail(index, Failure::LeaseOver, now, 0);
        }
        let due = |item: &Item| match item.place {
            Place::Later(due) if due <= now => Some((due, item.number)),
            _ => None,
        };
        while let Some(index) = self.first_by(due) {
            self.line_up(index);
        }
    }

    fn first_by<K: Ord>(&self, key: impl Fn(&Item) -> Option<K>) -> Option<usize> {
        let keyed = self.items.iter().enumerate();
        let keyed = keyed.filter_map(|(index, item)| Some((key(item)?, index)));
        keyed.min().map(|(_, index)| index)
    }

    fn next(&mut self, now: u64) -> Option<Item> {
        loop {
            let mut classes = 0..usize::from(self.config.classes);
            let class = classes.find(|class| !self.waiting_in(*class).is_empty())?;
            let id = match self.config.order {
                Order::Fair => self.next_in_turn(class),
                order => self.next_in_line(class, order, now),
            };
            let item = self.call(id);
            let Some(why) = self.objection(class, &item, now) else {
                return Some(item);
            };
            self.turns[class].refund(item.key, item.cost());
            if item.attempts == 0 {
                self.give_back();
            }
            self.overboard.push((item.id, why));
        }
    }

    fn objection(&mut self, class: usize, item: &Item, now: u64) -> Option<Why> {
        if item.deadline <= now {
            return Some(Why::Expired);
        }
        let codel = self.config.codel?;
        let last = self.waiting_in(class).is_empty();
        if item.attempts > 0 || last {
            return None;
        }
        let waited = now.saturating_sub(item.since);
        let too_long = self.standing[class].is_too_long(codel, waited, now);
        too_long.then_some(Why::WaitedTooLong)
    }

    fn next_in_line(&self, class: usize, order: Order, now: u64) -> u64 {
        let mut lot = self.waiting_in(class);
        lot.sort_by_key(|item| item.number);
        let again = lot.iter().any(|item| item.attempts > 0);
        lot.retain(|item| (item.attempts > 0) == again);
        let first = match order {
            Order::Lifo => false,
            Order::AdaptiveLifo(standing) if !again => {
                now.saturating_sub(lot[0].since) <= nanos(standing)
            }
            _ => true,
        };
        if first {
            lot[0].id
        } else {
            lot[lot.len() - 1].id
        }
    }

    /// The first of the key whose turn it is, which pays for it.
    pub(super) fn next_in_turn(&mut self, class: usize) -> u64 {
        let lot: Vec<_> = self.waiting_in(class).into_iter().cloned().collect();
        let first = |key| {
            let of_key = lot.iter().filter(|item| item.key == key);
            of_key.min_by_key(|item| item.number)
        };
        let first = |key| first(key).expect("keys without items have no turn");
        let key = self.turns[class].next(|key| first(key).cost());
        first(key).id
    }
}
