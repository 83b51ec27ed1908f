//! A breaker as one would explain it: every result is kept with its time, and all counts are made anew each time.

use std::time::Duration;

use seaworthy_circuit_breaker::machine::{
    Advice, Control, Ending, Evidence, Notice, Refusal, State,
};
use seaworthy_circuit_breaker::{
    AfterWait, Begins, Cancelled, Config, Initial, MaxWait, Overload, Panicked, Window,
};
use seaworthy_core::clock::Coarse;
use seaworthy_core::{Cause, Verdict};

use crate::trial::{Judgement, Trial};

#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    pub at: u64,
    pub failed: bool,
    pub slow: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    pub generation: u32,
    pub probe: Option<usize>,
}

#[derive(Debug)]
pub enum Phase {
    Closed(Option<Ramp>),
    Open { until: u64 },
    HalfOpen(Trial),
    ForcedOpen,
    Disabled,
    MetricsOnly,
}

/// Whole numbers: a call is worth ten times the length, and each brings its share of that.
#[derive(Debug)]
pub struct Ramp {
    length: u64,
    credit: u128,
}

#[derive(Debug)]
pub struct Model {
    pub config: Config,
    origin: u64,
    /// The latest time that was seen.
    pub now: u64,
    pub generation: u32,
    pub phase: Phase,
    pub since: u64,
    /// Since when results are collected.
    collecting_since: u64,
    /// All results since then.
    outcomes: Vec<Outcome>,
    /// So many of them do not count for the rates any more, whatever the window says.
    forgotten: usize,
    openings: u32,
    pub cause: Option<Cause>,
    would_open: bool,
    /// An advice, and until when to go by it.
    advice: Option<(Advice, u64)>,
    pub notices: Vec<Notice>,
    /// So much came about by time alone that a machine may have reckoned instead of walked.
    pub walked_far: bool,
}

pub fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).expect("not centuries")
}

impl Model {
    pub fn new(config: Config, now: u64) -> Self {
        let initial = config.initial;
        let mut model = Self {
            config,
            origin: now,
            now,
            generation: 1,
            phase: Phase::Closed(None),
            since: now,
            collecting_since: now,
            outcomes: Vec::new(),
            forgotten: 0,
            openings: 0,
            cause: None,
            would_open: false,
            advice: None,
            notices: Vec::new(),
            walked_far: false,
        };
        match initial {
            Initial::Closed => {}
            Initial::Open => model.open(now, Cause::Forced, false),
            Initial::ForcedOpen => model.turn(now, Phase::ForcedOpen, Some(Cause::Forced), None),
            Initial::Disabled => model.turn(now, Phase::Disabled, None, None),
            Initial::MetricsOnly => model.turn(now, Phase::MetricsOnly, None, None),
        }
        model.notices.clear();
        model
    }

    pub fn state(&self) -> State {
        match self.phase {
            Phase::Closed(None) => State::Closed,
            Phase::Closed(Some(_)) => State::Recovering,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen(_) => State::HalfOpen,
            Phase::ForcedOpen => State::ForcedOpen,
            Phase::Disabled => State::Disabled,
            Phase::MetricsOnly => State::MetricsOnly,
        }
    }

    /// The results that count now.
    fn counted(&self) -> impl Iterator<Item = &Outcome> {
        let outcomes = &self.outcomes[self.forgotten..];
        let skipped = match self.config.window {
            Window::Calls(calls) => outcomes.len().saturating_sub(calls as usize),
            Window::Time { span, buckets } => {
                let length = nanos(span) / u64::from(buckets);
                let bucket = |at: u64| (at - self.origin) / length;
                let first = (bucket(self.now) + 1).saturating_sub(buckets.into());
                let old = outcomes.iter().filter(|one| bucket(one.at) < first);
                old.count()
            }
        };
        outcomes[skipped..].iter()
    }

    /// Calls, failures, slow calls.
    pub fn counts(&self) -> (u32, u32, u32) {
        let count = |of: &dyn Fn(&Outcome) -> bool| self.counted().filter(|one| of(one)).count();
        (
            count(&|_| true) as u32,
            count(&|one| one.failed) as u32,
            count(&|one| one.slow) as u32,
        )
    }

    pub fn streak(&self) -> u32 {
        let last = self.outcomes.iter().rev();
        last.take_while(|one| one.failed).count() as u32
    }

    /// Why it would open now.
    fn verdict(&self) -> Option<Cause> {
        let streak = self.streak();
        if self
            .config
            .consecutive_failures
            .is_some_and(|most| streak >= self.limit(most))
        {
            return Some(Cause::ConsecutiveFailures(streak));
        }
        rates(
            &self.config,
            self.counts(),
            self.limit(self.config.minimum_calls),
        )
    }

