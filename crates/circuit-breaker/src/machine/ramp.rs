//! Letting through a growing share of the calls.

use std::time::Duration;

use seaworthy_core::clock::Coarse;

/// Lets through a share of the calls that grows from a tenth to all.
///
/// In whole numbers, so that a tenth is a tenth: a call takes ten times the length of the ramp, in nanoseconds, and each
/// that is asked for brings its share of that. A year is not too long for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ramp {
    length: Duration,
    /// What was held back so far.
    credit: u64,
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Ramp {
    pub(super) fn new(length: Duration) -> Self {
        // The first call is let through.
        Self {
            length,
            credit: 9 * nanos(length),
        }
    }

    pub(super) fn length(self) -> Duration {
        self.length
    }

    /// When it is worth asking again.
    pub(super) fn next_step(self, now: Coarse) -> Coarse {
        now.saturating_add(self.length / 20)
    }

    /// Evenly, not by chance: at a share of a tenth it is the first, the eleventh, the twenty-first.
    pub(super) fn admits(&mut self, elapsed: Duration) -> bool {
        let length = nanos(self.length);
        self.credit += length + 9 * nanos(elapsed).min(length);
        let admits = self.credit >= 10 * length;
        if admits {
            self.credit -= 10 * length;
        }
        admits
    }
}
