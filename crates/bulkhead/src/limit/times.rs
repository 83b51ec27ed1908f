//! The middle of many durations, in little memory.

use std::time::Duration;

/// At most `KEEP` of the durations it was given, as evenly spread over them as that can be.
#[derive(Debug)]
pub(super) struct Times<const KEEP: usize> {
    kept: Vec<Duration>,
    /// One in so many is kept.
    every: u32,
    /// So many are left out before the next is kept.
    skip: u32,
}

impl<const KEEP: usize> Times<KEEP> {
    pub(super) fn new() -> Self {
        Self {
            kept: Vec::with_capacity(KEEP),
            every: 1,
            skip: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        self.kept.clear();
        self.every = 1;
        self.skip = 0;
    }

    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    pub(super) fn add(&mut self, took: Duration) {
        if self.skip > 0 {
            self.skip -= 1;
            return;
        }
        if self.kept.len() == KEEP {
            // Every second of them stays, and from now on half as many come.
            let mut stays = false;
            self.kept.retain(|_| {
                stays = !stays;
                stays
            });
            self.every = self.every.saturating_mul(2);
        }
        self.kept.push(took);
        self.skip = self.every - 1;
    }

    /// The median: robust against the few that took very long, and against one that was lucky. `None`: there are none.
    pub(super) fn median(&mut self) -> Option<Duration> {
        if self.kept.is_empty() {
            return None;
        }
        let middle = self.kept.len() / 2;
        let (_, median, _) = self.kept.select_nth_unstable(middle);
        let median = *median;
        // Now they are out of order, and thinning them out would take some rather than others.
        self.clear();
        Some(median)
    }
}