    /// One success more would only be counted.
    pub fn is_stable(&self) -> bool {
        let rates = self.config.failure_rate.is_some() || self.config.slow_calls.is_some();
        matches!(self.phase, Phase::Closed(None))
            && (!rates || self.counts().0 >= self.limit(self.config.minimum_calls))
            && self.verdict().is_none()
    }

    /// Whether the window holds as much as it ever will.
    fn is_full(&self, at: u64) -> bool {
        match self.config.window {
            Window::Calls(calls) => self.counts().0 == calls,
            Window::Time { span, .. } => at - self.collecting_since >= nanos(span),
        }
    }

    /// Time passes up to `now`, unless it is earlier than it was.
    pub fn pass(&mut self, now: u64, calling: bool) {
        let now = now.max(self.now);
        let mut turns = 0;
        while self.pass_to_next(now, calling) {
            turns += 1;
        }
        self.walked_far |= turns > 64;
        self.now = now;
    }

    fn pass_to_next(&mut self, now: u64, calling: bool) -> bool {
        match &mut self.phase {
            Phase::Open { until } => {
                let (until, begins) = (*until, self.config.half_open.begins);
                let at = match begins {
                    Begins::Timer => until,
                    Begins::OnLook | Begins::OnCall => now,
                };
                let due = match begins {
                    Begins::Timer => now >= until,
                    Begins::OnLook => now > until,
                    Begins::OnCall => now > until && calling,
                };
                if due {
                    self.try_out(at);
                }
                due
            }
            Phase::HalfOpen(trial) => {
                let overdue = trial.first_overdue().filter(|(at, _)| *at <= now);
                let over = trial.deadline.filter(|at| *at <= now);
                match (overdue, over) {
                    (None, None) => return false,
                    (Some((at, probe)), over) if over.is_none_or(|over| at < over) => {
                        if let Some(judgement) = trial.is_overdue(probe, &self.config) {
                            self.notices.push(Notice::ProbeOverdue);
                            self.conclude(at, judgement);
                        }
                    }
                    (_, over) => {
                        let at = over.expect("the other way to end");
                        match trial.then {
                            AfterWait::Open => self.open(at, Cause::TrialTimeout, false),
                            AfterWait::Closed => self.close(at),
                        }
                    }
                }
                true
            }
            Phase::Closed(Some(ramp)) => {
                let end = self.since + ramp.length;
                if end > now {
                    return false;
                }
                (self.phase, self.since) = (Phase::Closed(None), end);
                self.tell(State::Recovering, end, None, None);
                true
            }
            _ => false,
        }
    }

    fn conclude(&mut self, at: u64, judgement: Judgement) {
        match judgement {
            Judgement::Open(cause) => self.open(at, cause, false),
            Judgement::Close => self.close(at),
            Judgement::Wait => {}
        }
    }

    fn close(&mut self, at: u64) {
        let ramp = self.config.ramp_up.map(|length| Ramp {
            length: nanos(length),
            credit: 9 * u128::from(nanos(length)),
        });
        self.turn(at, Phase::Closed(ramp), None, None);
    }

    fn try_out(&mut self, at: u64) {
        let trial = Trial::new(&self.config, at);
        self.turn(at, Phase::HalfOpen(trial), None, None);
    }

    fn open(&mut self, at: u64, cause: Cause, was_well: bool) {
        if was_well {
            self.openings = 0;
        }
        let open = self.config.open;
        let grown = open.first.as_secs_f64() * open.factor.powi(self.openings as i32);
        let time = Duration::from_secs_f64(grown.min(open.at_most.as_secs_f64()));
        self.openings += 1;
        self.cause = Some(cause);
        let until = at + nanos(time);
        self.turn(at, Phase::Open { until }, Some(cause), Some(time));
    }

    fn turn(&mut self, at: u64, phase: Phase, cause: Option<Cause>, open_for: Option<Duration>) {
        let from = self.state();
        if !matches!(phase, Phase::Open { .. } | Phase::HalfOpen(_)) {
            self.outcomes.clear();
            self.forgotten = 0;
            self.would_open = false;
            self.collecting_since = at;
        }
        self.generation += 1;
        (self.phase, self.since) = (phase, at);
        self.tell(from, at, cause, open_for);
    }

    fn tell(&mut self, from: State, at: u64, cause: Option<Cause>, open_for: Option<Duration>) {
        self.notices.push(Notice::StateChanged {
            from,
            to: self.state(),
            at: Coarse::from_nanos(at),
            cause,
            open_for,
        });
    }

