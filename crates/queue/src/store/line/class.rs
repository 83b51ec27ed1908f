//! The items of one class.

use seaworthy_core::clock::Coarse;

use super::fair::Fair;
use super::plain::Plain;
use crate::config::{Codel, Config, Order};
use crate::store::Overboard;
use crate::store::codel::Sojourn;
use crate::store::entry::{Entry, Spot};
use crate::why::Why;

/// Those that are equally important, and for whom of them it is too late.
#[derive(Clone, Debug)]
pub(super) struct Class<T> {
    lane: Lane<T>,
    len: usize,
    weight: u64,
    codel: Option<Codel>,
    sojourn: Sojourn,
}

#[derive(Clone, Debug)]
enum Lane<T> {
    Plain(Plain<T>),
    Fair(Fair<T>),
}

impl<T> Class<T> {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            lane: match config.order {
                Order::Fair => Lane::Fair(Fair::default()),
                order => Lane::Plain(Plain::new(order)),
            },
            len: 0,
            weight: 0,
            codel: config.codel,
            sojourn: Sojourn::default(),
        }
    }

    pub(super) fn set_codel(&mut self, codel: Option<Codel>) {
        (self.codel, self.sojourn) = (codel, Sojourn::default());
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn weight(&self) -> u64 {
        self.weight
    }

    #[inline]
    pub(super) fn push(&mut self, entry: Entry<T>) {
        self.comes(&entry);
        match &mut self.lane {
            Lane::Plain(lane) => lane.push(entry),
            Lane::Fair(lane) => lane.push(entry),
        }
    }

    pub(super) fn put_back(&mut self, entry: Entry<T>) {
        self.comes(&entry);
        match &mut self.lane {
            Lane::Plain(lane) => lane.put_back(entry),
            Lane::Fair(lane) => lane.put_back(entry),
        }
    }

    #[inline]
    fn comes(&mut self, entry: &Entry<T>) {
        self.len += 1;
        self.weight += u64::from(entry.tag.weight);
    }

    #[inline]
    fn goes(&mut self, entry: &Entry<T>) {
        self.len -= 1;
        self.weight -= u64::from(entry.tag.weight);
        if self.len == 0 {
            self.sojourn = Sojourn::default();
        }
    }

    #[inline]
    pub(super) fn pop(
        &mut self,
        now: Coarse,
        overboard: &mut Vec<Overboard<T>>,
    ) -> Option<Entry<T>> {
        loop {
            let entry = match &mut self.lane {
                Lane::Plain(lane) => lane.pop(now)?,
                Lane::Fair(lane) => lane.pop()?,
            };
            self.goes(&entry);
            let Some(why) = self.is_too_late(now, &entry) else {
                return Some(entry);
            };
            if let Lane::Fair(lane) = &mut self.lane {
                lane.refund(&entry);
            }
            overboard.push((entry, why));
        }
    }

    /// Why an item whose turn it is is dropped.
    #[inline]
    fn is_too_late(&mut self, now: Coarse, entry: &Entry<T>) -> Option<Why> {
        if entry.tag.deadline <= now {
            return Some(Why::Expired);
        }
        // One that comes again has not waited all the time: it was with a worker. And the last one keeps nobody waiting.
        let codel = self.codel.filter(|_| entry.is_new() && self.len > 0)?;
        let waited = now.since(entry.tag.since);
        let too_long = self.sojourn.is_too_long(codel, waited, now);
        too_long.then_some(Why::WaitedTooLong)
    }

    pub(super) fn evict(&mut self) -> Option<Entry<T>> {
        let entry = match &mut self.lane {
            Lane::Plain(lane) => lane.pop_oldest(),
            Lane::Fair(lane) => lane.evict(),
        }?;
        self.goes(&entry);
        Some(entry)
    }

    pub(super) fn withdraw(&mut self, spot: Spot) -> Option<Entry<T>> {
        let entry = match &mut self.lane {
            Lane::Plain(lane) => lane.withdraw(spot.number),
            Lane::Fair(lane) => lane.withdraw(spot.key, spot.number),
        }?;
        self.goes(&entry);
        Some(entry)
    }

    pub(super) fn drain_one(&mut self) -> Option<Entry<T>> {
        let entry = match &mut self.lane {
            Lane::Plain(lane) => lane.pop_oldest(),
            Lane::Fair(lane) => lane.pop(),
        }?;
        self.goes(&entry);
        Some(entry)
    }

    pub(super) fn oldest(&self) -> Option<Coarse> {
        match &self.lane {
            Lane::Plain(lane) => lane.oldest(),
            Lane::Fair(lane) => lane.oldest(),
        }
    }
}
