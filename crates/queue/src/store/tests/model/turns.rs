//! Whose turn it is, by key.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, Default)]
pub(super) struct Turns {
    /// Keys with items, in the order of their turns.
    this_round: Vec<u64>,
    next_round: Vec<u64>,
    saved: BTreeMap<u64, u64>,
    paid: BTreeSet<u64>,
    quantum: u64,
    next_quantum: u64,
}

impl Turns {
    pub(super) fn comes(&mut self, key: u64, cost: u64) {
        if !self.this_round.contains(&key) && !self.next_round.contains(&key) {
            self.next_round.push(key);
            self.next_quantum = self.next_quantum.max(cost);
        }
    }

    /// A key has no items any more.
    pub(super) fn goes(&mut self, key: u64) {
        self.this_round.retain(|other| *other != key);
        self.next_round.retain(|other| *other != key);
        self.saved.remove(&key);
        self.paid.remove(&key);
        if self.this_round.is_empty() && self.next_round.is_empty() {
            *self = Self::default();
        }
    }

    /// The key whose turn it is, which pays.
    pub(super) fn next(&mut self, price: impl Fn(u64) -> u64) -> u64 {
        loop {
            let Some(key) = self.this_round.first().copied() else {
                self.this_round = std::mem::take(&mut self.next_round);
                self.quantum = std::mem::take(&mut self.next_quantum);
                assert!(!self.this_round.is_empty(), "somebody waits");
                continue;
            };
            let saved = self.saved.entry(key).or_default();
            if self.paid.insert(key) {
                *saved += self.quantum;
            }
            if *saved >= price(key) {
                *saved -= price(key);
                return key;
            }
            self.next_quantum = self.next_quantum.max(price(key) - *saved);
            self.paid.remove(&key);
            self.this_round.remove(0);
            self.next_round.push(key);
        }
    }

    pub(super) fn refund(&mut self, key: u64, price: u64) {
        if let Some(saved) = self.saved.get_mut(&key) {
            *saved += price;
        }
    }
}
