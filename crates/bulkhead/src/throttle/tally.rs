//! Outcomes, counted without a lock.

use seaworthy_core::shard::{self, Padded};
use seaworthy_core::sync::atomic::{AtomicU64, Ordering};

use super::rule::Counts;

/// All requests there ever were, and how many of them were accepted.
///
/// Each of the first threads has a cell that only it writes, so that counting is a load and a store; the others share
/// one.
#[derive(Debug)]
pub(crate) struct Tally {
    cells: Box<[Padded<Cell>]>,
}

#[derive(Debug, Default)]
struct Cell {
    requests: AtomicU64,
    accepts: AtomicU64,
}

impl Tally {
    /// With so many cells, and one for the rest.
    pub(crate) fn over(cells: usize) -> Self {
        Self {
            cells: (0..=cells).map(|_| Padded::default()).collect(),
        }
    }

    /// One more request. Returns how many there are in its cell.
    #[inline]
    pub(crate) fn add(&self, accepted: bool) -> u64 {
        self.add_as(shard::thread(), accepted)
    }

    #[inline]
    pub(crate) fn add_as(&self, thread: Option<usize>, accepted: bool) -> u64 {
        let rest = self.cells.len() - 1;
        match thread.filter(|thread| *thread < rest) {
            Some(own) => {
                // Nobody else writes here.
                let Cell { requests, accepts } = &self.cells[own].0;
                let count = requests.load(Ordering::Relaxed) + 1;
                requests.store(count, Ordering::Relaxed);
                if accepted {
                    // After its request: whoever sees it sees that as well.
                    accepts.store(accepts.load(Ordering::Relaxed) + 1, Ordering::Release);
                }
                count
            }
            None => {
                let Cell { requests, accepts } = &self.cells[rest].0;
                let count = requests.fetch_add(1, Ordering::Relaxed) + 1;
                if accepted {
                    accepts.fetch_add(1, Ordering::Release);
                }
                count
            }
        }
    }

    /// What was counted before; what is counted meanwhile may be in it, but no acceptance without its request.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for Padded(cell) in &self.cells {
            counts.accepts += cell.accepts.load(Ordering::Acquire);
            counts.requests += cell.requests.load(Ordering::Relaxed);
        }
        counts
    }
}
