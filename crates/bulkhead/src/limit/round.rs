//! What the calls of one round say together.

use std::time::Duration;

use super::times::Times;
use super::{Sample, is_bound};

/// A queue stands if fewer than one call in so many found the service at half of its limit or below. Otherwise what there
/// is of a queue comes and goes with the bunches in which calls come, and does no harm (as CoDel has it).
const CALM_ONE_IN: u32 = 10;

/// The calls of one round so far.
#[derive(Debug)]
pub(super) struct Round {
    times: Times<128>,
    calls: u32,
    calm: u32,
}

/// What they say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// How long a call took, typically.
    pub(super) typical: Duration,
    /// Some found the service as busy as that the limit may have held others back.
    pub(super) bound: bool,
    /// Hardly any found it less busy.
    pub(super) standing: bool,
}

impl Round {
    pub(super) fn new() -> Self {
        Self {
            times: Times::new(),
            calls: 0,
            calm: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        self.times.clear();
        self.calls = 0;
        self.calm = 0;
    }

    pub(super) fn add(&mut self, sample: &Sample, limit: u32) {
        self.times.add(sample.took);
        self.calls += 1;
        if !is_bound(sample, limit) {
            self.calm += 1;
        }
    }

    pub(super) fn calls(&self) -> u32 {
        self.calls
    }

    /// Ends it; the next begins.
    pub(super) fn end(&mut self) -> Option<Seen> {
        let typical = self.times.median()?;
        let seen = Seen {
            typical,
            bound: self.calm < self.calls,
            standing: self.calm < self.calls.div_ceil(CALM_ONE_IN),
        };
        self.clear();
        Some(seen)
    }
}
