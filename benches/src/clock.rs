//! The one place that reads the real clock: what is measured here is real time.

use std::time::{Duration, Instant};

/// The present instant.
#[must_use]
pub fn now() -> Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "a benchmark measures real time, with a clock that nobody can pause"
    )]
    Instant::now()
}

/// A duration in whole nanoseconds, for 584 years.
#[must_use]
pub fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// What one reading of the clock costs in nanoseconds, the median of many.
#[must_use]
pub fn cost() -> u64 {
    let mut costs: Vec<u64> = (0..10_001).map(|_| nanos(now().elapsed())).collect();
    costs.sort_unstable();
    costs[costs.len() / 2]
}
