//! First come, first served, or the other way round.

use std::collections::VecDeque;
use std::time::Duration;

use seaworthy_core::clock::Coarse;

use crate::config::Order;
use crate::store::entry::Entry;

/// Items from the oldest to the newest.
#[derive(Clone, Debug)]
pub(super) struct Plain<T> {
    entries: VecDeque<Entry<T>>,
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

impl<T> Plain<T> {
    pub(super) fn new(order: Order) -> Self {
        Self {
            entries: VecDeque::new(),
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
        match self.turn {
            Turn::First | Turn::FirstWithin(_) => self.entries.push_front(entry),
            Turn::Last => self.entries.push_back(entry),
        }
    }

    /// The oldest, that was taken away.
    pub(super) fn restore(&mut self, entry: Entry<T>) {
        self.entries.push_front(entry);
    }

    #[inline]
    pub(super) fn pop(&mut self, now: Coarse) -> Option<Entry<T>> {
        let first = match self.turn {
            Turn::First => true,
            Turn::Last => false,
            Turn::FirstWithin(standing) => now.since(self.oldest()?) <= standing,
        };
        if first {
            self.entries.pop_front()
        } else {
            self.entries.pop_back()
        }
    }

    pub(super) fn evict(&mut self) -> Option<Entry<T>> {
        self.entries.pop_front()
    }

    pub(super) fn oldest(&self) -> Option<Coarse> {
        self.entries.front().map(|entry| entry.tag.since)
    }
}
