//! What a queue holds, without a clock, a lock or a runtime.

mod admit;
mod codel;
mod counts;
mod credit;
pub(crate) mod entry;
mod flights;
mod line;
mod settle;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use seaworthy_core::clock::Coarse;

use crate::config::Config;
use crate::letter::{DeadLetter, Failure};
use crate::why::Why;

use credit::Credit;
use entry::{Entry, Spot};
use flights::Flights;
use line::Line;

pub(crate) use admit::Offered;
pub(crate) use counts::Counts;
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
    /// What comes again, by when; its number keeps those apart that come at the same time.
    later: BTreeMap<(Coarse, u64), Entry<T>>,
    dead: VecDeque<DeadLetter<T>>,
    counts: Counts,
    /// How often each of those was delivered that have become dead letters since this was asked last, and how that
    /// ended: for the log.
    buried: Vec<(u32, Failure)>,
    /// Places that somebody holds and has not filled yet.
    reserved: usize,
    /// Of all that count against the capacity.
    weight: u64,
    credit: Credit,
    /// How often one more receiver might have got something since this was asked last: for each item that came to wait,
    /// and for each delivery that ended while items waited, as there may be one more under way now.
    news: usize,
    /// An item may be too late, or its turn is a matter of how long others have waited.
    timed: bool,
}

/// An item that left the queue otherwise than to a receiver.
pub(crate) type Overboard<T> = (Entry<T>, Why);

impl<T> Store<T> {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            timed: config.is_timed(),
            line: Line::new(&config),
            flights: Flights::new(config.deliveries, config.capacity),
            later: BTreeMap::new(),
            dead: VecDeque::new(),
            counts: Counts::default(),
            buried: Vec::new(),
            reserved: 0,
            weight: 0,
            credit: Credit::default(),
            news: 0,
            config,
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Goes by another configuration, which was checked. What is in it stays, even if it is more than there may be by now;
    /// what waits is lined up anew if others go first. Leases that have begun end when they were to end.
    pub(crate) fn reconfigure(&mut self, config: Config) {
        self.timed |= config.is_timed();
        self.flights.reconfigure(config.deliveries, config.capacity);
        self.line.reconfigure(&self.config, &config);
        self.config = config;
        // More may be under way now, or fewer, in which case others are to take what waits.
        self.news += self.line.len();
    }

    /// How many wait.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.line.len()
    }

    /// How many there are, and places that are reserved.
    #[inline]
    pub(crate) fn used(&self) -> usize {
        self.line.len() + self.flights.len() + self.later.len() + self.reserved
    }

    /// How many there are.
    pub(crate) fn items(&self) -> usize {
        self.used() - self.reserved
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

    /// What has happened so far.
    #[inline]
    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Those that have become dead letters since this was asked last.
    #[cfg(any(feature = "metrics", feature = "tracing"))]
    #[inline]
    pub(crate) fn take_buried(&mut self) -> Vec<(u32, Failure)> {
        if cfg!(feature = "tracing") {
            std::mem::take(&mut self.buried)
        } else {
            Vec::new()
        }
    }

    /// How many more were asked for.
    pub(crate) fn credit(&self) -> u64 {
        self.credit.open()
    }

    /// Since when the one waits that came first: over all classes and keys, the longest.
    pub(crate) fn oldest(&self) -> Option<Coarse> {
        self.line.oldest()
    }

    /// Items are asked for.
    pub(crate) fn demand(&mut self, items: u64) {
        self.credit.ask(items);
    }

    /// Whether it matters to whoever receives what time it is.
    #[inline]
    pub(crate) fn is_timed(&self) -> bool {
        self.timed || self.awaits_something()
    }

    /// The item whose turn it is. Those that it is too late for go overboard.
    #[inline]
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

    /// The same, for one that stays in the queue until it is acknowledged. It is not with a worker before it
    /// [departs](Self::depart).
    pub(crate) fn board(
        &mut self,
        now: Coarse,
        overboard: &mut Vec<Overboard<T>>,
    ) -> Option<(Ticket, Entry<T>)> {
        self.pass(now, overboard);
        if !self.flights.has_room() {
            // Who was told of an item cannot have it; one who takes it for good can.
            self.pass_news_on();
            return None;
        }
        let mut entry = self.next(now, overboard)?;
        entry.tag.attempts = entry.tag.attempts.saturating_add(1);
        Some((self.flights.board(), entry))
    }

    /// The worker has it, and its lease begins.
    pub(crate) fn depart(&mut self, now: Coarse, ticket: Ticket, entry: Entry<T>) {
        self.flights.depart(now, ticket, entry);
    }

    /// The lease begins anew. False if it is over, even if nobody has noticed yet.
    pub(crate) fn extend(&mut self, now: Coarse, ticket: Ticket) -> bool {
        self.flights.extend(now, ticket)
    }

    #[inline]
    fn next(&mut self, now: Coarse, overboard: &mut Vec<Overboard<T>>) -> Option<Entry<T>> {
        let before = overboard.len();
        let entry = self.line.pop(now, overboard);
        for (dropped, _) in &overboard[before..] {
            self.weight -= u64::from(dropped.tag.weight);
            self.is_missed(dropped);
        }
        if let Some(entry) = &entry {
            self.counts.received += 1;
            if entry.is_new() {
                self.credit.receive();
            } else {
                self.counts.redelivered += 1;
            }
        }
        entry
    }

    /// An item leaves the queue, and whoever asked for it does not get it.
    fn is_missed(&mut self, entry: &Entry<T>) {
        if entry.is_new() {
            self.credit.give_back();
        }
    }

    /// Whether one more may be delivered.
    #[inline]
    pub(crate) fn may_board(&self) -> bool {
        self.flights.has_room()
    }

    /// If items wait, one more receiver is to be told: who was told before did not take one, or a delivery has ended, and
    /// one more may be under way.
    pub(crate) fn pass_news_on(&mut self) {
        if self.line.len() > 0 {
            self.news += 1;
        }
    }

    /// How many receivers are to be told that there may be something for them.
    #[inline]
    pub(crate) fn take_news(&mut self) -> usize {
        std::mem::take(&mut self.news)
    }

    /// The same, if it is not to be forgotten.
    #[inline]
    pub(crate) fn news(&self) -> usize {
        self.news
    }

    /// An item that nobody wants any more, if it still waits.
    pub(crate) fn withdraw(&mut self, spot: Spot) -> Option<Entry<T>> {
        let entry = self.line.withdraw(spot)?;
        self.counts.withdrawn += 1;
        self.weight -= u64::from(entry.tag.weight);
        self.is_missed(&entry);
        Some(entry)
    }

    /// Somebody does not wait for room any more.
    pub(crate) fn gives_up(&mut self) {
        self.counts.gave_up += 1;
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
        self.is_missed(&entry);
        Some(entry)
    }
}
