//! How a call is let in, waits, or is turned away.

use std::task::{Poll, Waker};
use std::time::Duration;

use seaworthy_core::clock::{self, Instant};
use seaworthy_core::event::Severity;
use seaworthy_core::sync::atomic::Ordering;
use seaworthy_core::{Cause, Reason, Rejected};

use super::{Room, Shared};
use crate::event::BulkheadEvent;
use crate::machine::{Demand, Load, Place};
use crate::word::Entry;

/// How often those look who wait, where there may be room without anybody having left.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How a call got in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It did, and counts as so much.
    Entered(u32),
    /// It waits there.
    Waits(Place),
}

/// Who may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// So many as the configuration says.
    Bounded,
    /// Whoever asks: they are bounded by how many services there are.
    Unbounded,
}

/// Why a call was not let in: small, so that it goes up through what calls what in registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    class: u32,
    load: Load,
}

impl Shared {
    /// Lets a call in, which then counts as so much, or turns it away.
    #[inline]
    pub(crate) fn enter(&self, demand: Demand) -> Result<u32, Refusal> {
        match self.word.enter(demand.weight) {
            Entry::Entered(charge) => Ok(charge),
            Entry::Full(load) if !self.has_lapsed() => Err(refusal(demand, load)),
            _ => self.ask(demand),
        }
    }

    fn ask(&self, demand: Demand) -> Result<u32, Refusal> {
        self.has_lapsed();
        let mut room = self.room.lock();
        let entered = self.enter_locked(&mut room, demand);
        if entered.is_err() {
            self.shut_if_full(&room, demand.class);
        }
        entered.map_err(|load| refusal(demand, load))
    }

    /// Lets a call in, or has it wait, or turns it away.
    #[inline]
    pub(crate) fn enter_or_wait(&self, demand: Demand, line: Line) -> Result<Step, Refusal> {
        let load = match self.word.enter(demand.weight) {
            Entry::Entered(charge) => return Ok(Step::Entered(charge)),
            Entry::Full(load) => Some(load),
            Entry::Contended => None,
        };
        let is_full = line == Line::Bounded && self.line_is_full.load(Ordering::Acquire);
        if !self.has_lapsed() && is_full {
            return Err(refusal(demand, load.unwrap_or_else(|| self.load())));
        }
        self.line_up(demand, line)
    }

    fn line_up(&self, demand: Demand, line: Line) -> Result<Step, Refusal> {
        let step = self.line_up_locked(&mut self.room.lock(), demand, line);
        step.map_err(|load| refusal(demand, load))
    }

    fn line_up_locked(&self, room: &mut Room, demand: Demand, line: Line) -> Result<Step, Load> {
        let load = match self.enter_locked(room, demand) {
            Ok(charge) => return Ok(Step::Entered(charge)),
            Err(load) => load,
        };
        let bounded = line == Line::Bounded;
        if bounded && self.shut_if_full(room, demand.class) {
            return Err(load);
        }
        // From here on whoever leaves asks who is next.
        if let Entry::Entered(charge) = self.word.enter_or_contend(demand.weight) {
            return Ok(Step::Entered(charge));
        }
        let waker = Waker::noop().clone();
        let place = room.machine.wait(demand, bounded, waker);
        if !self.partitioned {
            self.show_line(room);
        }
        Ok(Step::Waits(place))
    }

    /// Whether as many of this class wait as may: says so if it is partitioned, since its last call found no room.
    fn shut_if_full(&self, room: &Room, class: usize) -> bool {
        let full = room.is_full(class);
        if full && self.partitioned {
            self.classes[class].set_shut(true);
        }
        full
    }

    /// With the lock held. How full it is, if there is no room.
    fn enter_locked(&self, room: &mut Room, demand: Demand) -> Result<u32, Load> {
        match self.word.enter(demand.weight) {
            Entry::Entered(charge) => return Ok(charge),
            Entry::Full(load) => return Err(load),
            Entry::Contended => {}
        }
        let load = self.load();
        let charge = room.machine.enter(load, demand, clock::coarse);
        charge.inspect(|charge| self.word.add(*charge)).ok_or(load)
    }

    /// Whether whoever waits there may go in. If not, it is told by this waker.
    pub(crate) fn poll_place(&self, class: usize, place: Place, waker: &Waker) -> Poll<u32> {
        let mut waker = waker.clone();
        let mut room = self.room.lock();
        let charge = room.machine.take(place);
        if charge.is_none()
            && let Some(held) = room.machine.waker(class, place)
        {
            std::mem::swap(held, &mut waker);
        }
        // A waker is code of the user: it is dropped outside.
        drop(room);
        charge.map_or(Poll::Pending, Poll::Ready)
    }

    /// What a request asks for that came in by this class.
    #[inline]
    pub(crate) fn demand(&self, class: usize, demand: crate::Demand) -> Demand {
        let asked = demand.partition.filter(|it| *it < self.classes.len());
        Demand {
            class: asked.unwrap_or(class),
            weight: demand.weight,
        }
    }

