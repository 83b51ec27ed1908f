//! What a machine is told by others: its peers now, and itself before a restart of the program.

use std::time::Duration;

use seaworthy_core::Cause;
use seaworthy_core::clock::Coarse;

use super::event::State;
use super::{Machine, Phase};

/// How others find the same service, such as the other instances of this program.
///
/// It makes a breaker more suspicious and nothing else: the more of them have it open, the fewer calls are needed in
/// the window, and the fewer failures in a row, down to half of what the configuration says. It opens by evidence of
/// its own only: one instance with a bad network does not take the service from all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    /// So many of them have their breaker open.
    pub open: u32,
    /// Of so many. With 0 the advice says nothing.
    pub of: u32,
    /// For how long to go by this.
    pub valid_for: Duration,
}

/// What is worth keeping of a breaker over a restart of the program, so that it does not run into a service that it
/// knew to be down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Saved {
    /// The state.
    pub state: State,
    /// How much longer it is open.
    #[cfg_attr(
        feature = "serde",
        serde(
            default,
            skip_serializing_if = "Option::is_none",
            with = "seaworthy_core::duration::option"
        )
    )]
    pub open_for: Option<Duration>,
    /// How often it has opened in a row.
    pub openings_in_a_row: u32,
    /// Why it has opened last.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub cause: Option<Cause>,
}

/// An advice in force.
#[derive(Clone, Copy, Debug)]
pub(super) struct Suspicion {
    /// What the limits are multiplied by, from a half to 1.
    factor: f64,
    until: Coarse,
}

impl Suspicion {
    pub(super) fn is_over(self, now: Coarse) -> bool {
        self.until <= now
    }

    fn limit(self, limit: u32) -> u32 {
        // Between half of it and all of it: it fits.
        ((f64::from(limit) * self.factor).ceil() as u32).max(1)
    }
}

impl Machine {
    /// Takes advice, in place of what was said before.
    pub fn advise(&mut self, now: Coarse, advice: Advice) {
        let Advice {
            open,
            of,
            valid_for,
        } = advice;
        let now = self.pass(now, false);
        let share = f64::from(open.min(of)) / f64::from(of.max(1));
        self.suspicion = Some(Suspicion {
            factor: 1.0 - share / 2.0,
            until: now.saturating_add(valid_for),
        });
    }

    pub(super) fn minimum_calls(&self) -> u32 {
        self.limit(self.config.minimum_calls)
    }

    pub(super) fn consecutive_failures(&self) -> Option<u32> {
        let failures = self.config.consecutive_failures;
        failures.map(|failures| self.limit(failures))
    }

    fn limit(&self, limit: u32) -> u32 {
        self.suspicion.map_or(limit, |it| it.limit(limit))
    }

    /// What is worth keeping.
    #[must_use]
    pub fn save(&self, now: Coarse) -> Saved {
        Saved {
            state: self.state(),
            open_for: match self.phase {
                Phase::Open { until } => Some(until.since(now)),
                _ => None,
            },
            openings_in_a_row: self.openings_in_a_row(now),
            cause: self.cause,
        }
    }

    /// Goes on as it was. Half open begins with what is left of being open, which is nothing; what was closed begins
    /// without evidence.
    pub fn restore(&mut self, now: Coarse, saved: Saved) {
        let Saved {
            state,
            open_for,
            openings_in_a_row,
            cause,
        } = saved;
        (self.attempt, self.cause) = (openings_in_a_row, cause);
        let phase = match state {
            State::Open | State::HalfOpen => {
                let left = open_for.unwrap_or_default().min(self.config.open.at_most);
                self.open_for(now, left, cause.unwrap_or(Cause::Forced));
                return;
            }
            State::ForcedOpen => Phase::ForcedOpen,
            State::Disabled => Phase::Disabled,
            State::MetricsOnly => Phase::MetricsOnly,
            State::Closed | State::Recovering => Phase::Closed { ramp: None },
        };
        let forced = state == State::ForcedOpen;
        self.enter(now, phase, forced.then_some(Cause::Forced));
    }
}
