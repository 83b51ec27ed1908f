//! How a call is let in, waits, or is turned away.

use std::task::Waker;

use seaworthy_core::clock::{self, Coarse};
use seaworthy_core::{Cause, Reason, Rejected};

use super::{FOREVER, Inner, Shared};
use crate::gate::{Mode, Sign};
use crate::machine::{Machine, Refusal, Ticket};
use crate::wait::Delay;

impl Shared {
    /// Lets a call through, or not.
    #[inline]
    pub(crate) fn acquire(&self) -> Result<Ticket, Rejected> {
        let sign = self.gate.read();
        match sign.mode {
            Mode::Tally | Mode::Pass | Mode::Free => Ok(Ticket::of(sign.generation)),
            Mode::Reject => self.reject_at(sign),
            Mode::Ask => self.ask(Machine::acquire),
        }
    }

    #[inline]
    fn reject_at(&self, sign: Sign) -> Result<Ticket, Rejected> {
        let now = clock::coarse();
        match self.refusal(sign) {
            Some(refusal) if refusal.until.is_none_or(|until| now < until) => {
                if self.insists(refusal, now) {
                    Err(self.reject(refusal, now))
                } else {
                    Ok(Ticket::of(sign.generation))
                }
            }
            _ => self.ask(Machine::acquire),
        }
    }

    /// What the gate says with this sign, if that has not changed.
    #[inline]
    fn refusal(&self, sign: Sign) -> Option<Refusal> {
        let (until, cause) = self.gate.rejection(sign)?;
        let until = Some(until).filter(|until| *until != FOREVER);
        Some(Refusal { cause, until })
    }

    /// Whether calls are turned away although many others of its kind are open: by order always, by itself not if too
    /// many are.
    #[inline]
    fn insists(&self, refusal: Refusal, now: Coarse) -> bool {
        let ordered = refusal.cause == Cause::Forced && refusal.until.is_none();
        let group = self.surroundings.group.as_deref();
        ordered || !group.is_some_and(|group| group.fails_open(now))
    }

    #[cold]
    fn ask(
        &self,
        admission: impl FnOnce(&mut Machine, Coarse) -> Result<Ticket, Refusal>,
    ) -> Result<Ticket, Rejected> {
        let (admitted, now) = self.with_inner(|inner, now| {
            let admitted = admission(&mut inner.machine, now);
            (self.overrule(&inner.machine, admitted, now), now)
        });
        admitted.map_err(|refusal| self.reject(refusal, now))
    }

    /// A call that is let through only because too many others are turned away counts nowhere.
    fn overrule(
        &self,
        machine: &Machine,
        admitted: Result<Ticket, Refusal>,
        now: Coarse,
    ) -> Result<Ticket, Refusal> {
        admitted.or_else(|refusal| {
            if self.insists(refusal, now) {
                Err(refusal)
            } else {
                Ok(Ticket::of(machine.generation()))
            }
        })
    }

    /// Turns a call away. In line: what is returned is too large for registers.
    #[inline(always)]
    fn reject(&self, refusal: Refusal, now: Coarse) -> Rejected {
        let rejected = self.turn_away().with_cause(refusal.cause);
        match refusal.until {
            Some(until) => rejected.with_retry_after(until.since(now) + self.slack),
            None => rejected,
        }
    }

    /// Turns a call away for which it was found at `then` that it would be.
    #[inline(always)]
    pub(crate) fn refuse_as_of(&self, then: Coarse) -> Rejected {
        let sign = self.gate.read();
        let open = sign.mode == Mode::Reject;
        match self.refusal(sign).filter(|_| open) {
            Some(refusal) => self.reject(refusal, then),
            None => self.turn_away(),
        }
    }

    /// Turns a call away, and that is all there is to say.
    #[inline(always)]
    fn turn_away(&self) -> Rejected {
        self.rejections.increment();
        self.surroundings.metrics.rejected();
        Rejected::new(Reason::CircuitOpen, self.name.name())
    }

    /// A call that was let in does not take place.
    pub(crate) fn give_back(&self, ticket: Ticket) {
        if ticket.is_probe() {
            self.with(|machine, now| machine.release(now, ticket));
        }
    }

    /// The call begins for which a place was reserved.
    #[inline]
    pub(crate) fn begin(&self, ticket: Ticket) -> Result<Ticket, Rejected> {
        let held = !ticket.is_probe() && self.gate.read().generation == ticket.generation;
        if held {
            return Ok(ticket);
        }
        self.ask(|machine, now| machine.begin(now, ticket))
    }

    /// A place for a call, or one in line. In one step, so that no change in between is missed.
    pub(crate) fn reserve_or_wait(&self, place: &mut u64, waker: &Waker) -> Result<Ticket, Delay> {
        let sign = self.gate.read();
        if let Mode::Tally | Mode::Pass | Mode::Free = sign.mode {
            return Ok(Ticket::of(sign.generation));
        }
        self.or_wait(place, waker, |inner, now| {
            let reserved = inner.machine.reserve(now);
            self.overrule(&inner.machine, reserved, now)
        })
    }

    /// A place in line while it is open.
    pub(crate) fn wait_while_open(&self, place: &mut u64, waker: &Waker) -> Result<(), Delay> {
        self.or_wait(place, waker, |inner, now| {
            self.refuses(inner, now).map_or(Ok(()), Err)
        })
    }

    /// A place in line while it is not open. The time, if it is.
    pub(crate) fn wait_while_closed(&self, place: &mut u64, waker: &Waker) -> Option<Coarse> {
        let open = self.or_wait(place, waker, |inner, now| {
            self.refuses(inner, now).map(|_| now).ok_or(())
        });
        open.ok()
    }

    /// What a call would be told now.
    fn refuses(&self, inner: &Inner, now: Coarse) -> Option<Refusal> {
        let refusal = inner.machine.refuses(now);
        refusal.filter(|refusal| self.insists(*refusal, now))
    }

    /// An attempt, and a place in line if it fails; then also when to try again.
    fn or_wait<R, E>(
        &self,
        place: &mut u64,
        waker: &Waker,
        attempt: impl FnOnce(&mut Inner, Coarse) -> Result<R, E>,
    ) -> Result<R, Delay> {
        let waker = waker.clone();
        let (result, unused) = self.with_inner(|inner, now| match attempt(inner, now) {
            Ok(result) => (Ok(result), Some(waker)),
            Err(_) => {
                let change = inner.machine.next_change(now);
                let delay = change.map(|at| at.since(now) + self.slack);
                (Err(delay), inner.waiters.wait(place, waker))
            }
        });
        drop(unused);
        result
    }

    /// The time, if a call would be turned away at this time, as far as that can be told without asking.
    #[inline]
    pub(crate) fn rejects(&self) -> Option<Coarse> {
        let sign = self.gate.read();
        if sign.mode != Mode::Reject {
            return None;
        }
        let now = clock::coarse();
        // The end of another state says nothing about this one.
        let refusal = self.refusal(sign)?;
        let open = refusal.until.is_none_or(|until| now < until);
        (open && self.insists(refusal, now)).then_some(now)
    }

    pub(crate) fn leave(&self, number: &mut u64) {
        if *number != 0 {
            let waker = self.inner.lock().waiters.leave(number);
            drop(waker);
        }
    }
}
