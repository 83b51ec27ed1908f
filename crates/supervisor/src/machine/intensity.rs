//! How many restarts a supervisor allows in a window that truly slides.

use std::collections::VecDeque;
use std::time::Duration;

use seaworthy_core::clock::Coarse;

/// At most `max` restarts in any stretch of `period`.
///
/// Only the last `max` permitted restarts matter: one more is permitted if fewer have happened, or
/// the oldest of them has left the window. So a decision takes constant time, and the memory is 8
/// bytes a permitted restart, taken as restarts happen.
#[derive(Debug)]
pub(crate) struct Intensity {
    max: u32,
    period: Duration,
    restarts: VecDeque<Coarse>,
}

impl Intensity {
    pub(crate) fn new(max: u32, period: Duration) -> Self {
        Self {
            max,
            period,
            restarts: VecDeque::new(),
        }
    }

    /// Counts a restart at `now`; false, and nothing is counted, if that were one too many.
    pub(crate) fn permit(&mut self, now: Coarse) -> bool {
        if self.restarts.len() >= self.max as usize {
            match self.restarts.front() {
                Some(&oldest) if now.since(oldest) > self.period => {
                    self.restarts.pop_front();
                }
                _ => return false,
            }
        }
        // A clock that goes back must not unsort the list.
        let now = self.restarts.back().map_or(now, |&last| last.max(now));
        self.restarts.push_back(now);
        true
    }

    /// How many of the permitted restarts are still inside the window at `now`.
    pub(crate) fn used(&self, now: Coarse) -> usize {
        let left = self
            .restarts
            .partition_point(|&restart| now.since(restart) > self.period);
        self.restarts.len() - left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: u64) -> Coarse {
        Coarse::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn zero_permits_nothing() {
        assert!(!Intensity::new(0, Duration::from_secs(5)).permit(at(100)));
    }

    #[test]
    fn a_restart_on_the_edge_of_the_window_still_counts() {
        let mut intensity = Intensity::new(1, Duration::from_secs(5));
        assert!(intensity.permit(at(10)));
        assert!(!intensity.permit(at(15)));
        assert!(intensity.permit(at(16)));
        assert_eq!(intensity.used(at(16)), 1);
        assert_eq!(intensity.used(at(22)), 0);
    }

    proptest! {
        /// The naive rule: keep all permitted restarts, count those in the window.
        #[test]
        fn agrees_with_the_naive_window(
            max in 0_u32..6,
            period in 1_u64..20,
            steps in proptest::collection::vec(0_u64..8, 0..200),
        ) {
            let mut intensity = Intensity::new(max, Duration::from_secs(period));
            let mut permitted: Vec<u64> = Vec::new();
            let mut now = 100;
            for step in steps {
                now += step;
                let inside = permitted.iter().filter(|&&then| now - then <= period).count();
                prop_assert_eq!(intensity.used(at(now)), inside);
                let expected = inside < max as usize;
                prop_assert_eq!(intensity.permit(at(now)), expected);
                if expected {
                    permitted.push(now);
                }
                prop_assert!(intensity.restarts.len() <= max as usize);
            }
        }
    }
}
