//! What must hold whatever is configured: told by what comes out alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Config, Order};
use crate::store::entry::Entry;
use crate::why::Why;

/// Keeps book of each item.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    inside: BTreeSet<u64>,
    acknowledged: BTreeSet<u64>,
    gone: BTreeSet<u64>,
    /// How often each was delivered.
    attempts: BTreeMap<u64, u32>,
    /// The last one of each class and key that came out for the first time.
    last: BTreeMap<(u8, u64), u64>,
    /// Items have gone out in another order than they came.
    bent: bool,
    /// More may be inside than the configuration says, as it said so before.
    excess: usize,
}

impl Ledger {
    pub(super) fn begin(&mut self, config: &Config, used: usize) {
        self.bent |= !matches!(config.order, Order::Fifo | Order::Fair);
        self.excess = used;
    }

    pub(super) fn comes(&mut self, id: u64) {
        assert!(self.inside.insert(id), "{id} came twice");
    }

    fn goes(&mut self, id: u64) {
        assert!(self.inside.remove(&id), "{id} was not there");
        assert!(self.gone.insert(id), "{id} went twice");
    }

    /// It comes out, and is gone.
    pub(super) fn taken(&mut self, entry: &Entry<u64>) {
        self.comes_out(entry, entry.tag.attempts);
        self.goes(entry.item);
    }

    pub(super) fn delivered(&mut self, entry: &Entry<u64>) {
        assert!(self.inside.contains(&entry.item));
        self.comes_out(entry, entry.tag.attempts - 1);
        *self.attempts.entry(entry.item).or_default() += 1;
        let attempt = self.attempts[&entry.item];
        assert_eq!(attempt, entry.tag.attempts, "attempts are counted");
    }

    fn comes_out(&mut self, entry: &Entry<u64>, before: u32) {
        let id = entry.item;
        assert!(!self.acknowledged.contains(&id), "{id} was done");
        if before > 0 || self.bent {
            return;
        }
        let last = self.last.insert((entry.tag.class, entry.tag.key), id);
        assert!(last < Some(id), "{id} came out after {last:?}");
    }

    pub(super) fn acknowledged(&mut self, id: u64) {
        self.goes(id);
        self.acknowledged.insert(id);
    }

    /// It left for another reason.
    pub(super) fn dropped(&mut self, id: u64, why: Why) {
        if why == Why::WaitedTooLong {
            let delivered = self.attempts.contains_key(&id);
            assert!(!delivered, "{id} was with a worker meanwhile");
        }
        self.goes(id);
    }

    /// As many are inside as should be, and no more than may be.
    pub(super) fn balance(&mut self, capacity: usize, used: usize, reserved: usize, dead: usize) {
        assert_eq!(
            self.inside.len() + reserved,
            used + dead,
            "nothing vanishes"
        );
        self.excess = self.excess.min(used);
        assert!(used <= capacity.max(self.excess), "{used} in {capacity}");
    }
}
