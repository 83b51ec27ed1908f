//! Whether a queue stands.

use std::time::Duration;

use seaworthy_core::clock::Coarse;

use crate::config::Codel;

/// Looks at how long items have waited when it is their turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sojourn {
    codel: Codel,
    /// When the interval ends.
    end: Coarse,
    /// The least time that an item has waited in it.
    least: Duration,
    /// In the interval before, all had waited for too long.
    stands: bool,
    /// An item was seen in this interval.
    seen: bool,
}

impl Sojourn {
    pub(super) fn new(codel: Codel, now: Coarse) -> Self {
        Self {
            codel,
            end: now.saturating_add(codel.interval),
            least: Duration::MAX,
            stands: false,
            seen: false,
        }
    }

    /// An item has waited for so long: whether that is too long.
    pub(super) fn is_too_long(&mut self, waited: Duration, now: Coarse) -> bool {
        if now >= self.end {
            self.stands = self.seen && self.least > self.codel.target;
            self.end = now.saturating_add(self.codel.interval);
            (self.least, self.seen) = (Duration::MAX, false);
        }
        self.least = self.least.min(waited);
        self.seen = true;
        self.stands && waited > 2 * self.codel.target
    }

    /// The queue was found empty: it does not stand.
    pub(super) fn is_empty(&mut self) {
        (self.least, self.stands) = (Duration::ZERO, false);
    }
}
