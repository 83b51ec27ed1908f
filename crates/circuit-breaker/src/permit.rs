//! The guard of one call.

use std::fmt;
use std::time::Duration;

use seaworthy_core::clock::{self, Coarse, Instant};
use seaworthy_core::shard::Share;
use seaworthy_core::{Rejected, Verdict};

use crate::machine::{Ending, Ticket};
use crate::shared::Shared;

/// A call that was let through: say how it ended.
///
/// Of [`CircuitBreaker::try_acquire`](crate::CircuitBreaker::try_acquire), for calls that are neither a future nor a
/// service. It counts once: each way to say how the call ended takes it. Dropped without a word it counts as
/// cancelled, or as panicked while its thread panics: its place is free again in any case, and
/// [`Config::cancelled`](crate::Config::cancelled) says what that is evidence of.
#[must_use = "dropping it means that the call was cancelled"]
pub struct Permit {
    /// Taken by whoever says how it ended.
    share: Option<Share<Shared>>,
    ticket: Ticket,
    began: Began,
}

/// When a call began.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Began {
    /// It does not matter how long it takes.
    Any,
    /// It matters, but not to the millisecond.
    Coarse(Coarse),
    /// To the microsecond.
    Exact(Instant),
}

impl Permit {
    #[inline]
    pub(crate) fn new(share: Share<Shared>, ticket: Ticket) -> Self {
        let began = share.now();
        Self {
            share: Some(share),
            ticket,
            began,
        }
    }

    /// Whether the call is one of those that try whether the service is back.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.ticket.is_probe()
    }

    /// It went well.
    pub fn success(self) {
        self.record(Verdict::Success);
    }

    /// It failed.
    pub fn failure(self) {
        self.record(Verdict::Failure);
    }

    /// It ended with an outcome that says this.
    #[inline]
    pub fn record(mut self, verdict: Verdict) {
        self.end(Ending::Verdict(verdict));
    }

    /// It did not take place.
    pub fn release(mut self) {
        if let Some(share) = self.share.take() {
            share.give_back(self.ticket);
        }
    }

    #[inline]
    pub(crate) fn has_ended(&self) -> bool {
        self.share.is_none()
    }

    /// For what is not the rule.
    #[cold]
    pub(crate) fn break_off(&mut self, how: Ending) {
        self.end(how);
    }

    #[inline(always)]
    pub(crate) fn end(&mut self, how: Ending) {
        if let Some(share) = self.share.take() {
            share.end(self.ticket, how, self.took());
        }
    }

    #[inline]
    fn took(&self) -> Option<Duration> {
        match self.began {
            Began::Any => None,
            Began::Coarse(began) => Some(clock::coarse().since(began)),
            Began::Exact(began) => Some(clock::exact().duration_since(began)),
        }
    }

    /// The call begins for which this place was reserved, if that is still held, or else as any other.
    #[inline]
    pub(crate) fn begin(mut self) -> Result<Self, Rejected> {
        let Some(share) = self.share.take() else {
            return Ok(self);
        };
        let ticket = share.begin(self.ticket)?;
        Ok(Self::new(share, ticket))
    }
}

impl Drop for Permit {
    #[inline]
    fn drop(&mut self) {
        if !self.has_ended() {
            let how = if std::thread::panicking() {
                Ending::Panicked
            } else {
                Ending::Cancelled
            };
            self.break_off(how);
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("probe", &self.is_probe())
            .finish_non_exhaustive()
    }
}
