//! What the calls of one round say together.

use std::time::Duration;

use super::times::Times;
use super::{Sample, is_bound};

/// A queue stands if fewer than one call in so many found the service at half of its limit or below. Otherwise what there
/// is of a queue comes and goes with the bunches in which calls come, and does no harm (as CoDel has it).
const CALM_ONE_IN: u32 = 20;

/// The calls of one round so far.
#[derive(Debug)]
pub(super) struct Round {
    times: Times<128>,
    /// Of those only that found the service busy.
    busy: Times<64>,
    calls: u32,
    calm: u32,
}

/// What they say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// How long a call took, typically.
    pub(super) typical: Duration,
    /// How long one took that found the service so busy that the limit may have held others back. `None`: none did.
    pub(super) busy: Option<Duration>,
    /// Hardly any found it less busy.
    pub(super) standing: bool,
}

impl Round {
    pub(super) fn new() -> Self {
        Self {
            times: Times::new(),
            busy: Times::new(),
            calls: 0,
            calm: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        self.times.clear();
        self.busy.clear();
        self.calls = 0;
        self.calm = 0;
    }

    pub(super) fn add(&mut self, sample: &Sample, limit: u32) {
        self.times.add(sample.took);
        self.calls += 1;
        if is_bound(sample, limit) {
            self.busy.add(sample.took);
        } else {
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
            busy: self.busy.median(),
            standing: self.calm < self.calls.div_ceil(CALM_ONE_IN),
        };
        self.clear();
        Some(seen)
    }
}
