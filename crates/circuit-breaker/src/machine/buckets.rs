//! The calls of the last so long, counted in buckets.

use std::time::Duration;

use super::window::{Counts, Mark};

/// A ring of buckets, and the sums of those that count.
///
/// A call belongs to the bucket in which it ends. The window is the current bucket and those before it, so that a
/// call counts for the span, less up to the length of one bucket.
#[derive(Clone, Debug)]
pub(crate) struct Buckets {
    buckets: Box<[Bucket]>,
    /// The length of one, in nanoseconds.
    length: u64,
    /// The number of the current one, counted from the origin.
    current: u64,
    sums: Bucket,
}

/// As counts; more than four billion calls are possible in a long bucket.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    calls: u64,
    failures: u64,
    slow: u64,
}

impl Bucket {
    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.failures += other.failures;
        self.slow += other.slow;
    }

    fn take(&mut self, other: Self) {
        self.calls -= other.calls;
        self.failures -= other.failures;
        self.slow -= other.slow;
    }
}

impl Buckets {
    pub(super) fn new(span: Duration, buckets: u32) -> Self {
        let length = (span / buckets.max(1)).as_nanos();
        Self {
            buckets: vec![Bucket::default(); buckets as usize].into_boxed_slice(),
            length: u64::try_from(length).unwrap_or(u64::MAX).max(1),
            current: 0,
            sums: Bucket::default(),
        }
    }

    pub(super) fn span(&self) -> Duration {
        Duration::from_nanos(self.length.saturating_mul(self.buckets.len() as u64))
    }

    /// The end of the current bucket, in nanoseconds since the origin.
    pub(super) fn end(&self) -> u64 {
        (self.current + 1).saturating_mul(self.length)
    }

    pub(super) fn pass(&mut self, elapsed: u64) {
        let current = elapsed / self.length;
        if current <= self.current {
            return;
        }
        let passed = current - self.current;
        if passed >= self.buckets.len() as u64 {
            self.buckets.fill(Bucket::default());
            self.sums = Bucket::default();
            self.current = current;
            return;
        }
        for _ in 0..passed {
            self.current += 1;
            let index = self.index();
            let expired = std::mem::take(&mut self.buckets[index]);
            self.sums.take(expired);
        }
    }

    fn index(&self) -> usize {
        // Less than the number of buckets, which is a usize.
        (self.current % self.buckets.len() as u64) as usize
    }

    pub(super) fn add(&mut self, mark: Mark) {
        self.add_all(Bucket {
            calls: 1,
            failures: mark.failed.into(),
            slow: mark.slow.into(),
        });
    }

    pub(super) fn add_successes(&mut self, successes: u64) {
        self.add_all(Bucket {
            calls: successes,
            ..Bucket::default()
        });
    }

    fn add_all(&mut self, calls: Bucket) {
        let index = self.index();
        self.buckets[index].add(calls);
        self.sums.add(calls);
    }

    pub(super) fn counts(&self) -> Counts {
        let count = |sum: u64| u32::try_from(sum).unwrap_or(u32::MAX);
        Counts {
            calls: count(self.sums.calls),
            failures: count(self.sums.failures),
            slow: count(self.sums.slow),
        }
    }

    /// The same calls with more or fewer buckets of the same length; `None` if the length is another.
    pub(super) fn resized(&self, span: Duration, buckets: u32) -> Option<Self> {
        let mut resized = Self::new(span, buckets);
        if resized.length != self.length {
            return None;
        }
        let kept = (self.buckets.len() as u64).min(resized.buckets.len() as u64);
        resized.current = (self.current + 1).saturating_sub(kept);
        for number in resized.current..=self.current {
            resized.pass(number.saturating_mul(self.length));
            let index = (number % self.buckets.len() as u64) as usize;
            resized.add_all(self.buckets[index]);
        }
        Some(resized)
    }
}
