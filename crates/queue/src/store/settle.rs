//! What becomes of a delivery.

use std::time::Duration;

use seaworthy_core::clock::Coarse;
use seaworthy_core::panic::Panicked;

use super::entry::Entry;
use super::{Overboard, Store, Ticket};
use crate::letter::{DeadLetter, Failure};
use crate::why::Why;

/// How a delivery ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The item is done.
    Ack,
    /// It is to come again, after this time.
    Nack(Duration),
    /// The worker let go of it.
    Dropped,
    /// The worker panicked.
    Panicked(Option<Panicked>),
    /// Nobody is to try again.
    Bury,
}

/// What became of the item.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Settled<T> {
    /// It is done, and left the queue.
    Done(Entry<T>),
    /// It waits again, or will.
    Again,
    /// It is a dead letter.
    Dead,
}

impl<T> Store<T> {
    /// A delivery ends; `None` if it has ended before, which is to say that its lease was over.
    pub(crate) fn settle(
        &mut self,
        now: Coarse,
        ticket: Ticket,
        ending: Ending,
        overboard: &mut Vec<Overboard<T>>,
    ) -> Option<Settled<T>> {
        // What its lease says comes first.
        self.pass(now, overboard);
        let entry = self.flights.land(ticket)??;
        if self.line.len() > 0 {
            // Somebody may have waited for fewer to be under way.
            self.news += 1;
        }
        let failure = match ending {
            Ending::Ack => {
                self.weight -= u64::from(entry.tag.weight);
                return Some(Settled::Done(entry));
            }
            Ending::Nack(delay) => (Failure::Nacked, delay),
            Ending::Dropped => (Failure::Dropped, Duration::ZERO),
            Ending::Panicked(panic) => (Failure::Panicked(panic), Duration::ZERO),
            Ending::Bury => {
                self.bury(entry, Failure::Nacked, overboard);
                return Some(Settled::Dead);
            }
        };
        let (failure, delay) = failure;
        Some(self.fail(now, entry, failure, delay, overboard))
    }

    fn fail(
        &mut self,
        now: Coarse,
        entry: Entry<T>,
        failure: Failure,
        delay: Duration,
        overboard: &mut Vec<Overboard<T>>,
    ) -> Settled<T> {
        if entry.tag.attempts >= self.config.deliveries.max_attempts {
            self.bury(entry, failure, overboard);
            return Settled::Dead;
        }
        if delay.is_zero() {
            self.line.put_back(entry);
            self.news += 1;
        } else {
            self.numbers += 1;
            let due = (now.saturating_add(delay), self.numbers);
            self.later.insert(due, entry);
        }
        Settled::Again
    }

    fn bury(&mut self, entry: Entry<T>, last: Failure, overboard: &mut Vec<Overboard<T>>) {
        self.weight -= u64::from(entry.tag.weight);
        let most = self.config.deliveries.dead_letters;
        if most == 0 {
            overboard.push((entry, Why::NoRoomForDeadLetters));
            return;
        }
        if self.dead.len() >= most
            && let Some(oldest) = self.dead.pop_front()
        {
            overboard.push((oldest.into_entry(), Why::NoRoomForDeadLetters));
        }
        self.dead.push_back(DeadLetter::new(entry, last));
    }

    /// Lets time pass: deliveries whose lease is over are made again, and what was to come later is there.
    pub(crate) fn pass(&mut self, now: Coarse, overboard: &mut Vec<Overboard<T>>) {
        while let Some(entry) = self.flights.overdue(now) {
            self.fail(now, entry, Failure::LeaseOver, Duration::ZERO, overboard);
        }
        if self.later.is_empty() {
            return;
        }
        // The one that was due first is to go first: it is put in front last.
        let mut due = self
            .later
            .split_off(&(now.saturating_add(Duration::from_nanos(1)), 0));
        std::mem::swap(&mut due, &mut self.later);
        for entry in due.into_values().rev() {
            self.line.put_back(entry);
            self.news += 1;
        }
    }

    /// When something is due that nobody brings about.
    pub(crate) fn next_due(&self) -> Option<Coarse> {
        let later = self.later.first_key_value().map(|((at, _), _)| *at);
        match (self.flights.next_due(), later) {
            (Some(lease), Some(later)) => Some(lease.min(later)),
            (due, None) | (None, due) => due,
        }
    }
}
