//! What all handles of a breaker share.

use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::Duration;

use seaworthy_core::clock::{self, Coarse};
use seaworthy_core::component::{Component, Snapshot};
use seaworthy_core::event::{Events, Severity};
use seaworthy_core::name::Kept;
use seaworthy_core::shard::Count;
use seaworthy_core::sync::Lock;
use seaworthy_core::sync::atomic::{AtomicU64, Ordering};
use seaworthy_core::waiters::Waiters;
use seaworthy_core::{Cause, Name, Reason, Rejected};

use crate::event::BreakerEvent;
use crate::gate::{Gate, Mode, Sign};
use crate::machine::{Ending, Machine, Notice, Refusal, State, Ticket, View};
use crate::metrics::Metrics;
use crate::tally::{Seen, Tally};
use crate::timer;

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
    events: Events,
    metrics: Metrics,
    me: Weak<Self>,
}

#[derive(Debug)]
struct Inner {
    machine: Machine,
    seen: Seen,
    waiters: Waiters,
    /// How often it has opened.
    openings: u64,
}

/// What is left to do once the lock is released.
#[derive(Default)]
struct Aftermath {
    waiters: Waiters,
    told: bool,
    /// What is to be logged.
    log: Vec<BreakerEvent>,
    /// When it goes on by itself, if somebody is to see to that.
    due: Option<Coarse>,
}

