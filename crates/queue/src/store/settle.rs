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
    /// The worker panicked over another one: this attempt does not count.
    Spared,
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
        // A lease that ends at this very moment is over.
        self.pass(now, overboard);
        let mut entry = self.flights.land(ticket)?;
        let settled = match ending {
            Ending::Ack => {
                self.counts.acknowledged += 1;
                self.weight -= u64::from(entry.tag.weight);
                Settled::Done(entry)
            }
            Ending::Nack(delay) => self.fail(now, entry, Failure::Nacked, delay, overboard),
            Ending::Dropped => self.fail_now(now, entry, Failure::Dropped, overboard),
            Ending::Panicked(panic) => {
                self.fail_now(now, entry, Failure::Panicked(panic), overboard)
            }
            Ending::Spared => {
                entry.tag.spared += 1;
                self.fail_now(now, entry, Failure::Dropped, overboard)
            }
            Ending::Bury => {
                self.bury(entry, Failure::Buried, overboard);
                Settled::Dead
            }
        };
        self.pass_news_on();
        Some(settled)
    }

    fn fail_now(
        &mut self,
        now: Coarse,
        entry: Entry<T>,
        failure: Failure,
        overboard: &mut Vec<Overboard<T>>,
    ) -> Settled<T> {
        self.fail(now, entry, failure, Duration::ZERO, overboard)
    }

    fn fail(
        &mut self,
        now: Coarse,
        entry: Entry<T>,
        failure: Failure,
        delay: Duration,
        overboard: &mut Vec<Overboard<T>>,
    ) -> Settled<T> {
        if entry.tag.attempts - entry.tag.spared >= self.config.deliveries.max_attempts {
            self.bury(entry, failure, overboard);
            return Settled::Dead;
        }
        if delay.is_zero() {
            self.line.put_back(entry);
        } else {
            let due = now.saturating_add(delay);
            self.later.insert((due, entry.tag.number), entry);
        }
        Settled::Again
    }

    fn bury(&mut self, entry: Entry<T>, last: Failure, overboard: &mut Vec<Overboard<T>>) {
        self.weight -= u64::from(entry.tag.weight);
        self.counts.dead_letters += 1;
        if cfg!(feature = "tracing") {
            self.buried.push((entry.tag.attempts, last.clone()));
        }
        self.dead.push_back(DeadLetter::new(entry, last));
        while self.dead.len() > self.config.deliveries.dead_letters
            && let Some(oldest) = self.dead.pop_front()
        {
            overboard.push((oldest.into_entry(), Why::NoRoomForDeadLetters));
        }
    }

    /// Lets time pass: deliveries whose lease is over are made again, and what was to come later is there.
    #[inline]
    pub(crate) fn pass(&mut self, now: Coarse, overboard: &mut Vec<Overboard<T>>) {
        if self.awaits_something() {
            self.pass_time(now, overboard);
        }
    }

    #[inline(never)]
    fn pass_time(&mut self, now: Coarse, overboard: &mut Vec<Overboard<T>>) {
        while let Some(entry) = self.flights.overdue(now) {
            self.counts.leases_over += 1;
            self.fail_now(now, entry, Failure::LeaseOver, overboard);
            self.pass_news_on();
        }
        while let Some(first) = self.later.first_entry()
            && first.key().0 <= now
        {
            self.line.put_back(first.remove());
            self.pass_news_on();
        }
    }

    /// Whether something is going to be due that nobody brings about.
    #[inline]
    pub(crate) fn awaits_something(&self) -> bool {
        !self.later.is_empty() || self.flights.has_leases()
    }

    /// When something is due that nobody brings about.
    pub(crate) fn next_due(&self) -> Option<Coarse> {
        let later = self.later.first_key_value().map(|((at, _), _)| *at);
        self.flights.next_due().into_iter().chain(later).min()
    }
}
