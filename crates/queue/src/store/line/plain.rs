//! First come, first served, or the other way round.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use seaworthy_core::clock::Coarse;

use crate::config::Order;
use crate::store::entry::Entry;

/// Items from the oldest to the newest.
#[derive(Clone, Debug)]
pub(super) struct Plain<T> {
    entries: VecDeque<Entry<T>>,
    /// Those that were delivered before and come again, which is before the others, by their numbers.
    again: BTreeMap<u64, Entry<T>>,
    turn: Turn,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug)]
enum Turn {
    First,
    Last,
    /// The first one's, while it has not waited for longer than this.
    FirstWithin(Duration),
}

/// Where the item of this number is, among those from the oldest to the newest.
pub(super) fn find<T>(entries: &VecDeque<Entry<T>>, number: u64) -> Option<usize> {
    let found = entries.binary_search_by_key(&number, |entry| entry.tag.number);
    found.ok()
}

impl<T> Plain<T> {
    pub(super) fn new(order: Order) -> Self {
        Self {
            entries: VecDeque::new(),
            again: BTreeMap::new(),
            turn: match order {
                Order::Lifo => Turn::Last,
                Order::AdaptiveLifo(standing) => Turn::FirstWithin(standing),
                Order::Fifo | Order::Fair => Turn::First,
            },
        }
    }

    #[inline]
    pub(super) fn push(&mut self, entry: Entry<T>) {
        self.entries.push_back(entry);
    }

    pub(super) fn put_back(&mut self, entry: Entry<T>) {
        self.again.insert(entry.tag.number, entry);
    }

    #[inline]
    pub(super) fn pop(&mut self, now: Coarse) -> Option<Entry<T>> {
        if !self.again.is_empty() {
            return self.pop_again();
        }
        let first = match self.turn {
            Turn::First => true,
            Turn::Last => false,
            Turn::FirstWithin(standing) => now.since(self.entries.front()?.tag.since) <= standing,
        };
        if first {
            self.entries.pop_front()
        } else {
            self.entries.pop_back()
        }
    }

    #[cold]
    fn pop_again(&mut self) -> Option<Entry<T>> {
        let popped = match self.turn {
            Turn::First | Turn::FirstWithin(_) => self.again.pop_first(),
            Turn::Last => self.again.pop_last(),
        };
        popped.map(|(_, entry)| entry)
    }

    pub(super) fn pop_oldest(&mut self) -> Option<Entry<T>> {
        let Some((number, _)) = self.again.first_key_value() else {
            return self.entries.pop_front();
        };
        match self.entries.front() {
            Some(entry) if entry.tag.number < *number => self.entries.pop_front(),
            _ => self.again.pop_first().map(|(_, entry)| entry),
        }
    }

    pub(super) fn withdraw(&mut self, number: u64) -> Option<Entry<T>> {
        let again = self.again.remove(&number);
        again.or_else(|| find(&self.entries, number).and_then(|at| self.entries.remove(at)))
    }

    pub(super) fn oldest(&self) -> Option<Coarse> {
        let again = self.again.first_key_value().map(|(_, entry)| entry);
        let firsts = again.into_iter().chain(self.entries.front());
        firsts.map(|entry| entry.tag.since).min()
    }
}