    pub fn acquire(&mut self, now: u64) -> Result<Ticket, Refusal> {
        self.admit(now, true)
    }

    pub fn reserve(&mut self, now: u64) -> Result<Ticket, Refusal> {
        self.admit(now, false)
    }

    /// Whoever lost the place has to be let in anew.
    pub fn begin(&mut self, now: u64, ticket: Ticket) -> Result<Ticket, Refusal> {
        self.pass(now, true);
        let now = self.now;
        let held = ticket.generation == self.generation
            && match (&mut self.phase, ticket.probe) {
                (Phase::HalfOpen(trial), Some(probe)) => trial.begin(probe, now),
                _ => true,
            };
        if held { Ok(ticket) } else { self.acquire(now) }
    }

    fn admit(&mut self, now: u64, begun: bool) -> Result<Ticket, Refusal> {
        self.pass(now, true);
        let generation = self.generation;
        let refused = |cause| Err(Refusal { cause, until: None });
        let probe = match &mut self.phase {
            Phase::ForcedOpen => return refused(Cause::Forced),
            Phase::Open { until } => {
                return Err(Refusal {
                    cause: self.cause.expect("it has opened"),
                    until: Some(Coarse::from_nanos(*until)),
                });
            }
            Phase::Closed(Some(ramp)) => {
                let elapsed = u128::from(self.now - self.since);
                let length = u128::from(ramp.length);
                ramp.credit += length + 9 * elapsed;
                if ramp.credit < 10 * length {
                    return refused(Cause::RampUp);
                }
                ramp.credit -= 10 * length;
                None
            }
            Phase::HalfOpen(trial) => match trial.admit(self.now, begun) {
                Some(probe) => Some(probe),
                None => return refused(Cause::ProbesBusy),
            },
            Phase::Closed(None) | Phase::Disabled | Phase::MetricsOnly => None,
        };
        Ok(Ticket { generation, probe })
    }

    /// How often it has opened without having been well for a whole window in between.
    pub fn openings_in_a_row(&self) -> u32 {
        let well = matches!(self.phase, Phase::Closed(_)) && self.is_full(self.now);
        if well { 0 } else { self.openings }
    }

    /// True if it was counted.
    pub fn end(&mut self, now: u64, ticket: Ticket, how: Ending, took: Option<Duration>) -> bool {
        self.pass(now, false);
        if ticket.generation != self.generation {
            return false;
        }
        let outcome = says(&self.config, self.now, how, took, ticket.probe.is_some());
        match (&mut self.phase, ticket.probe) {
            (Phase::HalfOpen(trial), Some(probe)) if trial.is_running(probe) => {
                let judgement = trial.end(probe, outcome, &self.config);
                self.conclude(self.now, judgement);
                outcome.is_some()
            }
            (Phase::Closed(_) | Phase::MetricsOnly, None) => {
                if let Some(outcome) = outcome {
                    self.count(outcome);
                }
                outcome.is_some()
            }
            _ => false,
        }
    }

    fn count(&mut self, outcome: Outcome) {
        let was_well = self.is_full(self.now);
        self.outcomes.push(outcome);
        let bad = self.verdict();
        match (&self.phase, bad) {
            (Phase::MetricsOnly, _) => {
                if let Some(cause) = bad.filter(|_| !self.would_open) {
                    self.notices.push(Notice::WouldOpen(cause));
                }
                self.would_open = bad.is_some();
            }
            (_, Some(cause)) => self.open(self.now, cause, was_well),
            (_, None) => {}
        }
    }

    /// True if the order makes sense.
    pub fn control(&mut self, now: u64, control: Control) -> bool {
        self.pass(now, false);
        let now = self.now;
        let closed = matches!(self.phase, Phase::Closed(_));
        let watching = matches!(self.phase, Phase::MetricsOnly);
        match control {
            Control::HalfOpen if closed || watching => return false,
            Control::Open | Control::OpenFor(_) if watching => return false,
            Control::OpenFor(time) => {
                self.cause = Some(Cause::Forced);
                let until = now + nanos(time);
                self.turn(now, Phase::Open { until }, self.cause, Some(time));
            }
            Control::HalfOpen => self.try_out(now),
            Control::Open => {
                let was_well = closed && self.is_full(now);
                self.open(now, Cause::Forced, was_well);
            }
            Control::Close => self.close(now),
            Control::ForceOpen => self.turn(now, Phase::ForcedOpen, Some(Cause::Forced), None),
            Control::Disable => self.turn(now, Phase::Disabled, None, None),
            Control::MetricsOnly => self.turn(now, Phase::MetricsOnly, None, None),
            Control::Reset => {
                (self.openings, self.cause) = (0, None);
                self.turn(now, Phase::Closed(None), None, None);
            }
            _ => unreachable!("there are no other orders"),
        }
        true
    }

