//! What a breaker decides, without a clock, a lock or a runtime.
//!
//! [`Machine`] is driven by [steps](Machine::step): an event, and the moment at which it happens. The
//! [`CircuitBreaker`](crate::CircuitBreaker) is this behind a lock, with a way around the lock for what changes
//! nothing. It is public for simulations and for those who bring their own clock.

mod buckets;
mod control;
mod event;
mod hints;
mod judge;
mod ramp;
mod trial;
mod turn;
mod window;

use seaworthy_core::backoff::Backoff;
use seaworthy_core::clock::Coarse;
use seaworthy_core::{Cause, ConfigError};

use crate::config::{Begins, Config, Initial};

pub use control::{Control, Evidence, IllegalControl};
pub use event::{Ending, Event, Notice, Refusal, State, Step, Ticket, View};
pub use hints::{Advice, Saved};

use event::Admission;
use hints::Suspicion;
use ramp::Ramp;
use trial::Trial;
pub(crate) use window::Window;

/// The state of one breaker.
///
/// ```
/// use std::time::Duration;
/// use seaworthy_circuit_breaker::machine::{Ending, Event, Machine, State};
/// use seaworthy_circuit_breaker::Config;
/// use seaworthy_core::clock::Coarse;
///
/// let at = |seconds: u64| Coarse::from_nanos(seconds * 1_000_000_000);
/// let mut machine = Machine::new(Config::default(), at(0), 7)?;
/// for second in 0..5 {
///     let ticket = machine.step(at(second), Event::Acquire).admitted.expect("asked").expect("let in");
///     machine.step(at(second), Event::End { ticket, how: Ending::FAILURE, took: None });
/// }
/// assert_eq!(machine.step(at(4), Event::Look).state, State::Open);
/// # Ok::<(), seaworthy_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Machine {
    config: Config,
    backoff: Backoff,
    random: fastrand::Rng,
    /// Buckets of time begin at whole multiples of their length after this.
    origin: Coarse,
    /// The latest moment that it was told.
    now: Coarse,
    /// Counts the states it was in: what began in an earlier one says nothing about this one.
    generation: u32,
    phase: Phase,
    /// When it came into this state.
    since: Coarse,
    window: Window,
    /// Since when the window is filled.
    counts_since: Coarse,
    /// Failures since the last success.
    streak: u32,
    /// How often it has opened in a row.
    attempt: u32,
    /// Why it has opened last.
    cause: Option<Cause>,
    /// In metrics-only: it would be open now.
    would_open: bool,
    /// What others say, while it is to be gone by.
    suspicion: Option<Suspicion>,
    /// A place of a probe has become free.
    freed: bool,
    notices: Vec<Notice>,
}

#[derive(Clone, Debug)]
enum Phase {
    Closed { ramp: Option<Ramp> },
    Open { until: Coarse },
    HalfOpen(Trial),
    ForcedOpen,
    Disabled,
    MetricsOnly,
}

impl Machine {
    /// A breaker at the moment `now`. What is up to chance is decided by `seed`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed; it calls the component `breaker`.
    pub fn new(config: Config, now: Coarse, seed: u64) -> Result<Self, ConfigError> {
        Self::named("breaker", config, now, seed)
    }

    pub(crate) fn named(
        name: &str,
        config: Config,
        now: Coarse,
        seed: u64,
    ) -> Result<Self, ConfigError> {
        let backoff = config.check(name)?;
        let now = now.min(turn::LAST);
        let window = Window::new(config.window);
        let mut machine = Self {
            backoff,
            random: fastrand::Rng::with_seed(seed),
            origin: now,
            now,
            generation: 1,
            phase: Phase::Closed { ramp: None },
            since: now,
            window,
            counts_since: now,
            streak: 0,
            attempt: 0,
            cause: None,
            would_open: false,
            suspicion: None,
            freed: false,
            notices: Vec::new(),
            config,
        };
        match machine.config.initial {
            Initial::Closed => {}
            Initial::Open => machine.open(now, Cause::Forced),
            Initial::ForcedOpen => machine.enter(now, Phase::ForcedOpen, Some(Cause::Forced)),
            Initial::Disabled => machine.enter(now, Phase::Disabled, None),
            Initial::MetricsOnly => machine.enter(now, Phase::MetricsOnly, None),
        }
        machine.notices.clear();
        Ok(machine)
    }

    /// One event, and what comes of it. Time that goes back counts as standing still.
    pub fn step(&mut self, now: Coarse, event: Event) -> Step {
        let (mut admitted, mut counted, mut illegal) = (None, false, None);
        match event {
            Event::Look => self.look(now),
            Event::Acquire => admitted = Some(self.acquire(now)),
            Event::Reserve => admitted = Some(self.reserve(now)),
            Event::Begin(ticket) => admitted = Some(self.begin(now, ticket)),
            Event::End { ticket, how, took } => counted = self.end(now, ticket, how, took),
            Event::Successes(successes) => self.absorb(successes),
            Event::Release(ticket) => self.release(now, ticket),
            Event::Control(control) => illegal = self.control(now, control).err(),
        }
        Step {
            admitted,
            counted,
            illegal,
            state: self.state(),
            notices: self.take_notices(),
        }
    }

