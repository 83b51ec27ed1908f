//! The calls that count: the last so many, or those of the last so long.

use seaworthy_core::clock::Coarse;

use super::buckets::Buckets;
use crate::config;

/// How many calls, and how they ended. A failure that was slow is in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) calls: u32,
    pub(crate) failures: u32,
    pub(crate) slow: u32,
}

/// How one call ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) failed: bool,
    pub(super) slow: bool,
}

impl Counts {
    pub(super) fn add(&mut self, mark: Mark) {
        self.calls = self.calls.saturating_add(1);
        self.failures = self.failures.saturating_add(u32::from(mark.failed));
        self.slow = self.slow.saturating_add(u32::from(mark.slow));
    }

    pub(super) fn take(&mut self, mark: Mark) {
        self.calls -= 1;
        self.failures -= u32::from(mark.failed);
        self.slow -= u32::from(mark.slow);
    }
}

/// The calls that count.
#[derive(Clone, Debug)]
pub(crate) enum Window {
    Calls(Ring),
    Time(Buckets),
}

impl Window {
    pub(super) fn new(window: config::Window) -> Self {
        match window {
            config::Window::Calls(calls) => Self::Calls(Ring::new(calls)),
            config::Window::Time { span, buckets } => Self::Time(Buckets::new(span, buckets)),
        }
    }

    /// Lets time pass, in nanoseconds since the origin of the buckets.
    pub(super) fn pass(&mut self, elapsed: u64) {
        if let Self::Time(buckets) = self {
            buckets.pass(elapsed);
        }
    }

    pub(super) fn add(&mut self, mark: Mark) {
        match self {
            Self::Calls(ring) => ring.add(mark),
            Self::Time(buckets) => buckets.add(mark),
        }
    }

    /// So many successes, at the time of the last event.
    pub(super) fn add_successes(&mut self, successes: u64) {
        match self {
            Self::Calls(ring) => ring.add_successes(successes),
            Self::Time(buckets) => buckets.add_successes(successes),
        }
    }

    pub(super) fn counts(&self) -> Counts {
        match self {
            Self::Calls(ring) => ring.counts,
            Self::Time(buckets) => buckets.counts(),
        }
    }

    /// Until when the same calls count if none is added; `None` if for ever.
    pub(super) fn stays_until(&self, origin: Coarse) -> Option<Coarse> {
        match self {
            Self::Calls(_) => None,
            Self::Time(buckets) => Some(Coarse::from_nanos(
                origin.as_nanos().saturating_add(buckets.end()),
            )),
        }
    }

    /// The same calls under another configuration, as far as they fit; `None` if they are of another kind.
    pub(super) fn resized(&self, window: config::Window) -> Option<Self> {
        match (self, window) {
            (Self::Calls(ring), config::Window::Calls(calls)) => {
                Some(Self::Calls(ring.resized(calls)))
            }
            (Self::Time(old), config::Window::Time { span, buckets }) => {
                old.resized(span, buckets).map(Self::Time)
            }
            _ => None,
        }
    }

    /// Whether calls of its whole length are in it, given for how long it has been filled.
    pub(super) fn is_full(&self, filled_for: std::time::Duration) -> bool {
        match self {
            Self::Calls(ring) => ring.counts.calls == ring.size,
            Self::Time(buckets) => filled_for >= buckets.span(),
        }
    }
}

/// The last so many calls, two bits each. Memory grows with the calls up to the size.
#[derive(Clone, Debug)]
pub(crate) struct Ring {
    size: u32,
    /// Four calls a byte.
    marks: Vec<u8>,
    /// Where the next one goes.
    next: u32,
    counts: Counts,
}

impl Ring {
    pub(super) fn new(size: u32) -> Self {
        Self {
            size,
            marks: Vec::new(),
            next: 0,
            counts: Counts::default(),
        }
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    pub(super) fn add(&mut self, mark: Mark) {
        if self.counts.calls == self.size {
            let oldest = self.get(self.next);
            self.counts.take(oldest);
        }
        self.set(self.next, mark);
        self.counts.add(mark);
        self.next = (self.next + 1) % self.size;
    }

    fn add_successes(&mut self, successes: u64) {
        // More than the size only push one another out.
        for _ in 0..successes.min(self.size.into()) {
            self.add(Mark::default());
        }
    }

    fn get(&self, at: u32) -> Mark {
        let bits = self.marks[at as usize / 4] >> (at % 4 * 2);
        Mark {
            failed: bits & 1 != 0,
            slow: bits & 2 != 0,
        }
    }

    fn set(&mut self, at: u32, mark: Mark) {
        let (byte, shift) = (at as usize / 4, at % 4 * 2);
        if self.marks.len() <= byte {
            self.marks.resize(byte + 1, 0);
        }
        let bits = u8::from(mark.failed) | u8::from(mark.slow) << 1;
        self.marks[byte] = self.marks[byte] & !(3 << shift) | bits << shift;
    }

    /// From the oldest to the newest.
    fn iter(&self) -> impl Iterator<Item = Mark> {
        let calls = self.counts.calls;
        (0..calls).map(move |age| self.get((self.next + self.size - calls + age) % self.size))
    }

    fn resized(&self, size: u32) -> Self {
        let mut ring = Self::new(size);
        let surplus = self.counts.calls.saturating_sub(size);
        self.iter()
            .skip(surplus as usize)
            .for_each(|mark| ring.add(mark));
        ring
    }
}