impl Shared {
    pub(crate) fn new(name: Arc<str>, machine: Machine, events: Events) -> Arc<Self> {
        let tally = Tally::new();
        let shared = Arc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            metrics: Metrics::new(&name),
            name: Kept::new(name),
            gate: Gate::new(),
            slow_after: AtomicU64::new(u64::MAX),
            rejections: Count::new(),
            inner: Lock::new(Inner {
                machine,
                seen: tally.unseen(),
                waiters: Waiters::default(),
                openings: 0,
            }),
            tally,
            events,
        });
        shared.with(|_, _| {});
        shared
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        self.name.text()
    }

    pub(crate) fn kept_name(&self) -> Name {
        self.name.name()
    }

    /// A call that was let through does not take place.
    pub(crate) fn give_back(&self, ticket: Ticket) {
        if ticket.is_probe() {
            self.with(|machine, now| machine.release(now, ticket));
        }
    }

    pub(crate) fn events(&self) -> &Events {
        &self.events
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
        after.waiters.wake();
        self.log(&after.log);
        if after.told {
            self.events.deliver();
        }
        if let Some(due) = after.due {
            timer::arm(&self.me, due);
        }
        result
    }

    /// Tells the machine of the successes that were tallied. They ended before whatever comes next.
    fn collect(&self, inner: &mut Inner) {
        let generation = inner.machine.view().generation;
        let successes = self.tally.collect(generation, &mut inner.seen);
        inner.machine.absorb(successes);
    }

    /// Writes on the gate how the machine is, and collects what there is to tell.
    fn settle(&self, inner: &mut Inner) -> Aftermath {
        let notices = inner.machine.take_notices();
        self.show(&inner.machine);
        let mut after = Aftermath::default();
        if !notices.is_empty() {
            for notice in notices {
                if let Notice::Turned {
                    to: State::Open, ..
                } = notice
                {
                    inner.openings += 1;
                }
                let event = self.tell(&inner.machine, notice);
                if cfg!(feature = "tracing") {
                    after.log.push(event);
                }
            }
            after.told = true;
            after.waiters = inner.waiters.take();
            after.due = inner.machine.next_due();
        } else if inner.machine.view().state == State::HalfOpen {
            // A place may have become free.
            after.waiters = inner.waiters.take();
        }
        after
    }

    fn show(&self, machine: &Machine) {
        let View {
            state,
            generation,
            until,
            cause,
            ..
        } = machine.view();
        let forever = Coarse::from_nanos(u64::MAX);
        let (mode, until) = match state {
            State::Closed => match machine.stable_until() {
                Some(until) => (Mode::Tally, until),
                None => (Mode::Pass, forever),
            },
            State::MetricsOnly => (Mode::Pass, forever),
            State::Disabled => (Mode::Free, forever),
            State::ForcedOpen => (Mode::Reject, forever),
            State::Open => (Mode::Reject, until.unwrap_or(forever)),
            State::HalfOpen | State::Recovering => (Mode::Ask, forever),
        };
        let cause = match state {
            State::ForcedOpen => Cause::Forced,
            _ => cause.unwrap_or(Cause::Forced),
        };
        let slow = machine.config().slow_calls;
        let slow_after = slow.map_or(u64::MAX, |slow| {
            u64::try_from(slow.longer_than.as_nanos()).unwrap_or(u64::MAX)
        });
        self.slow_after.store(slow_after, Ordering::Relaxed);
        self.gate.write(Sign { generation, mode }, until, cause);
    }

    fn tell(&self, machine: &Machine, notice: Notice) -> BreakerEvent {
        let event = BreakerEvent::new(notice, machine.view());
        self.metrics.tell(&event);
        let severity = match &event {
            BreakerEvent::Turned {
                to: State::Open, ..
            }
            | BreakerEvent::WouldOpen { .. } => Severity::Warning,
            _ => Severity::Info,
        };
        self.events.publish(self.name.text(), severity, event);
        event
    }

    /// Never under the lock: a subscriber is code of the user.
    fn log(&self, events: &[BreakerEvent]) {
        #[cfg(feature = "tracing")]
        for event in events {
            let breaker = self.name();
            let _ = seaworthy_core::panic::catch(|| match event {
                BreakerEvent::Turned {
                    to: State::Open, ..
                }
                | BreakerEvent::WouldOpen { .. } => tracing::warn!(%breaker, "circuit {event}"),
                _ => tracing::info!(%breaker, "circuit {event}"),
            });
        }
        #[cfg(not(feature = "tracing"))]
        let _ = events;
    }

    /// Lets a call through, or not.
    #[inline]
    pub(crate) fn acquire(&self) -> Result<Ticket, Rejected> {
        let sign = self.gate.read();
        match sign.mode {
            Mode::Tally | Mode::Pass | Mode::Free => Ok(Ticket {
                generation: sign.generation,
                probe: 0,
            }),
            Mode::Reject => self.reject_at(sign),
            Mode::Ask => self.ask(),
        }
    }

    #[inline]
    fn reject_at(&self, sign: Sign) -> Result<Ticket, Rejected> {
        let now = clock::coarse();
        match self.gate.rejection(sign) {
            Some((until, cause)) if now < until => {
                let until = Some(until).filter(|until| until.as_nanos() != u64::MAX);
                Err(self.reject(Refusal { cause, until }, now))
            }
            _ => self.ask(),
        }
    }

    #[cold]
    fn ask(&self) -> Result<Ticket, Rejected> {
        let (admitted, now) = self.with(|machine, now| (machine.acquire(now), now));
        admitted.map_err(|refusal| self.reject(refusal, now))
    }

    #[inline]
    fn reject(&self, refusal: Refusal, now: Coarse) -> Rejected {
        self.rejections.increment();
        self.metrics.rejected();
        let rejected =
            Rejected::new(Reason::CircuitOpen, self.name.name()).with_cause(refusal.cause);
        match refusal.until {
            // Whoever comes back then finds that the coarse clock has passed the end as well.
            Some(until) => rejected
                .with_retry_after(until.since(now) + clock::COARSE_LAG + Duration::from_nanos(1)),
            None => rejected,
        }
    }

    /// Whether a call would be turned away now, as far as that can be told without asking.
    #[inline]
    pub(crate) fn rejects(&self) -> bool {
        let sign = self.gate.read();
        sign.mode == Mode::Reject && clock::coarse() < self.gate.until()
    }

    /// A call has ended.
    #[inline]
    pub(crate) fn end(&self, ticket: Ticket, how: Ending, took: Option<Duration>) {
        self.metrics.ended(how);
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

    /// How it is, after whatever is due by now.
    pub(crate) fn view(&self) -> View {
        self.with(|machine, now| {
            machine.look(now);
            machine.view()
        })
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
