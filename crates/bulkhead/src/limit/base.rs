//! How long a call takes when nothing is in its way.

use std::time::Duration;

use seaworthy_core::Verdict;

use super::Sample;
use super::times::Times;

/// So many calls make a measurement.
const CALLS: usize = 24;

/// The first is quicker, and rough: until then nothing is known, and calls are turned away for it.
const CALLS_FIRST: usize = 12;

/// Where there are many calls, more of them make a better one in the same time.
const CALLS_MOST: usize = 128;

/// With fewer than so many, one that had to be ended early says nothing.
const CALLS_LEAST: usize = 8;

/// How much a measurement counts that agrees, about, with those before.
const WEIGHT: f64 = 0.25;

/// Further apart than that, things are not what they were, and the new one counts alone.
const AGREES: f64 = 1.5;

/// Clearly less than before.
const CLEARLY: f64 = 0.8;

/// How long a call takes when the service has few, as the calls say that found it so.
///
/// Others never raise it, so it does not rise with a queue, however long that stands. One lucky call does not lower it,
/// since it is a median. And it is never older than the last time that the service had few calls.
#[derive(Debug)]
pub(super) struct Base {
    seconds: Option<f64>,
    /// It is made of fewer calls than it should be.
    rough: bool,
    times: Times<CALLS_MOST>,
    /// When the first of `times` came.
    since: Duration,
    measured: Duration,
    calls_since: u64,
}

impl Base {
    pub(super) fn new() -> Self {
        Self {
            seconds: None,
            rough: false,
            times: Times::new(),
            since: Duration::ZERO,
            measured: Duration::ZERO,
            calls_since: 0,
        }
    }

    pub(super) fn seconds(&self) -> Option<f64> {
        self.seconds
    }

    /// Whether it should be measured again soon.
    pub(super) fn is_rough(&self) -> bool {
        self.rough
    }

    /// How long ago it was measured, and how many calls ago.
    pub(super) fn age(&self, now: Duration) -> (Duration, u64) {
        (now.saturating_sub(self.measured), self.calls_since)
    }

    pub(super) fn count(&mut self) {
        self.calls_since = self.calls_since.saturating_add(1);
    }

    /// A call that found the service with few others. Says whether this was the last that was wanting.
    pub(super) fn add(&mut self, sample: &Sample, few: u32, stale: Duration) -> bool {
        if sample.verdict != Verdict::Success {
            return false;
        }
        if self.times.len() > 0 && sample.now.saturating_sub(self.since) > stale {
            self.times.clear();
        }
        if self.times.len() == 0 {
            self.since = sample.now;
        }
        self.times.add(sample.took);
        let least = match self.seconds {
            None => CALLS_FIRST,
            Some(_) => CALLS,
        };
        self.times.len() >= (few as usize).clamp(least, CALLS_MOST) && {
            self.finish(sample.now);
            true
        }
    }

    /// From now on only what is still to come counts.
    pub(super) fn restart(&mut self) {
        self.times.clear();
    }

    /// No more calls come, or there are enough.
    pub(super) fn finish(&mut self, now: Duration) {
        self.measured = now;
        self.calls_since = 0;
        if self.times.len() < CALLS_LEAST {
            self.times.clear();
            return;
        }
        let was_rough = std::mem::replace(&mut self.rough, self.times.len() < CALLS);
        let Some(median) = self.times.median() else {
            return;
        };
        let new = median.as_secs_f64();
        self.seconds = Some(match self.seconds {
            Some(old) if !was_rough && new <= old * AGREES && old <= new * AGREES => {
                old + (new - old) * WEIGHT
            }
            _ => new,
        });
    }

    /// It is no more than that, since calls took no longer although there were many. What may be chance does not count, or
    /// it would be the least that chance ever brought.
    pub(super) fn at_most(&mut self, seconds: f64) {
        let clearly = |old: &f64| seconds < old * CLEARLY;
        self.seconds = self
            .seconds
            .map(|old| if clearly(&old) { seconds } else { old });
    }

    /// It cannot be measured, so this has to do.
    pub(super) fn seconds_or(&mut self, seconds: f64) -> f64 {
        *self.seconds.get_or_insert(seconds)
    }
}