    /// Lets time pass: what is due comes about, at the moment at which it was due.
    pub(crate) fn look(&mut self, now: Coarse) {
        self.pass(now, false);
    }

    pub(crate) fn acquire(&mut self, now: Coarse) -> Admission {
        self.admit(now, true)
    }

    pub(crate) fn reserve(&mut self, now: Coarse) -> Admission {
        self.admit(now, false)
    }

    /// A call begins for which a place was reserved: by that if it is still held, else as any other.
    pub(crate) fn begin(&mut self, now: Coarse, ticket: Ticket) -> Admission {
        let now = self.pass(now, true);
        let held = ticket.generation == self.generation
            && match &mut self.phase {
                Phase::HalfOpen(trial) => trial.begin(ticket.probe, now),
                _ => true,
            };
        if held { Ok(ticket) } else { self.acquire(now) }
    }

    fn admit(&mut self, now: Coarse, begins: bool) -> Admission {
        let now = self.pass(now, true);
        let ticket = Ticket::of(self.generation);
        match &mut self.phase {
            Phase::Closed { ramp: None } | Phase::Disabled | Phase::MetricsOnly => Ok(ticket),
            Phase::Closed { ramp: Some(ramp) } => {
                if ramp.admits(now.since(self.since)) {
                    Ok(ticket)
                } else {
                    Err(Refusal::because(Cause::RampUp))
                }
            }
            Phase::HalfOpen(trial) => match trial.admit(now, begins) {
                Some(probe) => Ok(Ticket { probe, ..ticket }),
                None => Err(Refusal::because(Cause::ProbesBusy)),
            },
            Phase::Open { until } => {
                let until = *until;
                Err(self.open_until(until))
            }
            Phase::ForcedOpen => Err(Refusal::because(Cause::Forced)),
        }
    }

    /// When it goes on by itself, if that is to be told when it is due.
    pub(crate) fn next_due(&self) -> Option<Coarse> {
        if self.config.half_open.begins != Begins::Timer {
            return None;
        }
        match &self.phase {
            Phase::Open { until } => Some(*until),
            Phase::HalfOpen(trial) => trial.next_due(),
            _ => None,
        }
    }

    /// How it was after the last step: no time passes by looking.
    #[must_use]
    pub fn view(&self) -> View {
        let counts = self.window.counts();
        View {
            state: self.state(),
            generation: self.generation,
            since: self.since,
            until: match self.phase {
                Phase::Open { until } => Some(until),
                _ => None,
            },
            calls: counts.calls,
            failures: counts.failures,
            slow: counts.slow,
            consecutive_failures: self.streak,
            probes: match &self.phase {
                Phase::HalfOpen(trial) => trial.running(),
                _ => 0,
            },
            openings_in_a_row: self.openings_in_a_row(self.now),
            cause: self.cause,
        }
    }

    /// What it goes by.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn state(&self) -> State {
        match self.phase {
            Phase::Closed { ramp: None } => State::Closed,
            Phase::Closed { ramp: Some(_) } => State::Recovering,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen(_) => State::HalfOpen,
            Phase::ForcedOpen => State::ForcedOpen,
            Phase::Disabled => State::Disabled,
            Phase::MetricsOnly => State::MetricsOnly,
        }
    }

    pub(crate) fn generation(&self) -> u32 {
        self.generation
    }

    /// What a call would be told now, if that can be said without letting it in.
    pub(crate) fn refuses(&self, now: Coarse) -> Option<Refusal> {
        match self.phase {
            Phase::Open { until } if now < until => Some(self.open_until(until)),
            Phase::ForcedOpen => Some(Refusal::because(Cause::Forced)),
            _ => None,
        }
    }

    fn open_until(&self, until: Coarse) -> Refusal {
        Refusal {
            cause: self.cause.unwrap_or(Cause::Forced),
            until: Some(until),
        }
    }

    /// Whether it is in the state in which it was made, so that a new one would be as good.
    pub(crate) fn is_as_made(&self) -> bool {
        matches!(
            (self.state(), self.config.initial),
            (State::Closed, Initial::Closed)
                | (State::ForcedOpen, Initial::ForcedOpen)
                | (State::Disabled, Initial::Disabled)
                | (State::MetricsOnly, Initial::MetricsOnly)
        )
    }

    /// When what it knows from having opened says nothing any more, if nobody asks until then.
    pub(crate) fn lapses(&self) -> Option<Coarse> {
        let at_most = self.config.open.at_most;
        match &self.phase {
            Phase::Open { until } => Some(until.saturating_add(at_most)),
            Phase::HalfOpen(_) => Some(self.since.saturating_add(at_most)),
            Phase::Closed { ramp: Some(ramp) } => Some(self.since.saturating_add(ramp.length())),
            _ => None,
        }
    }

    /// When it changes by itself, if anybody looks.
    pub(crate) fn next_change(&self, now: Coarse) -> Option<Coarse> {
        match &self.phase {
            Phase::Open { until } => Some(*until),
            Phase::HalfOpen(trial) => trial.next_due(),
            Phase::Closed { ramp: Some(ramp) } => Some(ramp.next_step(now)),
            _ => None,
        }
    }

    /// Whether a place of a probe has become free since this was asked last.
    pub(crate) fn take_freed(&mut self) -> bool {
        std::mem::take(&mut self.freed)
    }

    pub(crate) fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }
}
