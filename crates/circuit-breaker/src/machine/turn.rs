//! How a machine comes from one state into another, and what time alone brings about.

use std::time::Duration;

use seaworthy_core::Cause;
use seaworthy_core::clock::Coarse;

use super::event::{Notice, State};
use super::ramp::Ramp;
use super::trial::{Judgement, Trial};
use super::window::Window;
use super::{Machine, Phase};
use crate::config::{AfterWait, Begins};

/// After so many turns without anybody looking, the rest is reckoned, not walked.
const TURNS_MAX: u32 = 64;

/// What is due after it never comes about.
pub(super) const LAST: Coarse = Coarse::from_nanos(u64::MAX - 1);

impl Machine {
    /// Brings about what was due, each at its moment. `calling`: because somebody wants to make a call.
    ///
    /// Returns what is to be taken for now: the latest moment that was ever told, before the end of time.
    pub(super) fn pass(&mut self, now: Coarse, calling: bool) -> Coarse {
        self.now = now.min(LAST).max(self.now);
        let (now, mut turns) = (self.now, 0);
        while self.pass_once(now, calling) {
            turns += 1;
            if turns > TURNS_MAX {
                self.skip(now);
            }
        }
        self.suspicion = self.suspicion.filter(|it| !it.is_over(now));
        self.window.pass(self.elapsed(now));
        now
    }

    /// Nanoseconds since the buckets of time begin.
    fn elapsed(&self, now: Coarse) -> u64 {
        now.as_nanos().saturating_sub(self.origin.as_nanos())
    }

    fn pass_once(&mut self, now: Coarse, calling: bool) -> bool {
        match &mut self.phase {
            Phase::Open { until } => {
                let until = *until;
                let at = match self.config.half_open.begins {
                    Begins::OnCall if calling && now > until => now,
                    Begins::OnLook if now > until => now,
                    Begins::Timer if now >= until => until,
                    _ => return false,
                };
                self.try_out(at);
            }
            Phase::HalfOpen(trial) => {
                let Some(due) = trial.next_due().filter(|due| *due <= now) else {
                    return false;
                };
                if let Some(then) = trial.over(due) {
                    match then {
                        AfterWait::Closed => self.close(due),
                        AfterWait::Open => self.open(due, Cause::TrialTimeout),
                    }
                } else {
                    let judgement = trial.reclaim(&self.config);
                    self.freed = true;
                    if let Some(judgement) = judgement {
                        self.notices.push(Notice::ProbeOverdue);
                        self.conclude(due, judgement);
                    }
                }
            }
            Phase::Closed { ramp: Some(ramp) } => {
                let end = self.since.saturating_add(ramp.length());
                if end > now {
                    return false;
                }
                // The same life as a closed breaker: what it has counted goes on.
                self.phase = Phase::Closed { ramp: None };
                self.since = end;
                self.tell(State::Recovering, end, None, None);
            }
            _ => return false,
        }
        true
    }

    /// Nobody has looked for many rounds of open and half open, which alternate for ever: goes on with the last.
    fn skip(&mut self, now: Coarse) {
        let Phase::Open { until } = &mut self.phase else {
            return;
        };
        let Some(max_wait) = self.config.half_open.max_wait else {
            return;
        };
        let round = (until.since(self.since) + max_wait.time).as_nanos();
        let behind = now.since(*until).as_nanos();
        // Whole rounds, which end before now.
        let skipped = u64::try_from(behind / round * round).unwrap_or(u64::MAX);
        let skipped = Duration::from_nanos(skipped);
        (*until, self.since) = (
            until.saturating_add(skipped),
            self.since.saturating_add(skipped),
        );
    }

    pub(super) fn conclude(&mut self, at: Coarse, judgement: Judgement) {
        match judgement {
            Judgement::NotYet => {}
            Judgement::Back => self.close(at),
            Judgement::StillBad(cause) => self.open(at, cause),
        }
    }

    pub(super) fn close(&mut self, at: Coarse) {
        let ramp = self.config.ramp_up.map(Ramp::new);
        self.enter(at, Phase::Closed { ramp }, None);
    }

    pub(super) fn try_out(&mut self, at: Coarse) {
        let trial = Trial::new(&self.config, at);
        self.enter(at, Phase::HalfOpen(trial), None);
    }

    /// Whether it was well for the length of a window, as far as it has counted.
    pub(super) fn is_well(&self, at: Coarse) -> bool {
        let closed = matches!(self.phase, Phase::Closed { .. });
        closed && self.window.is_full(at.since(self.counts_since))
    }

    /// How often it has opened without having been well in between.
    pub(super) fn openings_in_a_row(&self, at: Coarse) -> u32 {
        if self.is_well(at) { 0 } else { self.attempt }
    }

    pub(super) fn open(&mut self, at: Coarse, cause: Cause) {
        let open_for = self.backoff.delay(self.attempt, self.random.f64());
        self.attempt = self.attempt.saturating_add(1);
        self.open_for(at, open_for, cause);
    }

    pub(super) fn open_for(&mut self, at: Coarse, open_for: Duration, cause: Cause) {
        self.cause = Some(cause);
        let until = at.saturating_add(open_for);
        self.enter_for(at, Phase::Open { until }, Some(cause), Some(open_for));
    }

    pub(super) fn enter(&mut self, at: Coarse, phase: Phase, cause: Option<Cause>) {
        self.enter_for(at, phase, cause, None);
    }

    fn enter_for(
        &mut self,
        at: Coarse,
        phase: Phase,
        cause: Option<Cause>,
        open_for: Option<Duration>,
    ) {
        let from = self.state();
        // What it has counted is shown for as long as it is open because of it.
        if !matches!(phase, Phase::Open { .. } | Phase::HalfOpen(_)) {
            self.window = Window::new(self.config.window);
            self.window.pass(self.elapsed(at));
            self.counts_since = at;
            self.streak = 0;
            self.would_open = false;
        }
        self.generation = self.generation.wrapping_add(1);
        self.phase = phase;
        self.since = at;
        self.tell(from, at, cause, open_for);
    }

    fn tell(&mut self, from: State, at: Coarse, cause: Option<Cause>, open_for: Option<Duration>) {
        self.notices.push(Notice::StateChanged {
            from,
            to: self.state(),
            at,
            cause,
            open_for,
        });
    }
}
