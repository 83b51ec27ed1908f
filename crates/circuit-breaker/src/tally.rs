//! Successes that change nothing but counts, counted without a lock.

use seaworthy_core::shard::{self, Padded};
use seaworthy_core::sync::atomic::{AtomicU64, Ordering};

/// How many calls of the current generation have ended well since somebody asked under the lock.
///
/// Each of the first threads has a cell that only it writes, so that counting is a load and a store; the others share
/// one. A cell holds the generation that it counts for and, in the lower half, how many: what was counted for an
/// earlier generation is so never taken for evidence about the current one. Counts only grow, and wrap; whoever
/// collects them remembers what it has seen.
#[derive(Debug)]
pub(crate) struct Tally {
    cells: Box<[Padded<AtomicU64>]>,
}

/// What was collected already. Kept under the lock.
#[derive(Debug)]
pub(crate) struct Seen {
    generation: u32,
    counts: Box<[u32]>,
}

const HALF: u32 = 32;

impl Tally {
    /// With so many cells, and one for the rest.
    pub(crate) fn over(cells: usize) -> Self {
        Self {
            cells: (0..=cells).map(|_| Padded(AtomicU64::new(0))).collect(),
        }
    }

    /// Nothing was collected yet.
    pub(crate) fn unseen(&self) -> Seen {
        Seen {
            generation: 0,
            counts: vec![0; self.cells.len()].into_boxed_slice(),
        }
    }

    /// One more success of `generation`.
    #[inline]
    pub(crate) fn add(&self, generation: u32) {
        self.add_as(shard::thread(), generation);
    }

    #[inline]
    pub(crate) fn add_as(&self, thread: Option<usize>, generation: u32) {
        let rest = self.cells.len() - 1;
        match thread.filter(|thread| *thread < rest) {
            Some(own) => {
                let cell = &self.cells[own].0;
                // Nobody else writes here.
                if let Some(next) = next(cell.load(Ordering::Relaxed), generation) {
                    cell.store(next, Ordering::Release);
                }
            }
            None => self.add_to_the_rest(generation),
        }
    }

    fn add_to_the_rest(&self, generation: u32) {
        let cell = &self.cells[self.cells.len() - 1].0;
        let mut word = cell.load(Ordering::Relaxed);
        while let Some(next) = next(word, generation) {
            match cell.compare_exchange_weak(word, next, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(other) => word = other,
            }
        }
    }

    /// How many there are that were not collected. Only with the lock held, under which the generation changes.
    pub(crate) fn collect(&self, generation: u32, seen: &mut Seen) -> u64 {
        if seen.generation != generation {
            seen.generation = generation;
            seen.counts.fill(0);
        }
        let mut sum = 0;
        for (cell, seen) in self.cells.iter().zip(&mut seen.counts) {
            let word = cell.0.load(Ordering::Acquire);
            if word >> HALF == u64::from(generation) {
                let count = word as u32;
                sum += u64::from(count.wrapping_sub(*seen));
                *seen = count;
            }
        }
        sum
    }
}

/// A cell with one more for `generation`; `None` if it counts for a later one already.
#[inline]
fn next(word: u64, generation: u32) -> Option<u64> {
    let of = (word >> HALF) as u32;
    if of == generation {
        let count = (word as u32).wrapping_add(1);
        return Some(u64::from(generation) << HALF | u64::from(count));
    }
    let later = of.wrapping_sub(generation).cast_signed() > 0;
    (!later).then_some(u64::from(generation) << HALF | 1)
}
