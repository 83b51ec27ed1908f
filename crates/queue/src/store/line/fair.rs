//! In turn by key, each as much as the others: deficit round robin.

use std::collections::{BTreeSet, HashMap, VecDeque};

use seaworthy_core::clock::Coarse;

use crate::store::entry::Entry;

/// The items of each key, and whose turn it is.
///
/// [Deficit round robin](https://dl.acm.org/doi/10.1145/217382.217453): a key whose turn comes saves a quantum, and goes
/// on for as long as what it has saved pays for its next item. The quantum is the weight of the heaviest item that there
/// ever was, so that each turn is worth at least one item. A key without items is forgotten, and so is what it had saved.
#[derive(Clone, Debug)]
pub(super) struct Fair<T> {
    flows: HashMap<u64, Flow<T>>,
    /// Keys in turn, each with the number of its flow: one of another number is of a flow that is gone.
    round: VecDeque<(u64, u64)>,
    /// The same keys by how many items they have.
    by_length: BTreeSet<(usize, u64)>,
    /// Flows so far.
    numbers: u64,
    quantum: u64,
}

#[derive(Clone, Debug)]
struct Flow<T> {
    number: u64,
    entries: VecDeque<Entry<T>>,
    saved: u64,
}

impl<T> Default for Fair<T> {
    fn default() -> Self {
        Self {
            flows: HashMap::new(),
            round: VecDeque::new(),
            by_length: BTreeSet::new(),
            numbers: 0,
            quantum: 1,
        }
    }
}

/// What an item costs in a turn: one that weighs nothing is not for free.
fn cost<T>(entry: &Entry<T>) -> u64 {
    u64::from(entry.tag.weight).max(1)
}

impl<T> Fair<T> {
    pub(super) fn push(&mut self, entry: Entry<T>) {
        self.insert(entry, VecDeque::push_back);
    }

    pub(super) fn put_back(&mut self, entry: Entry<T>) {
        self.insert(entry, VecDeque::push_front);
    }

    fn insert(&mut self, entry: Entry<T>, insert: fn(&mut VecDeque<Entry<T>>, Entry<T>)) {
        let key = entry.tag.key;
        self.quantum = self.quantum.max(cost(&entry));
        if !self.flows.contains_key(&key) {
            self.begin(key);
        }
        let Some(flow) = self.flows.get_mut(&key) else {
            return;
        };
        self.by_length.remove(&(flow.entries.len(), key));
        insert(&mut flow.entries, entry);
        self.by_length.insert((flow.entries.len(), key));
    }

    fn begin(&mut self, key: u64) {
        // Of flows that were emptied out of turn, something is left in the round.
        if self.round.len() > 2 * self.flows.len() + 16 {
            let flows = &self.flows;
            let lives = |(key, number): &(u64, u64)| {
                flows.get(key).is_some_and(|flow| flow.number == *number)
            };
            self.round.retain(lives);
        }
        self.numbers += 1;
        let number = self.numbers;
        self.round.push_back((key, number));
        let (entries, saved) = (VecDeque::new(), 0);
        let flow = Flow {
            number,
            entries,
            saved,
        };
        self.flows.insert(key, flow);
    }

    pub(super) fn pop(&mut self) -> Option<Entry<T>> {
        loop {
            let (key, number) = *self.round.front()?;
            let flow = self.flows.get_mut(&key);
            let Some(flow) = flow.filter(|flow| flow.number == number) else {
                self.round.pop_front();
                continue;
            };
            let first = cost(flow.entries.front()?);
            if flow.saved < first {
                flow.saved += self.quantum;
            }
            flow.saved -= first;
            let goes_on = flow.entries.get(1).is_some_and(|it| cost(it) <= flow.saved);
            if !goes_on {
                self.round.rotate_left(1);
            }
            return self.shorten(key);
        }
    }

    /// The oldest of the key that has most.
    pub(super) fn evict(&mut self) -> Option<Entry<T>> {
        let (_, key) = *self.by_length.last()?;
        self.shorten(key)
    }

    /// Takes the first item of this key.
    fn shorten(&mut self, key: u64) -> Option<Entry<T>> {
        let flow = self.flows.get_mut(&key)?;
        let length = flow.entries.len();
        let entry = flow.entries.pop_front();
        self.by_length.remove(&(length, key));
        if length > 1 {
            self.by_length.insert((length - 1, key));
        } else {
            self.flows.remove(&key);
        }
        entry
    }

    pub(super) fn oldest(&self) -> Option<Coarse> {
        let firsts = self.flows.values().filter_map(|flow| flow.entries.front());
        firsts.map(|entry| entry.tag.since).min()
    }
}
