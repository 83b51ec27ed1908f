//! What a queue holds, without a clock, a lock or a runtime.

mod codel;
pub(crate) mod entry;
mod flights;
mod line;
mod settle;

use std::collections::{BTreeMap, VecDeque};

use seaworthy_core::clock::Coarse;

use crate::config::{Config, Overload};
use crate::letter::DeadLetter;
use crate::why::Why;

use codel::Sojourn;
use entry::Entry;
use flights::Flights;
use line::Line;

pub(crate) use flights::Ticket;
pub(crate) use settle::{Ending, Settled};

/// The items of a queue, wherever they are.
///
/// Each is in one place: it waits, is with a worker, comes again later, or is a dead letter. All but the last count
/// against the capacity, so that an item that comes back always has room.
#[derive(Clone, Debug)]
pub(crate) struct Store<T> {
    config: Config,
    line: Line<T>,
    flights: Flights<T>,
    /// What comes again, by when; the number keeps those apart that come at the same time.
    later: BTreeMap<(Coarse, u64), Entry<T>>,
    numbers: u64,
    dead: VecDeque<DeadLetter<T>>,
    /// Places that somebody holds and has not filled yet.
    reserved: usize,
    /// Of all that count against the capacity.
    weight: u64,
    /// How many more were asked for.
    credit: u64,
    sojourn: Option<Sojourn>,
    /// Items have become available since this was asked last.
    news: usize,
}

/// What becomes of an item that is offered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Offered<T> {
    /// It is in, in place of these.
    In(Vec<Entry<T>>),
    /// There is no room for it.
    Full(Entry<T>),
    /// There never will be.
    TooHeavy(Entry<T>),
    /// There is no room, and so it is to be dropped.
    Dropped(Entry<T>),
}

/// An item that left the queue otherwise than to a receiver.
pub(crate) type Overboard<T> = (Entry<T>, Why);

