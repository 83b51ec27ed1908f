//! In turn by key, each as much as the others: deficit round robin.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, VecDeque};

use seaworthy_core::clock::Coarse;

use super::plain::find;
use crate::store::entry::Entry;

/// The items of each key, and whose turn it is.
///
/// [Deficit round robin](https://dl.acm.org/doi/10.1145/217382.217453): a key whose turn comes is given a quantum, and
/// goes on for as long as it can pay for its next item; what is left it keeps for its next turn. The quantum is the same
/// for all keys of a round, and the least for which each of them can pay for its next item: so a turn is no longer than
/// it has to be, and one heavy item makes one round longer. A key without items is forgotten, and so is what it had left.
#[derive(Clone, Debug)]
pub(super) struct Fair<T> {
    flows: HashMap<u64, Flow<T>>,
    /// The keys whose turn comes in this round, and those that come after, each with the number of its flow: one of
    /// another number is of a flow that is gone.
    round: VecDeque<(u64, u64)>,
    next_round: VecDeque<(u64, u64)>,
    /// The keys by how much they have.
    by_cost: BTreeSet<(u64, u64)>,
    /// Flows so far.
    numbers: u64,
    quantum: u64,
    /// The quantum of the next round, as far as is known.
    next_quantum: u64,
}

#[derive(Clone, Debug)]
struct Flow<T> {
    number: u64,
    /// From the oldest to the newest.
    entries: VecDeque<Entry<T>>,
    /// Of all of them.
    cost: u64,
    saved: u64,
    /// It has been given the quantum of this round.
    paid: bool,
}

impl<T> Default for Fair<T> {
    fn default() -> Self {
        Self {
            flows: HashMap::new(),
            round: VecDeque::new(),
            next_round: VecDeque::new(),
            by_cost: BTreeSet::new(),
            numbers: 0,
            quantum: 0,
            next_quantum: 0,
        }
    }
}

/// Below this, no memory is given back.
const SMALL: usize = 64;

/// What an item costs in a turn: one that weighs nothing is not for free.
fn cost<T>(entry: &Entry<T>) -> u64 {
    u64::from(entry.tag.weight).max(1)
}

impl<T> Fair<T> {
    pub(super) fn push(&mut self, entry: Entry<T>) {
        let (key, cost) = (entry.tag.key, cost(&entry));
        self.flow(key, cost).entries.push_back(entry);
    }

    /// To where it was.
    pub(super) fn put_back(&mut self, entry: Entry<T>) {
        let (key, cost) = (entry.tag.key, cost(&entry));
        let entries = &mut self.flow(key, cost).entries;
        let place = entries.partition_point(|other| other.tag.number < entry.tag.number);
        entries.insert(place, entry);
    }

    /// The flow of a key that has so much more now.
    fn flow(&mut self, key: u64, more: u64) -> &mut Flow<T> {
        self.tidy_up();
        let flow = self.flows.entry(key).or_insert_with(|| {
            self.numbers += 1;
            self.next_round.push_back((key, self.numbers));
            self.next_quantum = self.next_quantum.max(more);
            Flow::new(self.numbers)
        });
        self.by_cost.remove(&(flow.cost, key));
        flow.cost += more;
        self.by_cost.insert((flow.cost, key));
        flow
    }

    /// Of flows that were emptied out of turn, something is left in the rounds.
    fn tidy_up(&mut self) {
        if self.round.len() + self.next_round.len() > 2 * self.flows.len() + SMALL {
            let flows = &self.flows;
            let lives = |(key, number): &(u64, u64)| {
                flows.get(key).is_some_and(|flow| flow.number == *number)
            };
            self.round.retain(lives);
            self.next_round.retain(lives);
        }
    }

    pub(super) fn pop(&mut self) -> Option<Entry<T>> {
        loop {
            let Some(&(key, number)) = self.round.front() else {
                if self.flows.is_empty() {
                    return None;
                }
                self.begin_round();
                continue;
            };
            let flow = self.flows.get_mut(&key);
            let flow = flow.filter(|flow| flow.number == number);
            let price = flow.as_ref().and_then(|flow| flow.entries.front());
            let (Some(price), Some(flow)) = (price.map(cost), flow) else {
                self.round.pop_front();
                continue;
            };
            if !flow.paid {
                flow.paid = true;
                flow.saved += self.quantum;
            }
            if flow.saved >= price {
                flow.saved -= price;
                return self.remove(key, 0);
            }
            flow.paid = false;
            self.next_quantum = self.next_quantum.max(price - flow.saved);
            self.round.pop_front();
            self.next_round.push_back((key, number));
        }
    }

    fn begin_round(&mut self) {
        self.round.shrink_to(self.flows.len().max(SMALL));
        std::mem::swap(&mut self.round, &mut self.next_round);
        self.quantum = std::mem::take(&mut self.next_quantum);
    }

    /// An item that was taken in its turn is dropped, which costs nobody anything.
    pub(super) fn refund(&mut self, entry: &Entry<T>) {
        if let Some(flow) = self.flows.get_mut(&entry.tag.key) {
            flow.saved += cost(entry);
        }
    }

    /// The oldest of the key that has most.
    pub(super) fn evict(&mut self) -> Option<Entry<T>> {
        let (_, key) = *self.by_cost.last()?;
        self.remove(key, 0)
    }

    pub(super) fn withdraw(&mut self, key: u64, number: u64) -> Option<Entry<T>> {
        let at = find(&self.flows.get(&key)?.entries, number)?;
        self.remove(key, at)
    }

    /// Takes one of the items of this key.
    fn remove(&mut self, key: u64, at: usize) -> Option<Entry<T>> {
        let flow = self.flows.get_mut(&key)?;
        let entry = flow.entries.remove(at)?;
        self.by_cost.remove(&(flow.cost, key));
        flow.cost -= cost(&entry);
        if flow.entries.is_empty() {
            self.forget(key);
        } else {
            self.by_cost.insert((flow.cost, key));
        }
        Some(entry)
    }

    fn forget(&mut self, key: u64) {
        self.flows.remove(&key);
        let many = self.flows.len().max(SMALL);
        if self.flows.capacity() > 8 * many {
            self.flows.shrink_to(2 * many);
        }
        if self.flows.is_empty() {
            for round in [&mut self.round, &mut self.next_round] {
                round.clear();
                round.shrink_to(SMALL);
            }
            self.next_quantum = 0;
        }
    }

    pub(super) fn oldest(&self) -> Option<Coarse> {
        let firsts = self.flows.values().filter_map(|flow| flow.entries.front());
        firsts.map(|entry| entry.tag.since).min()
    }
}

impl<T> Flow<T> {
    fn new(number: u64) -> Self {
        Self {
            number,
            entries: VecDeque::new(),
            cost: 0,
            saved: 0,
            paid: false,
        }
    }
}
