//! What all handles of a breaker share.

mod tell;

use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::Duration;

use seaworthy_core::clock::{self, Coarse};
use seaworthy_core::component::{Component, Snapshot};
use seaworthy_core::event::Events;
use seaworthy_core::name::Kept;
use seaworthy_core::shard::Count;
use seaworthy_core::sync::Lock;
use seaworthy_core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use seaworthy_core::waiters::Waiters;
use seaworthy_core::{Cause, Reason, Rejected, Verdict};

use crate::gate::{Gate, Mode, Sign};
use crate::group::Group;
use crate::machine::{Ending, Machine, Refusal, State, Ticket, View};
use crate::metrics::Metrics;
use crate::tally::{Seen, Tally};
use crate::timer;

const FOREVER: Coarse = Coarse::from_nanos(u64::MAX);

/// A machine behind a lock, and the ways around the lock.
#[derive(Debug)]
pub(crate) struct Shared {
    name: Kept,
    gate: Gate,
    tally: Tally,
    /// Calls that were turned away.
    rejections: Count,
    /// Calls that take longer are slow, in nanoseconds; `u64::MAX` if none is.
    slow_after: AtomicU64,
    inner: Lock<Inner>,
    /// How many want it to be open; changed under the lock.
    pub(crate) isolations: AtomicUsize,
    /// What it was before the first of them, and the generation that began with it.
    pub(crate) isolated: Lock<Option<(State, u32)>>,
    surroundings: Surroundings,
    me: Weak<Self>,
}

/// To whom a breaker tells what.
#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) events: Events,
    pub(crate) metrics: Arc<Metrics>,
    /// Those it belongs to.
    pub(crate) group: Option<Arc<Group>>,
    /// Over how many shards to count: fewer for what there are many of.
    pub(crate) shards: usize,
}

#[derive(Debug)]
struct Inner {
    machine: Machine,
    seen: Seen,
    waiters: Waiters,
    /// How often it has opened.
    openings: u64,
    /// The group counts it as open.
    counts_as_open: bool,
}

