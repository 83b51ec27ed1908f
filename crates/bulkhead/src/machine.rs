//! Who may go in, who waits, and who is next: decisions without a clock or a lock.
//!
//! A machine does not count the calls of a bulkhead that is not partitioned: whoever has it knows how many there are.

mod class;
#[cfg(all(test, not(seaworthy_loom)))]
mod model_tests;

use std::collections::BTreeMap;

use seaworthy_core::clock::Coarse;

use crate::config::Partition;
use class::{Class, Waiting};

/// A place in line. Given out in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(u64);

/// How full it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    /// The weight of all calls under way.
    pub(crate) in_flight: u32,
    pub(crate) limit: u32,
}

impl Load {
    fn free(self) -> u32 {
        self.limit.saturating_sub(self.in_flight)
    }
}

/// What a call asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Demand {
    pub(crate) class: usize,
    pub(crate) weight: u32,
}

/// Whoever waited may go in, and counts as so much.
#[derive(Debug)]
pub(crate) struct Grant<W> {
    pub(crate) charge: u32,
    /// How to tell.
    pub(crate) waker: W,
}

/// What whoever leaves the line had.
#[derive(Debug)]
pub(crate) enum Left<W> {
    /// A place in it.
    Waiting(W),
    /// The leave to go in, and so much of the limit.
    Granted(u32),
}

/// The classes of a bulkhead, the most important first. One that is not partitioned has one.
///
/// `W` is how those are told who wait: a waker, where it is not a test.
#[derive(Debug)]
pub(crate) struct Machine<W> {
    classes: Box<[Class<W>]>,
    /// Those who may go in, and have not yet been there to hear it.
    granted: BTreeMap<Place, u32>,
    /// The limit that was shared out last.
    allotted: Option<u32>,
    last: u64,
    waiting: usize,
}

impl<W> Machine<W> {
    /// With these partitions, of which there may be none.
    pub(crate) fn new(partitions: &[Partition]) -> Self {
        let classes = if partitions.is_empty() {
            Box::from([Class::whole()])
        } else {
            partitions.iter().map(Class::new).collect()
        };
        Self {
            classes,
            granted: BTreeMap::new(),
            allotted: None,
            last: 0,
            waiting: 0,
        }
    }

    /// Goes by other shares from now on: of as many classes.
    pub(crate) fn reshare(&mut self, partitions: &[Partition]) {
        for (class, partition) in self.classes.iter_mut().zip(partitions) {
            class.reshare(partition);
        }
        self.allotted = None;
    }

    /// Shares out this limit, if it is another one than before: to each class its share, rounded down, so that all of them
    /// together have no more than there is. What is left over goes to those, in order, that would have nothing of what
    /// is guaranteed to them.
    fn allot(&mut self, limit: u32) {
        if self.allotted.replace(limit) == Some(limit) {
            return;
        }
        let mut left = limit;
        for class in &mut self.classes {
            class.own = class.share_of(limit);
            left = left.saturating_sub(class.own);
        }
        for class in &mut self.classes {
            if left > 0 && class.own == 0 && class.has_share() {
                class.own = 1;
                left -= 1;
            }
        }
    }

