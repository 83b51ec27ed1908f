//! The clock of all crates: one exact reading, one cheap one, never the wall clock.
//!
//! [`exact`] is for measuring durations and setting timers. [`coarse`] is for windows and for
//! instants far apart: it costs a fraction (about 5 ns instead of 22) and is behind by a tick of the operating system at
//! most, which is 4 ms on most.
//! With the feature `test-util` both follow tokio's pausable clock.

use std::time::Duration;

pub use tokio::time::Instant;

/// The current instant, as `tokio::time` sees it.
#[must_use]
pub fn exact() -> Instant {
    Instant::now()
}

/// The instant `delay` from now; one that is too far away to be told is thirty years from now.
#[must_use]
pub fn after(delay: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
    let now = exact();
    now.checked_add(delay).unwrap_or_else(|| now + FAR)
}

/// How far [`coarse`] may be behind: a tick of the operating system, which is 1 to 10 ms.
#[inline]
#[must_use]
pub fn coarse_lag() -> Duration {
    source::lag()
}

/// An instant of the coarse monotonic clock, in nanoseconds since some fixed moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Coarse(u64);

impl Coarse {
    /// The instant that lies `nanos` nanoseconds after the fixed moment.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the fixed moment.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The instant `delay` after this one, or the last there is.
    #[must_use]
    pub fn saturating_add(self, delay: Duration) -> Self {
        let delay = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(delay))
    }

    /// The time from `earlier` to this instant; zero if `earlier` is later.
    #[inline]
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// The current instant of the coarse monotonic clock: at most [`coarse_lag`] behind, and cheap.
#[inline]
#[must_use]
pub fn coarse() -> Coarse {
    Coarse(source::nanos())
}

/// The operating system's coarse clock: what the kernel wrote down at its last tick.
#[cfg(all(target_os = "linux", not(feature = "test-util")))]
mod source {
    use std::sync::OnceLock;
    use std::time::Duration;

    use rustix::time::{ClockId, Timespec, clock_getres, clock_gettime};

    #[inline]
    pub(super) fn nanos() -> u64 {
        of(clock_gettime(ClockId::MonotonicCoarse))
    }

    #[inline]
    pub(super) fn lag() -> Duration {
        static LAG: OnceLock<Duration> = OnceLock::new();
        *LAG.get_or_init(|| Duration::from_nanos(of(clock_getres(ClockId::MonotonicCoarse))))
    }

    #[inline]
    fn of(time: Timespec) -> u64 {
        // Neither part of a monotonic reading is ever negative.
        time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
    }
}

/// Elsewhere, and in tests: tokio's clock, counted from a year before the first reading.
#[cfg(not(all(target_os = "linux", not(feature = "test-util"))))]
mod source {
    use std::sync::OnceLock;
    use std::time::Duration;
    use tokio::time::Instant;

    /// Each paused runtime has a clock of its own, and one may lag behind the first reading of
    /// another. Counting from long before keeps such readings apart.
    const BEFORE: Duration = Duration::from_secs(365 * 24 * 3600);

    pub(super) fn nanos() -> u64 {
        static FIRST: OnceLock<Instant> = OnceLock::new();
        let first = *FIRST.get_or_init(Instant::now);
        let since = (Instant::now() + BEFORE).saturating_duration_since(first);
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }

    pub(super) const fn lag() -> Duration {
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_goes_back() {
        let first = coarse();
        for _ in 0..1000 {
            assert!(coarse() >= first);
        }
        assert_eq!(first.since(Coarse::from_nanos(u64::MAX)), Duration::ZERO);
        assert_eq!(
            first.saturating_add(Duration::MAX),
            Coarse::from_nanos(u64::MAX)
        );
        assert!(coarse_lag() <= Duration::from_millis(10));
    }

    #[cfg(feature = "test-util")]
    #[tokio::test(start_paused = true)]
    async fn coarse_follows_the_paused_clock() {
        let before = coarse();
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(coarse().since(before), Duration::from_secs(7));
    }
}
