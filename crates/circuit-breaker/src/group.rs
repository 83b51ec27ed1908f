//! How many of the breakers that belong together are open.

use std::collections::BTreeSet;

use seaworthy_core::clock::Coarse;
use seaworthy_core::sync::Lock;
use seaworthy_core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Counts the breakers of one [`CircuitBreakers`](crate::CircuitBreakers).
#[derive(Debug)]
pub(crate) struct Group {
    keys: AtomicUsize,
    /// Those that are open, by when they do not count any more.
    open: Lock<BTreeSet<Opening>>,
    /// How many these are, and when the first of them does not count any more: both changed with the set.
    count: AtomicUsize,
    lapses: AtomicU64,
    /// Numbers given out.
    numbers: AtomicU64,
    /// With more than this share open, nothing is turned away.
    max_open: f64,
}

/// That one of them is open: it counts until then, unless it says otherwise. After that nobody has asked for so long
/// that it says nothing about the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Opening {
    until: Coarse,
    number: u64,
}

impl Group {
    pub(crate) fn new(max_open: f64) -> Self {
        Self {
            keys: AtomicUsize::new(0),
            open: Lock::default(),
            count: AtomicUsize::new(0),
            lapses: AtomicU64::new(u64::MAX),
            numbers: AtomicU64::new(0),
            max_open,
        }
    }

    pub(crate) fn joined(&self) {
        self.keys.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn left(&self) {
        self.keys.fetch_sub(1, Ordering::Relaxed);
    }

    /// One of them is open and counts until then, or not; `opening` is what it was before.
    pub(crate) fn turned(&self, opening: &mut Option<Opening>, until: Option<Coarse>) {
        let before = opening.take();
        *opening = until.map(|until| Opening {
            until,
            number: self.numbers.fetch_add(1, Ordering::Relaxed),
        });
        if before.is_none() && opening.is_none() {
            return;
        }
        let mut open = self.open.lock();
        before.inspect(|it| {
            open.remove(it);
        });
        open.extend(*opening);
        self.show(&open);
    }

    fn show(&self, open: &BTreeSet<Opening>) {
        let first = open.first().map_or(u64::MAX, |it| it.until.as_nanos());
        self.lapses.store(first, Ordering::Relaxed);
        self.count.store(open.len(), Ordering::Relaxed);
    }

    pub(crate) fn open(&self, now: Coarse) -> usize {
        if now.as_nanos() >= self.lapses.load(Ordering::Relaxed) {
            let mut open = self.open.lock();
            while open.first().is_some_and(|it| it.until <= now) {
                open.pop_first();
            }
            self.show(&open);
        }
        self.count.load(Ordering::Relaxed)
    }

    /// Whether so many are open that it says more about the caller than about those it calls. One always may be.
    pub(crate) fn fails_open(&self, now: Coarse) -> bool {
        let keys = self.keys.load(Ordering::Relaxed);
        let open = self.open(now);
        open > 1 && open as f64 > keys as f64 * self.max_open
    }
}
