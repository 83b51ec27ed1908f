//! Who is let in, and who gives way.

use seaworthy_core::clock::Coarse;

use super::Store;
use super::entry::{Entry, NEVER, Spot};
use crate::config::Overload;

/// What becomes of an item that is offered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Offered<T> {
    /// It is in, here, in place of these.
    In(Spot, Vec<Entry<T>>),
    /// There is no room for it.
    Full(Entry<T>),
    /// There never will be.
    TooHeavy(Entry<T>),
    /// There is no room, and so it is to be dropped.
    Dropped(Entry<T>),
}

impl<T> Store<T> {
    /// Whether there would be no room for an item of this weight even if the queue were empty.
    pub(crate) fn is_too_heavy(&self, weight: u32) -> bool {
        self.config
            .max_weight
            .is_some_and(|most| u64::from(weight) > most)
    }

    #[inline]
    pub(crate) fn has_room(&self, weight: u32) -> bool {
        self.used() < self.config.capacity && self.may_carry(weight) && self.is_asked_for()
    }

    /// There is no room for an item of any use.
    pub(crate) fn is_full(&self) -> bool {
        self.used() >= self.config.capacity || !self.may_carry(1)
    }

    #[inline]
    fn may_carry(&self, weight: u32) -> bool {
        let more = self.weight + u64::from(weight);
        self.config.max_weight.is_none_or(|most| more <= most)
    }

    #[inline]
    fn is_asked_for(&self) -> bool {
        !self.config.on_demand || self.credit.open() > 0
    }

    /// Whether there would be room if so many items of this weight together were not there.
    fn would_have_room(&self, weight: u32, items: usize, their_weight: u64) -> bool {
        let less = self.weight - their_weight + u64::from(weight);
        let may_carry = self.config.max_weight.is_none_or(|most| less <= most);
        self.used() - items < self.config.capacity && may_carry && self.is_asked_for()
    }

    /// A place for an item of this weight, if there is one.
    pub(crate) fn reserve(&mut self, weight: u32) -> bool {
        let has_room = self.has_room(weight);
        if has_room {
            self.reserved += 1;
            self.weight += u64::from(weight);
            self.credit.lend();
        }
        has_room
    }

    /// A place that was reserved for this weight is not needed.
    pub(crate) fn unreserve(&mut self, weight: u32) {
        self.reserved -= 1;
        self.weight -= u64::from(weight);
        self.credit.give_back();
    }

    /// An item for a place that was reserved for its weight.
    pub(crate) fn fill(&mut self, entry: Entry<T>) -> Spot {
        self.reserved -= 1;
        self.line_up(entry)
    }

    /// Lets an item in for which there is room. The item, if there is none.
    #[inline]
    pub(crate) fn let_in(&mut self, entry: Entry<T>) -> Result<Spot, Entry<T>> {
        if self.has_room(entry.tag.weight) {
            Ok(self.admit(entry))
        } else {
            Err(entry)
        }
    }

    pub(crate) fn offer(&mut self, entry: Entry<T>) -> Offered<T> {
        match self.let_in(entry) {
            Ok(spot) => Offered::In(spot, Vec::new()),
            Err(entry) => self.offer_without_room(entry),
        }
    }

    fn offer_without_room(&mut self, entry: Entry<T>) -> Offered<T> {
        let weight = entry.tag.weight;
        if self.is_too_heavy(weight) {
            return Offered::TooHeavy(entry);
        }
        let class = self.line.class_of(&entry);
        match self.config.overload {
            Overload::Reject | Overload::Wait | Overload::WaitFor(_) => Offered::Full(entry),
            Overload::DropNewest => Offered::Dropped(entry),
            Overload::DropOldest => match self.make_room(weight, class) {
                Some(evicted) => self.admit_for(entry, evicted),
                None => Offered::Dropped(entry),
            },
            Overload::DropLeastImportant => match self.make_room(weight, class + 1) {
                Some(evicted) => self.admit_for(entry, evicted),
                None => Offered::Full(entry),
            },
        }
    }

    fn admit_for(&mut self, entry: Entry<T>, evicted: Vec<Entry<T>>) -> Offered<T> {
        Offered::In(self.admit(entry), evicted)
    }

    /// Dead letters come in anew, the oldest first: up to so many, for as long as there is room for the next one. How many
    /// it were.
    pub(crate) fn resend_dead(&mut self, now: Coarse, most: usize) -> usize {
        let mut count = 0;
        while count < most
            && let Some(letter) = self.dead.front()
            && self.has_room(letter.tag().weight)
            && let Some(letter) = self.dead.pop_front()
        {
            let mut entry = letter.into_entry();
            entry.tag.since = now;
            entry.tag.deadline = NEVER;
            (entry.tag.attempts, entry.tag.spared) = (0, 0);
            self.admit(entry);
            count += 1;
        }
        count
    }

    #[inline]
    fn admit(&mut self, entry: Entry<T>) -> Spot {
        self.weight += u64::from(entry.tag.weight);
        self.credit.lend();
        self.line_up(entry)
    }

    #[inline]
    fn line_up(&mut self, mut entry: Entry<T>) -> Spot {
        self.counts.sent += 1;
        entry.tag.number = self.counts.sent;
        self.timed |= entry.tag.deadline < NEVER;
        let spot = entry.tag.spot();
        self.line.push(entry);
        self.news += 1;
        spot
    }

    /// Items of this class and less important ones give way until there is room. If there are not enough of them, all
    /// stay.
    fn make_room(&mut self, weight: u32, class: usize) -> Option<Vec<Entry<T>>> {
        let (items, their_weight) = self.line.load(class);
        if !self.would_have_room(weight, items, their_weight) {
            return None;
        }
        let mut evicted = Vec::new();
        while !self.has_room(weight) {
            let one = self.line.evict(class)?;
            self.weight -= u64::from(one.tag.weight);
            self.is_missed(&one);
            evicted.push(one);
        }
        Some(evicted)
    }

    /// Whether who has no room waits for some.
    pub(crate) fn waits(&self) -> bool {
        matches!(self.config.overload, Overload::Wait | Overload::WaitFor(_))
    }

    /// Whether any item would be handed back now.
    #[inline]
    pub(crate) fn refuses_all(&self) -> bool {
        !self.has_room(0) && !self.drops()
    }

    /// Whether items are dropped for want of room.
    pub(crate) fn drops(&self) -> bool {
        matches!(
            self.config.overload,
            Overload::DropOldest | Overload::DropNewest | Overload::DropLeastImportant
        )
    }
}
