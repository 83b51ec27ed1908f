//! How many items were asked for.

/// Counts what receivers have asked for until they have it.
///
/// Whoever brings an item, or holds a place for one, has it lent. It is used up when a receiver gets the item for the
/// first time, and open again if the item is dropped or the place given up: who has asked for five items gets five.
/// What is not asked for is let in without, as long as the queue is not on demand.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Credit {
    open: u64,
    lent: u64,
}

impl Credit {
    pub(super) fn ask(&mut self, items: u64) {
        self.open = self.open.saturating_add(items);
    }

    /// How many may still be brought.
    #[inline]
    pub(super) fn open(&self) -> u64 {
        self.open
    }

    /// One is brought.
    #[inline]
    pub(super) fn lend(&mut self) {
        if self.open > 0 {
            self.open -= 1;
            self.lent += 1;
        }
    }

    /// One that was to be brought will not be received.
    pub(super) fn give_back(&mut self) {
        if self.lent > 0 {
            self.lent -= 1;
            self.open = self.open.saturating_add(1);
        }
    }

    /// One is received.
    #[inline]
    pub(super) fn receive(&mut self) {
        self.lent = self.lent.saturating_sub(1);
    }
}
