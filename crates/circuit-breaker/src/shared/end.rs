//! How a call ends.

use std::time::Duration;

use seaworthy_core::Verdict;
use seaworthy_core::clock;
use seaworthy_core::sync::atomic::Ordering;

use super::Shared;
use crate::gate::Mode;
use crate::machine::{Ending, Ticket};
use crate::permit::Began;

/// Calls that are slow only after this time or a longer one are timed by the coarse clock: it is wrong by a few
/// percent at the most, and costs a fifth.
const COARSE_ENOUGH: Duration = Duration::from_millis(100);

impl Shared {
    /// The beginning of a call, as exactly as it matters how long the call takes.
    #[inline]
    pub(crate) fn now(&self) -> Began {
        match self.slow_after.load(Ordering::Relaxed) {
            u64::MAX => Began::Any,
            long if long >= COARSE_ENOUGH.as_nanos() as u64 => Began::Coarse(clock::coarse()),
            _ => Began::Exact(clock::exact()),
        }
    }

    /// A call has ended.
    #[inline(always)]
    pub(crate) fn end(&self, ticket: Ticket, how: Ending, took: Option<Duration>) {
        if !self.tallies(ticket, how, took) {
            self.end_slowly(ticket, how, took);
        }
        // Last: a recorder is code of the user.
        self.surroundings.metrics.ended(how);
    }

    /// Counts it without the lock, if that is all that is to be done.
    #[inline(always)]
    fn tallies(&self, ticket: Ticket, how: Ending, took: Option<Duration>) -> bool {
        if how != Ending::SUCCESS || ticket.is_probe() {
            return false;
        }
        let sign = self.gate.read();
        let tallies = sign.generation == ticket.generation
            && sign.mode == Mode::Tally
            && self.is_quick(took)
            && clock::coarse() < self.gate.until();
        if tallies {
            self.tally.add(ticket.generation);
        }
        tallies
    }

    /// What took no call says this, as if a call did: nothing, if none would be let through.
    pub(crate) fn fails(&self, verdict: Verdict) {
        let sign = self.gate.read();
        let admitted = match sign.mode {
            Mode::Tally | Mode::Pass | Mode::Free => Ok(Ticket::of(sign.generation)),
            Mode::Reject | Mode::Ask => self.with(|machine, now| machine.acquire(now)),
        };
        if let Ok(ticket) = admitted {
            self.end(ticket, Ending::Verdict(verdict), None);
        }
    }

    #[inline]
    fn is_quick(&self, took: Option<Duration>) -> bool {
        match took {
            None => true,
            Some(took) => took.as_nanos() <= u128::from(self.slow_after.load(Ordering::Relaxed)),
        }
    }

    #[cold]
    fn end_slowly(&self, ticket: Ticket, how: Ending, took: Option<Duration>) {
        let sign = self.gate.read();
        // Where nothing is counted, and what says nothing: only probes hold a place.
        let free = sign.mode == Mode::Free && sign.generation == ticket.generation;
        if free || how == Ending::IGNORED && !ticket.is_probe() {
            return;
        }
        self.with(|machine, now| machine.end(now, ticket, how, took));
    }
}
