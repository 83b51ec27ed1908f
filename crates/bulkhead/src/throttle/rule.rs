//! The rule, without a clock, a lock or chance.

use std::time::Duration;

use seaworthy_core::{ConfigError, Verdict};

use super::config::ThrottleConfig;

/// How likely a call is to be held back, by what became of those before it: the rule of "adaptive throttling" in
/// [chapter 21](https://sre.google/sre-book/handling-overload/#client-side-throttling-a7sYUg) of Google's book on site
/// reliability.
///
/// The chance is `(requests - multiplier * accepts) / (requests + 1)`, from 0 up to a cap, over a window that slides.
/// Requests are all calls that somebody wanted to make, those that were held back among them; accepts are those that the
/// service did not turn away.
///
/// A call counts when it has ended, not when it is sent. With a slow service many calls are under way at once; if they
/// counted as requests that nobody had accepted yet, calls would be held back without any overload.
///
/// It has no clock: all times are since one moment that is the same for all, and none is before an earlier one. For
/// simulations; [`Throttle`](crate::Throttle) does the rest.
///
/// ```
/// use std::time::Duration;
/// use seaworthy_bulkhead::{ThrottleConfig, ThrottleRule};
/// use seaworthy_core::Verdict;
///
/// let mut rule = ThrottleRule::new(ThrottleConfig::default())?;
/// let now = Duration::from_secs(1);
/// (0..100).for_each(|_| rule.record(now, Verdict::Success));
/// assert_eq!(rule.chance(now), 0.0);
/// (0..300).for_each(|_| rule.record(now, Verdict::Overload));
/// assert_eq!(rule.chance(now), 200.0 / 401.0);
/// # Ok::<(), seaworthy_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ThrottleRule {
    config: ThrottleConfig,
    /// What had been counted when each of the last buckets began.
    edges: Box<[Counts]>,
    /// The number of the current bucket.
    current: u64,
    /// All there ever was.
    counts: Counts,
}

/// How many there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    pub(crate) accepts: u64,
}

impl ThrottleRule {
    /// Nothing has happened yet.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed.
    pub fn new(config: ThrottleConfig) -> Result<Self, ConfigError> {
        Self::named("throttle", config)
    }

    pub(crate) fn named(name: &str, config: ThrottleConfig) -> Result<Self, ConfigError> {
        config.check(name)?;
        Ok(Self {
            edges: vec![Counts::default(); config.buckets as usize].into_boxed_slice(),
            config,
            current: 0,
            counts: Counts::default(),
        })
    }

    /// A call that was sent has ended. Only [`Verdict::Overload`] says that it was not accepted;
    /// [`Verdict::Ignored`] says nothing, and is not counted at all.
    pub fn record(&mut self, now: Duration, verdict: Verdict) {
        if let Some(accepted) = accepted(verdict) {
            self.add(now, accepted);
        }
    }

    /// A call was held back.
    pub fn throttled(&mut self, now: Duration) {
        self.add(now, false);
    }

    fn add(&mut self, now: Duration, accepted: bool) {
        self.pass(nanos(now));
        self.counts.requests += 1;
        self.counts.accepts += u64::from(accepted);
    }

    /// How likely the next call is to be held back: 0 if it is not, and never more than the cap.
    pub fn chance(&mut self, now: Duration) -> f64 {
        self.pass(nanos(now));
        self.chance_now()
    }

    /// The requests of the window, and how many of them were accepted.
    pub fn counted(&mut self, now: Duration) -> (u64, u64) {
        self.pass(nanos(now));
        let counts = self.in_window();
        (counts.requests, counts.accepts)
    }

    pub(crate) fn config(&self) -> &ThrottleConfig {
        &self.config
    }

    /// Goes by another configuration. Whether what was counted still counts: if not, it is forgotten.
    pub(crate) fn reconfigure(
        &mut self,
        name: &str,
        config: ThrottleConfig,
    ) -> Result<bool, ConfigError> {
        let mut next = Self::named(name, config)?;
        let kept = next.config.counts_as(&self.config);
        if kept {
            self.config = next.config;
        } else {
            next.counts = self.counts;
            next.edges.fill(self.counts);
            next.current = self.current.saturating_mul(self.config.bucket()) / next.config.bucket();
            *self = next;
        }
        Ok(kept)
    }

    /// As [`chance`](Self::chance), with what was counted elsewhere up to now.
    pub(crate) fn look(&mut self, now: u64, counts: Counts) -> f64 {
        self.counts = counts;
        self.pass(now);
        self.chance_now()
    }

    pub(crate) fn in_window(&self) -> Counts {
        let oldest = self.edges[self.index(self.current + 1)];
        Counts {
            requests: self.counts.requests - oldest.requests,
            accepts: self.counts.accepts - oldest.accepts,
        }
    }

    /// When the next bucket begins.
    pub(crate) fn next_edge(&self) -> u64 {
        (self.current + 1).saturating_mul(self.config.bucket())
    }

    /// What was counted up to now belongs to the time before.
    fn pass(&mut self, now: u64) {
        let bucket = now / self.config.bucket();
        let passed = bucket.saturating_sub(self.current);
        if passed >= self.edges.len() as u64 {
            self.edges.fill(self.counts);
            self.current = bucket;
            return;
        }
        for _ in 0..passed {
            self.current += 1;
            let index = self.index(self.current);
            self.edges[index] = self.counts;
        }
    }

    fn index(&self, bucket: u64) -> usize {
        // Less than the number of buckets, which is a usize.
        (bucket % self.edges.len() as u64) as usize
    }

    fn chance_now(&self) -> f64 {
        let Counts { requests, accepts } = self.in_window();
        if requests < u64::from(self.config.minimum_requests) {
            return 0.0;
        }
        // Neither comes near 2^53.
        let (requests, accepts) = (requests as f64, accepts as f64);
        let chance = (requests - self.config.multiplier * accepts) / (requests + 1.0);
        chance.clamp(0.0, self.config.cap)
    }
}

/// Whether the service took a call on; `None` if that is not known.
#[inline]
pub(crate) fn accepted(verdict: Verdict) -> Option<bool> {
    match verdict {
        Verdict::Success | Verdict::Failure => Some(true),
        Verdict::Overload => Some(false),
        Verdict::Ignored => None,
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(all(test, not(seaworthy_loom)))]
mod tests;