    pub(crate) fn is_partitioned(&self) -> bool {
        !self.classes[0].is_whole()
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    pub(crate) fn waiting_in(&self, class: usize) -> usize {
        self.classes[class].line.len()
    }

    /// How many of those who wait count for how many may.
    pub(crate) fn bounded_in(&self, class: usize) -> usize {
        self.classes[class].bounded
    }

    /// The weight of the calls of a class that are under way; of one that is partitioned.
    pub(crate) fn in_flight_in(&self, class: usize) -> u32 {
        self.classes[class].in_flight
    }

    pub(crate) fn guaranteed_to(&mut self, class: usize, limit: u32) -> u32 {
        self.allot(limit);
        self.classes[class].own
    }

    /// What all classes hold that they do not use.
    pub(crate) fn held(&mut self, limit: u32, now: impl Fn() -> Coarse) -> u32 {
        self.allot(limit);
        self.classes.iter().map(|class| class.held(&now)).sum()
    }

    /// The most that a class may have, if others only keep what they never lend.
    pub(crate) fn most(&mut self, class: usize, limit: u32) -> u32 {
        self.allot(limit);
        let others = self.others(class).filter(|other| !other.lends());
        let never_lent = others.map(|other| other.own).sum();
        self.classes[class].reach(limit, never_lent)
    }

    /// Lets a call in at once, if that is fair to those who wait. Returns what it counts as.
    pub(crate) fn enter(
        &mut self,
        load: Load,
        demand: Demand,
        now: impl Fn() -> Coarse,
    ) -> Option<u32> {
        let charge = self.may_enter(load, demand, &now);
        match charge {
            Some(charge) => self.classes[demand.class].begin(charge),
            None => self.claim(demand.class, &now),
        }
        charge
    }

    /// Whether a call would be let in.
    pub(crate) fn has_room(
        &mut self,
        load: Load,
        demand: Demand,
        now: impl Fn() -> Coarse,
    ) -> bool {
        self.may_enter(load, demand, &now).is_some()
    }

    fn may_enter(&mut self, load: Load, demand: Demand, now: &impl Fn() -> Coarse) -> Option<u32> {
        self.allot(load.limit);
        let first = self.classes[demand.class].line.is_empty();
        first.then(|| self.fits(load, demand, now)).flatten()
    }

    /// Takes a place at the end of the line.
    pub(crate) fn wait(&mut self, demand: Demand, bounded: bool, waker: W) -> Place {
        self.last += 1;
        let place = Place(self.last);
        let waiting = Waiting {
            weight: demand.weight,
            bounded,
            waker,
        };
        self.classes[demand.class].line_up(place, waiting);
        self.waiting += 1;
        place
    }

    /// Lets the next one in, if there is room.
    pub(crate) fn grant(&mut self, load: Load, now: impl Fn() -> Coarse) -> Option<Grant<W>> {
        if self.waiting == 0 {
            return None;
        }
        self.allot(load.limit);
        let next = (0..self.classes.len()).find_map(|class| {
            let weight = self.classes[class].first()?;
            let charge = self.fits(load, Demand { class, weight }, &now)?;
            Some((class, charge))
        });
        let (class, charge) = next?;
        let class = &mut self.classes[class];
        let (place, waker) = class.pop()?;
        class.begin(charge);
        self.waiting -= 1;
        self.granted.insert(place, charge);
        Some(Grant { charge, waker })
    }

    /// What was granted to whoever has this place.
    pub(crate) fn take(&mut self, place: Place) -> Option<u32> {
        self.granted.remove(&place)
    }

    /// How whoever waits there is told.
    pub(crate) fn waker(&mut self, class: usize, place: Place) -> Option<&mut W> {
        let waiting = self.classes[class].line.get_mut(&place)?;
        Some(&mut waiting.waker)
    }

    /// Whoever has this place gives it up.
    pub(crate) fn leave(&mut self, class: usize, place: Place) -> Option<Left<W>> {
        if let Some(waker) = self.classes[class].leave(place) {
            self.waiting -= 1;
            return Some(Left::Waiting(waker));
        }
        self.take(place).map(Left::Granted)
    }

    /// A call of this class has ended.
    pub(crate) fn release(&mut self, class: usize, charge: u32) {
        self.classes[class].end(charge);
    }

    /// What it counts as, if there is room for it and nobody has a better claim to that.
    fn fits(&self, load: Load, demand: Demand, now: &impl Fn() -> Coarse) -> Option<u32> {
        let class = &self.classes[demand.class];
        let kept = self.kept_for_others(demand.class);
        let charge = demand.weight.min(class.reach(load.limit, kept));
        if charge > load.free() {
            return None;
        }
        if class.is_within(charge) {
            // Whether others wait does not matter to whoever only takes what is his; what others never lend is not.
            let never_lent = self.never_lent_by_others(demand.class);
            return (charge <= load.free().saturating_sub(never_lent)).then_some(charge);
        }
        let may = class.may_have(charge) && !self.is_bespoken(load, demand.class);
        let held = self.held_for_others(demand.class, now);
        (may && charge <= load.free().saturating_sub(held)).then_some(charge)
    }

    /// Whether somebody waits for what is free who comes before a borrower of this class.
    fn is_bespoken(&self, load: Load, class: usize) -> bool {
        let claims = |(number, other): (usize, &Class<W>)| {
            let waits = number != class && !other.line.is_empty();
            waits && (number < class && other.borrows() || self.wants_its_own(load.limit, number))
        };
        self.waiting > 0 && self.classes.iter().enumerate().any(claims)
    }

    /// Whether the first who waits of this class would have no more than what is guaranteed to it.
    fn wants_its_own(&self, limit: u32, class: usize) -> bool {
        let kept = self.kept_for_others(class);
        let class = &self.classes[class];
        class.first().is_some_and(|weight| {
            let charge = weight.min(class.reach(limit, kept));
            class.is_within(charge)
        })
    }

    /// What is guaranteed to other classes.
    fn kept_for_others(&self, class: usize) -> u32 {
        let others = self.others(class);
        others.map(|other| other.own).sum()
    }

    /// What other classes do not use of what they never lend.
    fn never_lent_by_others(&self, class: usize) -> u32 {
        let others = self.others(class).filter(|other| !other.lends());
        others.map(Class::unused).sum()
    }

    /// What other classes do not use of what is theirs and do not lend.
    fn held_for_others(&self, class: usize, now: &impl Fn() -> Coarse) -> u32 {
        let others = self.others(class);
        others.map(|other| other.held(now)).sum()
    }

    fn others(&self, class: usize) -> impl Iterator<Item = &Class<W>> {
        let all = self.classes.iter().enumerate();
        all.filter(move |(number, _)| *number != class)
            .map(|(_, other)| other)
    }

    /// A call of this class is not let in: if that is within its guarantee, nothing of that is lent for a while.
    pub(crate) fn claim(&mut self, class: usize, now: &impl Fn() -> Coarse) {
        let class = &mut self.classes[class];
        if class.is_short() {
            class.reclaim(now());
        }
    }
}
