//! What all handles of a breaker share.

mod admit;
mod end;
mod tell;

use std::sync::{Arc, Weak};
use std::time::Duration;

use seaworthy_core::Cause;
use seaworthy_core::clock::{self, Coarse};
use seaworthy_core::component::{Component, Snapshot};
use seaworthy_core::event::Events;
use seaworthy_core::name::Kept;
use seaworthy_core::shard::Count;
use seaworthy_core::sync::Lock;
use seaworthy_core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use seaworthy_core::waiters::Waiters;

use crate::config::Config;
use crate::gate::{Gate, Mode, Sign};
use crate::group::{Group, Opening};
use crate::machine::{Machine, State, View};
use crate::metrics::Metrics;
use crate::tally::{Seen, Tally};
use crate::timer::Timer;

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
    /// Whoever comes back after this much more than the open time finds that the coarse clock has passed its end as
    /// well.
    slack: Duration,
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
    opening: Option<Opening>,
    timer: Timer,
    /// The metrics show the state.
    shown: bool,
    /// Which configuration of its group it goes by.
    version: u64,
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
            slack: clock::coarse_lag() + Duration::from_nanos(1),
            isolations: AtomicUsize::new(0),
            isolated: Lock::default(),
            rejections: Count::over(surroundings.shards),
            inner: Lock::new(Inner {
                machine,
                seen: tally.unseen(),
                waiters: Waiters::default(),
                openings: 0,
                opening: None,
                timer: Timer::default(),
                shown: true,
                version: 0,
            }),
            tally,
            surroundings,
        });
        let after = {
            let mut inner = shared.inner.lock();
            shared.count_in_group(&mut inner);
            let after = shared.settle(&mut inner);
            // A recorder that is installed before the first call is to see the state.
            inner.shown = false;
            after
        };
        shared.tell(after);
        shared
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        self.name.text()
    }

    pub(crate) fn events(&self) -> &Events {
        &self.surroundings.events
    }

    /// Changes the machine under the lock, and tells what comes of it outside.
    pub(crate) fn with<R>(&self, change: impl FnOnce(&mut Machine, Coarse) -> R) -> R {
        self.with_inner(|inner, now| change(&mut inner.machine, now))
    }

    fn with_inner<R>(&self, change: impl FnOnce(&mut Inner, Coarse) -> R) -> R {
        let (result, after) = {
            let mut inner = self.inner.lock();
            self.collect(&mut inner);
            let result = change(&mut inner, clock::coarse());
            (result, self.settle(&mut inner))
        };
        self.tell(after);
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

    /// How it is, after whatever is due by now.
    pub(crate) fn view(&self) -> View {
        self.with(|machine, now| {
            machine.look(now);
            machine.view()
        })
    }

    /// The configuration that it was made with was this one of its group.
    pub(crate) fn goes_by(&self, version: u64) {
        self.inner.lock().version = version;
    }

    /// Goes by this configuration of its group, which was checked, unless it goes by a later one.
    pub(crate) fn reconfigure_to(&self, version: u64, config: Config) {
        self.with_inner(|inner, now| {
            if inner.version < version {
                inner.version = version;
                let _ = inner.machine.reconfigure_as(self.name(), now, config);
            }
        });
    }

    /// It is due.
    pub(crate) fn is_due(&self) {
        self.with_inner(|inner, now| {
            inner.timer.is_over();
            inner.machine.look(now);
        });
    }

    /// Whether one that was made anew would do as well: it is as it began, or was open, and nobody has asked for long.
    pub(crate) fn is_expendable(&self, now: Coarse) -> bool {
        if self.gate.read().mode == Mode::Tally {
            return true;
        }
        let inner = self.inner.lock();
        let machine = &inner.machine;
        let has_lapsed = machine.lapses().is_some_and(|at| at <= now);
        machine.is_as_made() || has_lapsed && machine.view().probes == 0
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
