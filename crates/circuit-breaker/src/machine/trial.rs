//! The half-open state: a few calls find out whether the service is back.

use std::collections::VecDeque;
use std::time::Duration;

use seaworthy_core::Cause;
use seaworthy_core::clock::Coarse;

use super::window::{Mark, Ring};
use crate::config::{AfterWait, Config, HalfOpen, JudgedBy, Permits};

/// What a trial comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    NotYet,
    Back,
    StillBad(Cause),
}

/// The calls that were let through, and what is known from them.
///
/// Each has a number and a deadline of its own. Whoever comes back without being among those that are under way
/// comes too late, and says nothing: so no call is counted twice, and none frees a place that is not its own.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    permits: Permits,
    judged_by: JudgedBy,
    lease: Option<Duration>,
    /// When it is over, whatever was found.
    deadline: Option<Coarse>,
    /// What comes then.
    then: AfterWait,
    /// Those under way, the one that is due first in front: time does not go back, and all have as long.
    running: VecDeque<Probe>,
    /// How many were let in, without those that were given back.
    issued: u32,
    last: u32,
    successes: u32,
    results: Ring,
    /// How many results the rates need.
    enough: u32,
}

/// A call that was let through.
#[derive(Clone, Copy, Debug)]
struct Probe {
    number: u32,
    deadline: Coarse,
    /// Not only a place was reserved for it.
    begun: bool,
}

/// A deadline that never comes.
const NEVER: Coarse = Coarse::from_nanos(u64::MAX);

impl Trial {
    pub(super) fn new(config: &Config, now: Coarse) -> Self {
        let HalfOpen {
            permits,
            judged_by,
            lease,
            max_wait,
            ..
        } = config.half_open;
        let (JudgedBy::Rates(calls) | JudgedBy::Successes(calls)) = judged_by;
        Self {
            permits,
            judged_by,
            lease,
            deadline: max_wait.map(|max_wait| now.saturating_add(max_wait.time)),
            then: max_wait.map_or(AfterWait::Open, |max_wait| max_wait.then),
            running: VecDeque::new(),
            issued: 0,
            last: 0,
            successes: 0,
            results: Ring::new(calls),
            enough: config.minimum_calls.min(calls),
        }
    }

    pub(super) fn running(&self) -> usize {
        self.running.len()
    }

    /// When it is over, or the next probe is overdue.
    pub(super) fn next_due(&self) -> Option<Coarse> {
        let overdue = self.running.front().map(|probe| probe.deadline);
        let overdue = overdue.filter(|deadline| *deadline != NEVER);
        match (overdue, self.deadline) {
            (Some(overdue), Some(deadline)) => Some(overdue.min(deadline)),
            (due, None) | (None, due) => due,
        }
    }

    /// What comes if it is over at this moment, whatever was found.
    pub(super) fn over(&self, at: Coarse) -> Option<AfterWait> {
        self.deadline
            .filter(|deadline| *deadline <= at)
            .map(|_| self.then)
    }

    /// Lets a call through, if there is a place: its number.
    pub(super) fn admit(&mut self, now: Coarse, begun: bool) -> Option<u32> {
        let free = match self.permits {
            Permits::AtOnce(permits) => self.running.len() < permits as usize,
            Permits::InTotal(permits) => self.issued < permits,
        };
        if !free {
            return None;
        }
        // Zero is not the number of a probe. Four billion probes in one trial take longer than any lease.
        self.last = self.last.checked_add(1).unwrap_or(1);
        self.issued = self.issued.saturating_add(1);
        let number = self.last;
        self.running.push_back(Probe {
            number,
            deadline: self.lease_from(now),
            begun,
        });
        Some(number)
    }

    /// The call begins for which a place was reserved; its time begins with it. False if the place is not held any
    /// more.
    pub(super) fn begin(&mut self, number: u32, now: Coarse) -> bool {
        let Some(probe) = self.take(number) else {
            return false;
        };
        let deadline = self.lease_from(now);
        self.running.push_back(Probe {
            deadline,
            begun: true,
            ..probe
        });
        true
    }

    fn lease_from(&self, now: Coarse) -> Coarse {
        self.lease.map_or(NEVER, |lease| now.saturating_add(lease))
    }

    fn take(&mut self, number: u32) -> Option<Probe> {
        let place = self.running.iter().position(|it| it.number == number)?;
        self.running.remove(place)
    }

    /// The oldest probe is overdue: its place is free, and it has failed. One that had not begun has not: `None`.
    pub(super) fn reclaim(&mut self, config: &Config) -> Option<Judgement> {
        let probe = self.running.pop_front()?;
        // Whoever did not come back has not used it up: more must be able to find out.
        self.issued = self.issued.saturating_sub(1);
        if !probe.begun {
            return None;
        }
        let mark = Mark {
            failed: true,
            slow: false,
        };
        Some(match self.judge(mark, config) {
            Judgement::StillBad(Cause::ProbeFailed) => Judgement::StillBad(Cause::ProbeOverdue),
            judgement => judgement,
        })
    }

    /// A probe has come back; `None` if it is not under way any more. Without a mark it says nothing.
    pub(super) fn end(
        &mut self,
        probe: u32,
        mark: Option<Mark>,
        config: &Config,
    ) -> Option<Judgement> {
        self.take(probe)?;
        let Some(mark) = mark else {
            self.issued = self.issued.saturating_sub(1);
            return Some(Judgement::NotYet);
        };
        Some(self.judge(mark, config))
    }

    fn judge(&mut self, mark: Mark, config: &Config) -> Judgement {
        match self.judged_by {
            JudgedBy::Successes(_) if mark.failed => Judgement::StillBad(Cause::ProbeFailed),
            JudgedBy::Successes(_) if mark.slow => Judgement::StillBad(Cause::ProbeSlow),
            JudgedBy::Successes(needed) => {
                self.successes += 1;
                if self.successes >= needed {
                    Judgement::Back
                } else {
                    Judgement::NotYet
                }
            }
            JudgedBy::Rates(_) => {
                self.results.add(mark);
                let counts = self.results.counts();
                if counts.calls < self.enough {
                    return Judgement::NotYet;
                }
                match config.too_high(counts, self.enough) {
                    Some(cause) => Judgement::StillBad(cause),
                    None => Judgement::Back,
                }
            }
        }
    }
}
