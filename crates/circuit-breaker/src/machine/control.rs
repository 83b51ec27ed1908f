//! Orders.

use std::fmt;
use std::time::Duration;

use seaworthy_core::clock::Coarse;
use seaworthy_core::{Cause, ConfigError};

use super::event::{Event, Notice, State};
use super::{Machine, Phase, Window};
use crate::config::{Config, TIME_MAX};

/// An order to a breaker. Each begins its state anew, also the one that the breaker is in: with no evidence, all
/// permits, and the whole time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Control {
    /// Lets calls through.
    Close,
    /// Turns calls away for a time, as if it had opened by itself. Refused if the breaker only counts.
    Open,
    /// Turns calls away for so long, at most a year, whatever the configuration says. Refused if the breaker only
    /// counts.
    OpenFor(Duration),
    /// Tries whether the service is back. Refused if the breaker is closed, recovering or only counts.
    HalfOpen,
    /// Turns calls away until another order.
    ForceOpen,
    /// Lets calls through and counts nothing until another order.
    Disable,
    /// Lets calls through and counts until another order.
    MetricsOnly,
    /// As closed, and forgets how often it has opened and why.
    Reset,
}

/// An order that makes no sense in this state; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a breaker that is {from} cannot be ordered {to}")]
pub struct IllegalControl {
    /// The state.
    pub from: State,
    /// What it was to become.
    pub to: State,
}

/// What another configuration means for what was counted before.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// It still counts.
    Kept,
    /// It does not fit the new window and is forgotten: another kind of window, or buckets of another length.
    Cleared,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kept => "what it had counted still counts",
            Self::Cleared => "what it had counted does not fit and is forgotten",
        })
    }
}

impl Machine {
    pub(crate) fn control(&mut self, now: Coarse, control: Control) -> Result<(), IllegalControl> {
        let now = self.pass(now, false);
        let from = self.state();
        let closed = matches!(from, State::Closed | State::Recovering);
        let counts_only = from == State::MetricsOnly;
        match control {
            Control::HalfOpen if closed || counts_only => {
                let to = State::HalfOpen;
                return Err(IllegalControl { from, to });
            }
            Control::Open | Control::OpenFor(_) if counts_only => {
                let to = State::Open;
                return Err(IllegalControl { from, to });
            }
            Control::Close => self.close(now),
            Control::Open => {
                if self.is_well(now) {
                    self.attempt = 0;
                }
                self.open(now, Cause::Forced);
            }
            Control::OpenFor(time) => self.open_for(now, time.min(TIME_MAX), Cause::Forced),
            Control::HalfOpen => self.try_out(now),
            Control::ForceOpen => self.enter(now, Phase::ForcedOpen, Some(Cause::Forced)),
            Control::Disable => self.enter(now, Phase::Disabled, None),
            Control::MetricsOnly => self.enter(now, Phase::MetricsOnly, None),
            Control::Reset => {
                (self.attempt, self.cause) = (0, None);
                self.enter(now, Phase::Closed { ramp: None }, None);
            }
        }
        Ok(())
    }

    /// Goes by another configuration from now on. Neither its state nor a time that has begun changes by it, and
    /// what it has counted is kept if it fits.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed; nothing has changed then.
    pub fn reconfigure(&mut self, now: Coarse, config: Config) -> Result<Evidence, ConfigError> {
        self.reconfigure_as("breaker", now, config)
    }

    pub(crate) fn reconfigure_as(
        &mut self,
        name: &str,
        now: Coarse,
        config: Config,
    ) -> Result<Evidence, ConfigError> {
        let backoff = config.check(name)?;
        // What is due is due under the old configuration.
        self.pass(now, false);
        let window = self.window.resized(config.window);
        let evidence = match window {
            Some(_) => Evidence::Kept,
            None => Evidence::Cleared,
        };
        self.window = window.unwrap_or_else(|| Window::new(config.window));
        (self.backoff, self.config) = (backoff, config);
        self.notices.push(Notice::Reconfigured(evidence));
        self.pass(now, false);
        Ok(evidence)
    }
}

impl From<Control> for Event {
    fn from(control: Control) -> Self {
        Self::Control(control)
    }
}
