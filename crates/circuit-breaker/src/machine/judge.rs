//! What the end of a call says, and when there is enough of it.

use std::time::Duration;

use seaworthy_core::clock::Coarse;
use seaworthy_core::{Cause, Verdict};

use super::event::{Ending, Notice, Ticket};
use super::window::{Counts, Mark};
use super::{Machine, Phase};
use crate::config::{Cancelled, Config, Overload, Panicked};

impl Config {
    /// What the end of a call counts as; `None` for nothing.
    fn mark(&self, how: Ending, took: Option<Duration>, probe: bool) -> Option<Mark> {
        let slow = match (self.slow_calls, took) {
            (Some(slow), Some(took)) => took > slow.longer_than,
            _ => false,
        };
        let failed = match how {
            Ending::Verdict(Verdict::Success) => false,
            Ending::Verdict(Verdict::Failure) => true,
            Ending::Verdict(Verdict::Ignored) => return None,
            Ending::Verdict(Verdict::Overload) => match self.overload {
                Overload::Failure => true,
                Overload::FailsProbes if probe => true,
                Overload::FailsProbes | Overload::Ignored => return None,
            },
            Ending::Cancelled => match self.cancelled {
                Cancelled::Failure => true,
                Cancelled::SlowIsFailure if slow => true,
                Cancelled::SlowIsFailure | Cancelled::Ignored => return None,
            },
            Ending::Panicked => match self.panicked {
                Panicked::Failure => true,
                Panicked::Ignored => return None,
            },
        };
        Some(Mark { failed, slow })
    }

    /// Whether the rates are too high, given that at least `minimum` calls count.
    pub(super) fn too_high(&self, counts: Counts, minimum: u32) -> Option<Cause> {
        let Counts {
            calls,
            failures,
            slow,
        } = counts;
        if calls < minimum {
            return None;
        }
        let share = |part: u32| f64::from(part) / f64::from(calls);
        if self
            .failure_rate
            .is_some_and(|rate| share(failures) >= rate)
        {
            Some(Cause::FailureRate { failures, calls })
        } else if self
            .slow_calls
            .is_some_and(|limit| share(slow) >= limit.rate)
        {
            Some(Cause::SlowRate { slow, calls })
        } else {
            None
        }
    }

    fn has_rates(&self) -> bool {
        self.failure_rate.is_some() || self.slow_calls.is_some()
    }
}

impl Machine {
    /// True if the end was counted.
    pub(crate) fn end(
        &mut self,
        now: Coarse,
        ticket: Ticket,
        how: Ending,
        took: Option<Duration>,
    ) -> bool {
        let now = self.pass(now, false);
        if ticket.generation != self.generation {
            return false;
        }
        let mark = self.config.mark(how, took, ticket.is_probe());
        match &mut self.phase {
            Phase::HalfOpen(trial) => {
                let Some(judgement) = trial.end(ticket.probe, mark, &self.config) else {
                    return false;
                };
                self.freed = true;
                self.conclude(now, judgement);
                mark.is_some()
            }
            Phase::Closed { .. } | Phase::MetricsOnly => match mark {
                Some(mark) => {
                    self.count(now, mark);
                    true
                }
                None => false,
            },
            Phase::Open { .. } | Phase::ForcedOpen | Phase::Disabled => false,
        }
    }

    /// A call that was let in does not take place.
    pub(crate) fn release(&mut self, now: Coarse, ticket: Ticket) {
        self.end(now, ticket, Ending::IGNORED, None);
    }

    fn count(&mut self, now: Coarse, mark: Mark) {
        // The calls that it opens by are no sign of health, even if they fill the window.
        let well = self.is_well(now);
        self.window.add(mark);
        self.streak = if mark.failed {
            self.streak.saturating_add(1)
        } else {
            0
        };
        let bad = self.verdict();
        if !matches!(self.phase, Phase::MetricsOnly) {
            if let Some(cause) = bad {
                if well {
                    self.attempt = 0;
                }
                self.open(now, cause);
            }
            return;
        }
        if let Some(cause) = bad.filter(|_| !self.would_open) {
            self.notices.push(Notice::WouldOpen(cause));
        }
        self.would_open = bad.is_some();
    }

    /// So many calls of this state have ended well, none of them slow, at the time of the last event.
    ///
    /// Only while [`stable_until`](Self::stable_until) says so: then they open nothing.
    pub(crate) fn absorb(&mut self, successes: u64) {
        if successes == 0 {
            return;
        }
        // More than fits into a window says no more.
        let successes = successes.min(u32::MAX.into());
        if let Phase::Closed { .. } | Phase::MetricsOnly = self.phase {
            self.window.add_successes(successes);
            self.streak = 0;
        }
    }

    /// Why it would open now.
    fn verdict(&self) -> Option<Cause> {
        let limit = self.consecutive_failures();
        if limit.is_some_and(|limit| self.streak >= limit) {
            return Some(Cause::ConsecutiveFailures(self.streak));
        }
        self.config
            .too_high(self.window.counts(), self.minimum_calls())
    }

    /// Until when a success cannot change anything but counts: it lets calls through, and there are enough in the
    /// window, so that one more that went well only makes the rates better.
    pub(crate) fn stable_until(&self) -> Option<Coarse> {
        if !matches!(self.phase, Phase::Closed { ramp: None }) {
            return None;
        }
        let enough = self.window.counts().calls >= self.minimum_calls();
        if self.config.has_rates() && !enough || self.verdict().is_some() {
            return None;
        }
        let forever = Coarse::from_nanos(u64::MAX);
        Some(self.window.stays_until(self.origin).unwrap_or(forever))
    }
}