impl<T> Store<T> {
    pub(crate) fn new(config: Config, now: Coarse) -> Self {
        Self {
            line: Line::new(&config),
            flights: Flights::new(config.deliveries, config.capacity),
            later: BTreeMap::new(),
            numbers: 0,
            dead: VecDeque::new(),
            reserved: 0,
            weight: 0,
            credit: 0,
            sojourn: config.codel.map(|codel| Sojourn::new(codel, now)),
            news: 0,
            config,
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Goes by another configuration, which was checked. What is in it stays, even if it is more than there may be by now;
    /// what waits is lined up anew if others go first.
    pub(crate) fn reconfigure(&mut self, config: Config, now: Coarse) {
        let before = std::mem::replace(&mut self.config, config);
        self.flights
            .reconfigure(self.config.deliveries, self.config.capacity);
        if before.codel != self.config.codel {
            self.sojourn = self.config.codel.map(|codel| Sojourn::new(codel, now));
        }
        if (before.order, before.classes) == (self.config.order, self.config.classes) {
            return;
        }
        let mut line = Line::new(&self.config);
        while let Some(entry) = self.line.drain_one() {
            line.push(entry);
        }
        self.line = line;
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.line.len()
    }

    /// How many there are, and places that are reserved.
    pub(crate) fn used(&self) -> usize {
        self.line.len() + self.flights.len() + self.later.len() + self.reserved
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.flights.len()
    }

    pub(crate) fn later(&self) -> usize {
        self.later.len()
    }

    pub(crate) fn dead(&self) -> usize {
        self.dead.len()
    }

    pub(crate) fn weight(&self) -> u64 {
        self.weight
    }

    pub(crate) fn credit(&self) -> u64 {
        self.credit
    }

    /// Since when the one waits that has waited longest.
    pub(crate) fn oldest(&self) -> Option<Coarse> {
        self.line.oldest()
    }

    /// Items are asked for.
    pub(crate) fn demand(&mut self, items: u64) {
        self.credit = self.credit.saturating_add(items);
    }

    pub(crate) fn is_too_heavy(&self, weight: u32) -> bool {
        self.config
            .max_weight
            .is_some_and(|most| u64::from(weight) > most)
    }

    #[inline]
    pub(crate) fn has_room(&self, weight: u32) -> bool {
        let light = match self.config.max_weight {
            None => true,
            Some(most) => self.weight.saturating_add(weight.into()) <= most,
        };
        self.used() < self.config.capacity && light && (!self.config.on_demand || self.credit > 0)
    }

    /// A place for an item of this weight, if there is one.
    pub(crate) fn reserve(&mut self, weight: u32) -> bool {
        let has_room = self.has_room(weight);
        if has_room {
            self.reserved += 1;
            self.weight += u64::from(weight);
            self.credit = self.credit.saturating_sub(1);
        }
        has_room
    }

    /// A place that was reserved for this weight is not needed.
    pub(crate) fn unreserve(&mut self, weight: u32) {
        self.reserved -= 1;
        self.weight -= u64::from(weight);
        if self.config.on_demand {
            self.credit += 1;
        }
    }

    /// An item for a place that was reserved for its weight.
    pub(crate) fn fill(&mut self, entry: Entry<T>) {
        self.reserved -= 1;
        self.line.push(entry);
        self.news += 1;
    }

    #[inline]
    pub(crate) fn offer(&mut self, entry: Entry<T>) -> Offered<T> {
        let weight = entry.tag.weight;
        if self.has_room(weight) {
            self.admit(entry);
            return Offered::In(Vec::new());
        }
        if self.is_too_heavy(weight) {
            return Offered::TooHeavy(entry);
        }
        match self.config.overload {
            Overload::Reject | Overload::Wait | Overload::WaitFor(_) => Offered::Full(entry),
            Overload::DropNewest => Offered::Dropped(entry),
            Overload::DropOldest => self.make_room(entry, |line, _| line.evict()),
            Overload::DropLeastImportant => {
                self.make_room(entry, |line, class| line.evict_less_important(class))
            }
        }
    }

    #[inline]
    fn admit(&mut self, entry: Entry<T>) {
        self.weight += u64::from(entry.tag.weight);
        if self.config.on_demand {
            self.credit = self.credit.saturating_sub(1);
        }
        self.line.push(entry);
        self.news += 1;
    }

    /// Items give way until there is room. If there are not enough of them, they stay.
    fn make_room(
        &mut self,
        entry: Entry<T>,
        mut evict: impl FnMut(&mut Line<T>, u8) -> Option<Entry<T>>,
    ) -> Offered<T> {
        let mut evicted: Vec<Entry<T>> = Vec::new();
        while !self.has_room(entry.tag.weight) {
            let Some(one) = evict(&mut self.line, entry.tag.class) else {
                // The last one taken goes back first, so that all are where they were.
                for one in evicted.into_iter().rev() {
                    self.weight += u64::from(one.tag.weight);
                    self.line.restore(one);
                }
                return match self.config.overload {
                    // What it would have to make room for is all with workers.
                    Overload::DropOldest => Offered::Dropped(entry),
                    _ => Offered::Full(entry),
                };
            };
            self.weight -= u64::from(one.tag.weight);
            evicted.push(one);
        }
        self.admit(entry);
        Offered::In(evicted)
    }

    /// The item whose turn it is. Those that it is too late for go overboard.
    pub(crate) fn take(
        &mut self,
        now: Coarse,
        overboard: &mut Vec<Overboard<T>>,
    ) -> Option<Entry<T>> {
        self.pass(now, overboard);
        let entry = self.next(now, overboard)?;
        self.weight -= u64::from(entry.tag.weight);
        Some(entry)
    }

    /// The same, for one that stays in the queue until it is acknowledged.
    pub(crate) fn board(
        &mut self,
        now: Coarse,
        overboard: &mut Vec<Overboard<T>>,
    ) -> Option<(Ticket, Entry<T>)> {
        self.pass(now, overboard);
        if !self.flights.has_room() {
            return None;
        }
        let mut entry = self.next(now, overboard)?;
        entry.tag.attempts = entry.tag.attempts.saturating_add(1);
        Some((self.flights.board(), entry))
    }

    pub(crate) fn depart(&mut self, now: Coarse, ticket: Ticket, entry: Entry<T>) {
        self.flights.depart(now, ticket, entry);
    }

    pub(crate) fn extend(&mut self, now: Coarse, ticket: Ticket) -> bool {
        self.flights.extend(now, ticket)
    }

    fn next(&mut self, now: Coarse, overboard: &mut Vec<Overboard<T>>) -> Option<Entry<T>> {
        loop {
            let Some(entry) = self.line.pop(now) else {
                if let Some(sojourn) = &mut self.sojourn {
                    sojourn.is_empty();
                }
                return None;
            };
            let why = if entry.tag.deadline <= now {
                Why::Expired
            } else if self.has_waited_too_long(now, &entry) {
                Why::WaitedTooLong
            } else {
                return Some(entry);
            };
            self.weight -= u64::from(entry.tag.weight);
            overboard.push((entry, why));
        }
    }

    fn has_waited_too_long(&mut self, now: Coarse, entry: &Entry<T>) -> bool {
        // One that comes again has not waited since: it was with a worker.
        let first = entry.tag.attempts == 0;
        let waited = now.since(entry.tag.since);
        match &mut self.sojourn {
            Some(sojourn) if first => sojourn.is_too_long(waited, now),
            _ => false,
        }
    }

    /// Whether one more may be delivered.
    pub(crate) fn may_board(&self) -> bool {
        self.flights.has_room()
    }

    /// Whether who has no room waits for some.
    pub(crate) fn waits(&self) -> bool {
        matches!(self.config.overload, Overload::Wait | Overload::WaitFor(_))
    }

    /// Whether any item would be handed back now.
    pub(crate) fn refuses_all(&self) -> bool {
        let drops = matches!(
            self.config.overload,
            Overload::DropOldest | Overload::DropNewest | Overload::DropLeastImportant
        );
        !drops && !self.has_room(0)
    }

    /// Who was told that an item is available did not take it.
    pub(crate) fn pass_news_on(&mut self) {
        if self.line.len() > 0 {
            self.news += 1;
        }
    }

    /// How many items have become available since this was asked last.
    pub(crate) fn take_news(&mut self) -> usize {
        std::mem::take(&mut self.news)
    }

    /// A dead letter, the oldest first.
    pub(crate) fn take_dead(&mut self) -> Option<DeadLetter<T>> {
        self.dead.pop_front()
    }

    /// One of those that wait or come later, for emptying the queue.
    pub(crate) fn drain_one(&mut self) -> Option<Entry<T>> {
        let entry = self.line.drain_one();
        let entry = entry.or_else(|| self.later.pop_first().map(|(_, entry)| entry))?;
        self.weight -= u64::from(entry.tag.weight);
        Some(entry)
    }
}
