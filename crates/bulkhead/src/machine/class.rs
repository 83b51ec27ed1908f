//! One class of calls: what is guaranteed to it, what it lends, and who of it waits.

use std::collections::BTreeMap;
use std::time::Duration;

use seaworthy_core::clock::Coarse;

use super::Place;
use crate::config::Partition;

/// For so long after it was turned away within its guarantee, a class lends nothing of it.
pub(crate) const RECLAIMED_FOR: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Class<W> {
    share: Share,
    /// The weight of its calls under way.
    pub(super) in_flight: u32,
    /// Those who wait, in the order in which they came.
    pub(super) line: BTreeMap<Place, Waiting<W>>,
    /// How many of them count for how many may wait.
    pub(super) bounded: usize,
    /// How much of the limit is its own, whatever others do.
    pub(super) own: u32,
    /// It lends nothing until then.
    reclaims_until: Option<Coarse>,
}

/// One who waits.
#[derive(Debug)]
pub(super) struct Waiting<W> {
    pub(super) weight: u32,
    pub(super) bounded: bool,
    /// How to tell.
    pub(super) waker: W,
}

#[derive(Clone, Copy, Debug)]
enum Share {
    /// All there is; nobody else has any.
    Whole,
    /// A part of the limit.
    Part {
        guaranteed: f64,
        borrows: bool,
        lends: bool,
    },
}

impl Share {
    fn of(partition: &Partition) -> Self {
        Self::Part {
            guaranteed: partition.guaranteed,
            borrows: partition.borrows,
            lends: partition.lends,
        }
    }
}

impl<W> Class<W> {
    fn with(share: Share) -> Self {
        Self {
            share,
            in_flight: 0,
            line: BTreeMap::new(),
            bounded: 0,
            own: 0,
            reclaims_until: None,
        }
    }

    pub(super) fn whole() -> Self {
        Self::with(Share::Whole)
    }

    pub(super) fn new(partition: &Partition) -> Self {
        Self::with(Share::of(partition))
    }

    pub(super) fn reshare(&mut self, partition: &Partition) {
        self.share = Share::of(partition);
    }

    pub(super) fn is_whole(&self) -> bool {
        matches!(self.share, Share::Whole)
    }

    pub(super) fn begin(&mut self, charge: u32) {
        // The calls of one that has all there is are counted elsewhere.
        if !self.is_whole() {
            self.in_flight += charge;
        }
    }

    pub(super) fn end(&mut self, charge: u32) {
        if !self.is_whole() {
            self.in_flight -= charge;
        }
    }

    pub(super) fn line_up(&mut self, place: Place, waiting: Waiting<W>) {
        self.bounded += usize::from(waiting.bounded);
        self.line.insert(place, waiting);
    }

    /// The first in line leaves it.
    pub(super) fn pop(&mut self) -> Option<(Place, W)> {
        let (place, waiting) = self.line.pop_first()?;
        self.bounded -= usize::from(waiting.bounded);
        Some((place, waiting.waker))
    }

    pub(super) fn leave(&mut self, place: Place) -> Option<W> {
        let waiting = self.line.remove(&place)?;
        self.bounded -= usize::from(waiting.bounded);
        Some(waiting.waker)
    }

    /// What the first in line weighs.
    pub(super) fn first(&self) -> Option<u32> {
        let (_, waiting) = self.line.first_key_value()?;
        Some(waiting.weight)
    }

    /// Its share of this limit, rounded down.
    pub(super) fn share_of(&self, limit: u32) -> u32 {
        match self.share {
            Share::Whole => 0,
            Share::Part { guaranteed, .. } => {
                // Shares such as 0.1 are not what they seem: a part in a billion more makes up for it.
                (f64::from(limit) * guaranteed * (1.0 + 1e-9)) as u32
            }
        }
    }

    pub(super) fn has_share(&self) -> bool {
        matches!(self.share, Share::Part { guaranteed, .. } if guaranteed > 0.0)
    }

    pub(super) fn borrows(&self) -> bool {
        match self.share {
            Share::Whole => true,
            Share::Part { borrows, .. } => borrows,
        }
    }

    /// The most that it could have with so much kept for others. One call can count as what it could have with all others
    /// at their guarantees: so the heaviest one gets in as soon as those are done that others have beyond these.
    pub(super) fn reach(&self, limit: u32, kept_for_others: u32) -> u32 {
        let most = if self.borrows() {
            limit.saturating_sub(kept_for_others)
        } else {
            self.own
        };
        most.max(1)
    }

    /// Whether it may have so much more, beyond its guarantee. One call it may always have: the limit may be so low that
    /// nothing is guaranteed to anybody.
    pub(super) fn may_have(&self, charge: u32) -> bool {
        self.borrows() || self.in_flight == 0 && charge <= self.own.max(1)
    }

    /// Whether it has no more than its own with so much more.
    pub(super) fn is_within(&self, charge: u32) -> bool {
        self.in_flight.saturating_add(charge) <= self.own
    }

    /// Whether it has less than is its own.
    pub(super) fn is_short(&self) -> bool {
        self.in_flight < self.own
    }

    pub(super) fn lends(&self) -> bool {
        match self.share {
            Share::Whole => true,
            Share::Part { lends, .. } => lends,
        }
    }

    /// What is left of its own.
    pub(super) fn unused(&self) -> u32 {
        self.own.saturating_sub(self.in_flight)
    }

    /// What is left of its own, and is not lent.
    pub(super) fn held(&self, now: &impl Fn() -> Coarse) -> u32 {
        if self.lends() && self.reclaims_until.is_none_or(|until| until <= now()) {
            return 0;
        }
        self.unused()
    }

    pub(super) fn reclaim(&mut self, now: Coarse) {
        self.reclaims_until = Some(now.saturating_add(RECLAIMED_FOR));
    }
}
