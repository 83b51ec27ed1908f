//! Whether the items of a class stand.

use super::nanos;
use crate::config::Codel;

#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    /// When the interval began, and how long those had waited that were looked at since.
    begun: u64,
    waits: Vec<u64>,
    stands: bool,
}

impl Standing {
    pub(super) fn is_too_long(&mut self, codel: Codel, waited: u64, now: u64) -> bool {
        let first = self.waits.is_empty() || now >= self.begun + nanos(codel.interval);
        if first {
            let least = self.waits.iter().min();
            self.stands = least.is_some_and(|least| *least > nanos(codel.target));
            self.begun = now;
            self.waits.clear();
        }
        self.waits.push(waited);
        !first && self.stands && waited > 2 * nanos(codel.target)
    }
}