impl Shared {
    pub(crate) fn new(name: Arc<str>, machine: Machine, surroundings: Surroundings) -> Arc<Self> {
        let tally = Tally::over(surroundings.shards);
        if let Some(group) = &surroundings.group {
            group.joined();
        }
        let shared = Arc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            name: Kept::new(name),
            gate: Gate::new(),
            slow_after: AtomicU64::new(u64::MAX),
            isolations: AtomicUsize::new(0),
            isolated: Lock::default(),
            rejections: Count::over(surroundings.shards),
            inner: Lock::new(Inner {
                machine,
                seen: tally.unseen(),
                waiters: Waiters::default(),
                openings: 0,
                counts_as_open: false,
            }),
            tally,
            surroundings,
        });
        let due = {
            let inner = shared.inner.lock();
            shared.show(&inner.machine);
            inner.machine.next_due()
        };
        if let Some(due) = due {
            timer::arm(&shared.me, due);
        }
        shared
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        self.name.text()
    }

    pub(crate) fn events(&self) -> &Events {
        &self.surroundings.events
    }

    /// Whether it matters how long a call takes.
    #[inline]
    pub(crate) fn is_timed(&self) -> bool {
        self.slow_after.load(Ordering::Relaxed) != u64::MAX
    }

    /// Changes the machine under the lock, and tells what comes of it outside.
    pub(crate) fn with<R>(&self, change: impl FnOnce(&mut Machine, Coarse) -> R) -> R {
        let (result, after) = {
            let mut inner = self.inner.lock();
            self.collect(&mut inner);
            let result = change(&mut inner.machine, clock::coarse());
            (result, self.settle(&mut inner))
        };
        if let Some(due) = self.tell(after) {
            timer::arm(&self.me, due);
        }
        result
    }

    /// Tells the machine of the successes that were tallied. They ended before whatever comes next.
    fn collect(&self, inner: &mut Inner) {
        let generation = inner.machine.generation();
        let successes = self.tally.collect(generation, &mut inner.seen);
        inner.machine.absorb(successes);
    }

    /// Writes on the gate how the machine is.
    fn show(&self, machine: &Machine) {
        let (mode, until) = match machine.state() {
            State::Closed => match machine.stable_until() {
                Some(until) => (Mode::Tally, until),
                None => (Mode::Pass, FOREVER),
            },
            State::MetricsOnly => (Mode::Pass, FOREVER),
            State::Disabled => (Mode::Free, FOREVER),
            State::ForcedOpen => (Mode::Reject, FOREVER),
            State::Open => (Mode::Reject, machine.view().until.unwrap_or(FOREVER)),
            State::HalfOpen | State::Recovering => (Mode::Ask, FOREVER),
        };
        let cause = match machine.state() {
            State::Open => machine.view().cause.unwrap_or(Cause::Forced),
            _ => Cause::Forced,
        };
        let slow = machine.config().slow_calls;
        let slow_after = slow.map_or(u64::MAX, |slow| {
            u64::try_from(slow.longer_than.as_nanos()).unwrap_or(u64::MAX)
        });
        self.slow_after.store(slow_after, Ordering::Relaxed);
        let generation = machine.generation();
        self.gate.write(Sign { generation, mode }, until, cause);
    }

    /// Lets a call through, or not.
    #[inline]
    pub(crate) fn acquire(&self) -> Result<Ticket, Rejected> {
        let sign = self.gate.read();
        match sign.mode {
            Mode::Tally | Mode::Pass | Mode::Free => Ok(Ticket::of(sign.generation)),
            Mode::Reject => self.reject_at(sign),
            Mode::Ask => self.ask(),
        }
    }

    #[inline]
    fn reject_at(&self, sign: Sign) -> Result<Ticket, Rejected> {
        let now = clock::coarse();
        match self.refusal(sign) {
            Some(refusal) if refusal.until.is_none_or(|until| now < until) => {
                if self.insists(refusal) {
                    Err(self.reject(refusal, now))
                } else {
                    Ok(Ticket::of(sign.generation))
                }
            }
            _ => self.ask(),
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
    fn insists(&self, refusal: Refusal) -> bool {
        let group = self.surroundings.group.as_deref();
        refusal.until.is_none() || !group.is_some_and(Group::fails_open)
    }

    #[cold]
    fn ask(&self) -> Result<Ticket, Rejected> {
        let (admitted, now) = self.with(|machine, now| (machine.acquire(now), now));
        admitted.map_err(|refusal| self.reject(refusal, now))
    }

    /// Turns a call away.
    #[inline]
    fn reject(&self, refusal: Refusal, now: Coarse) -> Rejected {
        let rejected = self.turn_away().with_cause(refusal.cause);
        match refusal.until {
            // Whoever comes back then finds that the coarse clock has passed the end as well.
            Some(until) => {
                let slack = clock::COARSE_LAG + Duration::from_nanos(1);
                rejected.with_retry_after(until.since(now) + slack)
            }
            None => rejected,
        }
    }

    /// Turns a call away for which it was found at `then` that it would be.
    #[inline]
    pub(crate) fn refuse_as_of(&self, then: Coarse) -> Rejected {
        let sign = self.gate.read();
        let open = sign.mode == Mode::Reject;
        match self.refusal(sign).filter(|_| open) {
            Some(refusal) => self.reject(refusal, then),
            None => self.turn_away(),
        }
    }

    /// Turns a call away, and that is all there is to say.
    #[inline]
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

    /// As [`acquire`](Self::acquire), for who waits: then nothing is turned away.
    pub(crate) fn try_acquire(&self) -> Result<Ticket, ()> {
        let sign = self.gate.read();
        match sign.mode {
            Mode::Tally | Mode::Pass | Mode::Free => Ok(Ticket::of(sign.generation)),
            Mode::Reject | Mode::Ask if self.rejects().is_some() => Err(()),
            Mode::Reject | Mode::Ask => self
                .with(|machine, now| machine.acquire(now))
                .map_err(|_| ()),
        }
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
        (open && self.insists(refusal)).then_some(now)
    }

    /// A call has ended.
    #[inline(always)]
    pub(crate) fn end(&self, ticket: Ticket, how: Ending, took: Option<Duration>) {
        self.surroundings.metrics.ended(how);
        if how == Ending::SUCCESS && !ticket.is_probe() {
            let sign = self.gate.read();
            let tallies = sign.generation == ticket.generation && sign.mode == Mode::Tally;
            if tallies && self.is_quick(took) && clock::coarse() < self.gate.until() {
                self.tally.add(ticket.generation);
                return;
            }
        }
        self.end_slowly(ticket, how, took);
    }

    /// What took no call says this, as if a call did: nothing, if none would be let through.
    pub(crate) fn fails(&self, verdict: Verdict) {
        if let Ok(ticket) = self.try_acquire() {
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
        if sign.mode == Mode::Free && sign.generation == ticket.generation {
            return;
        }
        self.with(|machine, now| machine.end(now, ticket, how, took));
    }

    /// Waits for a change, as `number`.
    pub(crate) fn wait(&self, number: &mut u64, waker: &Waker) {
        let waker = waker.clone();
        let previous = self.inner.lock().waiters.wait(number, waker);
        drop(previous);
    }

    pub(crate) fn leave(&self, number: &mut u64) {
        if *number != 0 {
            let waker = self.inner.lock().waiters.leave(number);
            drop(waker);
        }
    }

    /// How long until something changes that nobody has to bring about.
    pub(crate) fn next_change(&self) -> Option<Duration> {
        self.with(|machine, now| {
            let change = machine.next_change(now)?;
            Some(change.since(now) + clock::COARSE_LAG + Duration::from_nanos(1))
        })
    }

    /// How it is, after whatever is due by now.
    pub(crate) fn view(&self) -> View {
        self.with(|machine, now| {
            machine.look(now);
            machine.view()
        })
    }

    /// Whether it is closed and lets everything through, as far as can be told without the lock.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.gate.read().mode, Mode::Tally | Mode::Pass)
    }

    pub(crate) fn rejections(&self) -> u64 {
        self.rejections.get()
    }

    pub(crate) fn openings(&self) -> u64 {
        self.inner.lock().openings
    }
}

impl Component for Shared {
    fn snapshot(&self) -> Snapshot {
        crate::snapshot::of(self)
    }
}
