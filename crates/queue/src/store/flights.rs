//! Deliveries that are under way.

use std::collections::BTreeSet;
use std::time::Duration;

use seaworthy_core::clock::Coarse;
use slab::Slab;

use super::entry::Entry;
use crate::config::Deliveries;

/// With which a delivery was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    slot: usize,
    number: u64,
}

/// Those that were made and are not settled.
#[derive(Clone, Debug)]
pub(super) struct Flights<T> {
    flights: Slab<Flight<T>>,
    /// The same by when their leases end; the number keeps those apart that end at the same time.
    leases: BTreeSet<(Coarse, u64, usize)>,
    numbers: u64,
    lease: Option<Duration>,
    most: usize,
}

#[derive(Clone, Debug)]
struct Flight<T> {
    /// Tells it from an earlier one in the same place.
    number: u64,
    deadline: Option<Coarse>,
    /// What was delivered. Not there for the moment in which it is copied for the worker.
    entry: Option<Entry<T>>,
}

impl<T> Flights<T> {
    pub(super) fn new(config: Deliveries, capacity: usize) -> Self {
        Self {
            flights: Slab::new(),
            leases: BTreeSet::new(),
            numbers: 0,
            lease: config.lease,
            most: config.max_in_flight.unwrap_or(capacity),
        }
    }

    pub(super) fn reconfigure(&mut self, config: Deliveries, capacity: usize) {
        self.lease = config.lease;
        self.most = config.max_in_flight.unwrap_or(capacity);
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.flights.len()
    }

    #[inline]
    pub(super) fn has_room(&self) -> bool {
        self.flights.len() < self.most
    }

    /// A place for a delivery that is about to be made.
    pub(super) fn board(&mut self) -> Ticket {
        self.numbers += 1;
        let number = self.numbers;
        let slot = self.flights.insert(Flight {
            number,
            deadline: None,
            entry: None,
        });
        Ticket { slot, number }
    }

    /// The delivery is made: its lease begins.
    pub(super) fn depart(&mut self, now: Coarse, ticket: Ticket, entry: Entry<T>) {
        if let Some(flight) = self.get(ticket) {
            flight.entry = Some(entry);
            self.begin_lease(now, ticket);
        }
    }

    fn get(&mut self, ticket: Ticket) -> Option<&mut Flight<T>> {
        let flight = self.flights.get_mut(ticket.slot)?;
        (flight.number == ticket.number).then_some(flight)
    }

    /// One comes to an end; `None` if it has ended already, or has not departed.
    pub(super) fn land(&mut self, ticket: Ticket) -> Option<Entry<T>> {
        self.get(ticket)?.entry.as_ref()?;
        self.take(ticket.slot)
    }

    fn take(&mut self, slot: usize) -> Option<Entry<T>> {
        let flight = self.flights.try_remove(slot)?;
        if let Some(deadline) = flight.deadline {
            self.leases.remove(&(deadline, flight.number, slot));
        }
        flight.entry
    }

    /// A lease begins anew. False if it is over.
    pub(super) fn extend(&mut self, now: Coarse, ticket: Ticket) -> bool {
        let flight = self.get(ticket);
        let lives = flight.is_some_and(|flight| flight.deadline.is_none_or(|at| now < at));
        if lives {
            self.begin_lease(now, ticket);
        }
        lives
    }

    fn begin_lease(&mut self, now: Coarse, ticket: Ticket) {
        let deadline = self.lease.map(|lease| now.saturating_add(lease));
        let Some(flight) = self.get(ticket) else {
            return;
        };
        if let Some(before) = std::mem::replace(&mut flight.deadline, deadline) {
            self.leases.remove(&(before, ticket.number, ticket.slot));
        }
        let lease = deadline.map(|at| (at, ticket.number, ticket.slot));
        self.leases.extend(lease);
    }

    /// One whose lease is over.
    pub(super) fn overdue(&mut self, now: Coarse) -> Option<Entry<T>> {
        let (deadline, _, slot) = *self.leases.first()?;
        if deadline > now {
            return None;
        }
        self.take(slot)
    }

    /// Whether a lease is going to end.
    #[inline]
    pub(super) fn has_leases(&self) -> bool {
        !self.leases.is_empty()
    }

    pub(super) fn next_due(&self) -> Option<Coarse> {
        self.leases.first().map(|(deadline, ..)| *deadline)
    }
}