    pub fn reconfigure(&mut self, now: u64, config: Config) -> Evidence {
        self.pass(now, false);
        let kept = match (self.config.window, config.window) {
            (Window::Calls(_), Window::Calls(_)) => true,
            (
                Window::Time { span, buckets },
                Window::Time {
                    span: s,
                    buckets: b,
                },
            ) => span / buckets == s / b,
            _ => false,
        };
        self.forgotten = self.outcomes.len() - self.counted().count();
        self.config = config;
        self.forgotten = if kept {
            self.outcomes.len() - self.counted().count()
        } else {
            self.outcomes.len()
        };
        let evidence = match kept {
            true => Evidence::Kept,
            false => Evidence::Cleared,
        };
        self.notices.push(Notice::Reconfigured(evidence));
        self.pass(now, false);
        evidence
    }

    pub fn advise(&mut self, now: u64, advice: Advice) {
        self.pass(now, false);
        self.advice = Some((advice, self.now + nanos(advice.valid_for)));
    }

    /// A limit, less up to a half of it by advice.
    fn limit(&self, limit: u32) -> u32 {
        match self.advice {
            Some((Advice { open, of, .. }, until)) if of > 0 && until > self.now => {
                (limit * (2 * of - open.min(of))).div_ceil(2 * of)
            }
            _ => limit,
        }
    }

    /// So many successes at the time of the last event.
    pub fn successes(&mut self, successes: usize) {
        let outcome = Outcome {
            at: self.now,
            failed: false,
            slow: false,
        };
        self.outcomes.extend(vec![outcome; successes]);
    }

    /// The moments at which something changes by time alone.
    pub fn boundaries(&self) -> Vec<u64> {
        let mut moments = match &self.phase {
            Phase::Open { until } => vec![*until],
            Phase::HalfOpen(trial) => trial.boundaries(),
            Phase::Closed(Some(ramp)) => vec![self.since + ramp.length],
            _ => vec![],
        };
        if let Window::Time { span, buckets } = self.config.window {
            let length = nanos(span) / u64::from(buckets);
            let bucket = (self.now - self.origin) / length;
            moments.push(self.origin + (bucket + 1) * length);
            moments.push(self.origin + (bucket + u64::from(buckets)) * length);
        }
        moments
    }
}

pub fn rates(config: &Config, counts: (u32, u32, u32), minimum: u32) -> Option<Cause> {
    let (calls, failures, slow) = counts;
    let share = |part: u32| f64::from(part) / f64::from(calls);
    let slow_rate = config.slow_calls.map(|slow| slow.rate);
    if calls < minimum {
        None
    } else if config
        .failure_rate
        .is_some_and(|rate| share(failures) >= rate)
    {
        Some(Cause::FailureRate { failures, calls })
    } else if slow_rate.is_some_and(|rate| share(slow) >= rate) {
        Some(Cause::SlowRate { slow, calls })
    } else {
        None
    }
}

/// What an end says, if anything.
fn says(
    config: &Config,
    at: u64,
    how: Ending,
    took: Option<Duration>,
    probe: bool,
) -> Option<Outcome> {
    let limit = config.slow_calls.map(|slow| slow.longer_than);
    let slow = took.is_some_and(|took| limit.is_some_and(|limit| took > limit));
    let policy = config.overload;
    let (counts, failed) = match how {
        Ending::Verdict(Verdict::Success) => (true, false),
        Ending::Verdict(Verdict::Failure) => (true, true),
        Ending::Verdict(Verdict::Ignored) => (false, false),
        Ending::Verdict(Verdict::Overload) => {
            let counts = policy == Overload::Failure || policy == Overload::FailsProbes && probe;
            (counts, true)
        }
        Ending::Panicked => (config.panicked == Panicked::Failure, true),
        Ending::Cancelled => match config.cancelled {
            Cancelled::Failure => (true, true),
            Cancelled::SlowIsFailure => (slow, true),
            Cancelled::Ignored => (false, true),
        },
    };
    counts.then_some(Outcome { at, failed, slow })
}

pub fn wait_of(config: &Config) -> (Option<Duration>, AfterWait) {
    match config.half_open.max_wait {
        Some(MaxWait { time, then }) => (Some(time), then),
        None => (None, AfterWait::Open),
    }
}