    /// Whether a call of this class, or of any, would be turned away, as far as that can be told without asking.
    #[inline]
    pub(crate) fn is_full(&self, class: Option<usize>, waits: bool) -> bool {
        let full = if self.partitioned {
            self.of(class).all(|class| self.classes[class].is_shut())
        } else {
            let load = self.load();
            let full = load.in_flight >= load.limit;
            full && (!waits || self.line_is_full.load(Ordering::Acquire))
        };
        full && !self.has_lapsed()
    }

    /// Whether an ordinary call of this class, or of any, would be turned away.
    #[cold]
    pub(crate) fn refuses(&self, class: Option<usize>, waits: bool) -> bool {
        if !self.partitioned {
            return self.is_full(class, waits);
        }
        self.has_lapsed();
        let mut room = self.room.lock();
        let load = self.load();
        self.of(class).all(|class| {
            let line_is_full = room.is_full(class);
            let demand = Demand { class, weight: 1 };
            let has_room = room.machine.has_room(load, demand, clock::coarse);
            !has_room && (!waits || line_is_full)
        })
    }

    /// A call that has waited for as long as it may is turned away.
    pub(crate) fn reject_who_waited(&self, class: usize) -> Rejected {
        let load = self.load();
        let Load { in_flight, limit } = load;
        let cause = Cause::WaitedInVain { in_flight, limit };
        self.turn_away(class, load).with_cause(cause)
    }

    /// This class, or all of them.
    #[inline]
    fn of(&self, class: Option<usize>) -> std::ops::Range<usize> {
        class.map_or(0..self.classes.len(), |class| class..class + 1)
    }

    /// A call that nobody can take is turned away, whatever there is room for.
    pub(crate) fn refuse(&self, demand: Demand) -> Refusal {
        if self.partitioned {
            let mut room = self.room.lock();
            // It would have come: what is its own is to be kept for it, or nobody is kept out any more.
            let load = self.load();
            let shut = !room.machine.has_room(load, demand, clock::coarse);
            if shut {
                room.machine.claim(demand.class, &clock::coarse);
            }
            let shut = shut && room.is_full(demand.class);
            self.classes[demand.class].set_shut(shut);
        }
        refusal(demand, self.load())
    }

    /// Turns a call away. In line: what is returned is too large for registers.
    #[inline(always)]
    pub(crate) fn reject(&self, refusal: Refusal) -> Rejected {
        let Refusal { class, load } = refusal;
        let Load { in_flight, limit } = load;
        let cause = Cause::AtLimit { in_flight, limit };
        self.turn_away(class as usize, load).with_cause(cause)
    }

    #[inline(always)]
    fn turn_away(&self, class: usize, load: Load) -> Rejected {
        let number = class;
        let class = &self.classes[number];
        if class.turned_away.happens() {
            self.begins_to_turn_away(number, load);
        }
        class.rejections.increment();
        class.metrics.rejected();
        Rejected::new(Reason::BulkheadFull, class.name.name())
    }

    #[cold]
    fn begins_to_turn_away(&self, class: usize, load: Load) {
        let Load { in_flight, limit } = load;
        let event = BulkheadEvent::TurnsAway { in_flight, limit };
        self.tell(self.name_of(class), Severity::Warning, event);
    }

    /// A call begins.
    #[inline]
    pub(crate) fn admitted(&self, class: usize, charge: u32) {
        if cfg!(feature = "metrics") {
            if !self.limit_is_shown.load(Ordering::Relaxed) {
                self.show_limit();
            }
            self.classes[class].metrics.admitted(charge);
        }
    }

    /// A call begins to wait.
    pub(crate) fn waits(&self, class: usize) {
        self.classes[class].metrics.waits();
    }

    /// When whoever waits is to look whether there is more room without anybody having left.
    pub(crate) fn next_look(&self) -> Option<Instant> {
        let lapses = self.lapses();
        let may_change = self.partitioned || self.timed.load(Ordering::Relaxed);
        may_change.then(|| {
            // What was held for others is lent again by and by, and what is there for a time may come at any time.
            let next = clock::exact() + LOOK_EVERY;
            lapses.map_or(next, |at| at.clamp(clock::exact(), next))
        })
    }

    /// Whoever has waited since then does not any more.
    pub(crate) fn has_waited(&self, class: usize, since: Instant) {
        let waited = clock::exact().saturating_duration_since(since);
        self.classes[class].metrics.waited(waited);
    }

    /// For how long a call may wait.
    pub(crate) fn max_wait(&self) -> Duration {
        self.room.lock().config.max_wait
    }
}

#[inline]
fn refusal(demand: Demand, load: Load) -> Refusal {
    // There are 64 at most.
    let class = demand.class as u32;
    Refusal { class, load }
}
