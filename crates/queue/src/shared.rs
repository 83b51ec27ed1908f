//! What all handles of a queue share.

mod call;
mod dead;
mod handles;
mod receive;
mod send;
mod tell;
mod until;

pub(crate) use receive::{Lined, Seat};
pub(crate) use send::Arrived;
pub(crate) use until::Moment;

use tell::Ledger;

use std::sync::Arc;

use seaworthy_core::clock::{self, Coarse};
use seaworthy_core::name::Kept;
use seaworthy_core::panic;
use seaworthy_core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use seaworthy_core::sync::{Lock, MutexGuard};
use seaworthy_core::{ConfigError, Name};

use crate::config::Config;
use crate::functions::Functions;
use crate::log::Log;
use crate::metrics::Metrics;
use crate::places::Places;
use crate::report::Reported;
use crate::store::{Overboard, Store};
use crate::why::Why;

/// A store behind a lock, and those who wait for it.
///
/// No code of the user runs under the lock: neither wakers, which are cloned before and woken or dropped after, nor
/// functions and hooks, nor recorders and subscribers, nor the drop of an item.
#[derive(Debug)]
pub(crate) struct Shared<T> {
    name: Kept,
    inner: Lock<Inner<T>>,
    functions: Functions<T>,
    /// They say nothing about any item.
    plain: bool,
    /// What is known without taking the lock, as bits.
    known: AtomicU8,
    /// Handles by which items may come, and by which they may go.
    senders: AtomicUsize,
    receivers: AtomicUsize,
    ledger: Ledger,
    pub(crate) metrics: Metrics,
    log: Log,
}

/// There is no room, and who has an item does not drop one for it.
const FULL: u8 = 1;
/// Nothing comes in any more.
const CLOSED: u8 = 2;
/// It takes the lock to know what there is to receive; nothing, without this.
const STIRS: u8 = 4;
/// Items wait.
const ITEMS: u8 = 8;

#[derive(Debug)]
pub(crate) struct Inner<T> {
    store: Store<T>,
    /// Those who wait for an item, by how they want it.
    receivers: [Places<()>; 2],
    /// Which of the two lines is called first the next time.
    turn: Way,
    /// The one of them who looks when something is due.
    keeper: Option<Keeper>,
    /// Those who wait for room.
    senders: Places<Want>,
    /// Those who wait for dead letters.
    mourners: Places<()>,
    /// Those who wait for what happens once.
    watchers: [Places<()>; 2],
    /// Nothing comes in any more.
    closed: bool,
    /// What those who watch it were told last.
    reported: Reported,
}

/// How an item is received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It is gone from the queue.
    Take,
    /// It stays until it is acknowledged.
    Board,
}

/// Who waits for an item, and has a timer for what nobody brings about.
#[derive(Clone, Copy, Debug)]
struct Keeper {
    way: Way,
    place: usize,
    due: Coarse,
}

/// What a sender waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Want {
    weight: u32,
    /// There is a place for it.
    granted: bool,
}

impl<T> Shared<T> {
    pub(crate) fn new(name: Arc<str>, config: Config, functions: Functions<T>) -> Arc<Self> {
        // A worker that panics has a delivery dropped, which is to know why.
        panic::watch();
        Arc::new(Self {
            metrics: Metrics::new(&name),
            log: Log::new(&name),
            name: Kept::new(name),
            inner: Lock::new(Inner {
                store: Store::new(config),
                receivers: [Places::default(), Places::default()],
                turn: Way::Board,
                keeper: None,
                senders: Places::default(),
                mourners: Places::default(),
                watchers: [Places::default(), Places::default()],
                closed: false,
                reported: Reported::default(),
            }),
            plain: functions.are_silent(),
            functions,
            known: AtomicU8::new(0),
            senders: AtomicUsize::new(0),
            receivers: AtomicUsize::new(0),
            ledger: Ledger::default(),
        })
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        self.name.text()
    }

    pub(crate) fn component(&self) -> Name {
        self.name.name()
    }

    /// Something is changed under the lock; what comes of it is told outside.
    fn with<R>(
        &self,
        change: impl FnOnce(&mut Inner<T>, Coarse, &mut Vec<Overboard<T>>) -> R,
    ) -> R {
        let mut overboard = Vec::new();
        let mut inner = self.inner.lock();
        let result = change(&mut inner, clock::coarse(), &mut overboard);
        self.settle(inner);
        self.throw(overboard);
        result
    }

    /// Gives room to those who wait for it, and calls those who wait for items. After each change, with the lock that it
    /// was made under.
    #[inline]
    fn settle(&self, mut guard: MutexGuard<'_, Inner<T>>) {
        let inner = &mut *guard;
        let report = inner.reported.next(&mut inner.store);
        if inner.is_quiet() {
            // Whoever comes next looks for itself.
            inner.store.take_news();
            self.note(inner);
            drop(guard);
        } else {
            self.call(guard);
        }
        if let Some(report) = report {
            self.tell(&report);
        }
    }

    fn call(&self, mut inner: MutexGuard<'_, Inner<T>>) {
        let wakers = inner.call();
        self.note(&inner);
        drop(inner);
        wakers.wake();
    }

    #[inline]
    fn note(&self, inner: &Inner<T>) {
        let known = inner.known();
        if self.known.load(Ordering::Relaxed) != known {
            // Whoever knows, by whatever way, of a change that was made before reads this or something newer.
            self.known.store(known, Ordering::Relaxed);
        }
    }

    /// Whether all of this is known.
    #[inline]
    fn is_known(&self, bits: u8) -> bool {
        self.known.load(Ordering::Relaxed) & bits == bits
    }

    /// Nothing comes in any more; what is in it can be received. How many items that is, those with workers among them.
    pub(crate) fn close(&self) -> usize {
        self.with(|inner, _, _| {
            inner.closed = true;
            inner.store.items()
        })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_known(CLOSED) || self.is_orphaned()
    }

    pub(crate) fn look<R>(&self, look: impl FnOnce(&Store<T>) -> R) -> R {
        look(&self.inner.lock().store)
    }

    /// How many more items fit in, and how many there may be.
    pub(crate) fn capacity(&self) -> (usize, usize) {
        self.look(|store| {
            let most = store.config().capacity;
            (most.saturating_sub(store.used()), most)
        })
    }

    pub(crate) fn demand(&self, items: u64) {
        self.with(|inner, _, _| inner.store.demand(items));
    }

    pub(crate) fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        config.check(self.name(), self.functions.given())?;
        self.with(|inner, _, _| inner.store.reconfigure(config));
        Ok(())
    }

    /// Those that wait or come again are dropped. How many.
    pub(crate) fn empty(&self, why: Why) -> usize {
        let mut count = 0;
        while let Some(entry) = self.with(|inner, _, _| inner.store.drain_one()) {
            count += 1;
            self.throw_one(entry, why);
        }
        if count > 0 {
            self.log.dropped(why, count as u64);
        }
        count
    }
}

impl<T> Inner<T> {
    /// Nothing will ever come of it again.
    fn is_over(&self) -> bool {
        self.closed && self.store.used() == 0
    }

    /// Nobody waits for anything that may be there now.
    #[inline]
    fn is_quiet(&self) -> bool {
        let nobody_receives = || self.receivers.iter().all(Places::is_empty);
        self.senders.is_empty()
            && self.rests_in_peace()
            && (!self.stirs() || !self.closed && nobody_receives())
    }

    /// There may be something for those who wait for items, or will be.
    #[inline]
    fn stirs(&self) -> bool {
        self.closed || self.store.len() > 0 || self.store.awaits_something()
    }

    /// What may be told without the lock.
    #[inline]
    fn known(&self) -> u8 {
        let full = u8::from(self.store.refuses_all()) * FULL;
        let closed = u8::from(self.closed) * CLOSED;
        let items = self.store.len() > 0;
        full | closed | (u8::from(self.stirs()) * STIRS) | (u8::from(items) * ITEMS)
    }
}

/// All handles are gone, and so are all deliveries: what is left, nobody will receive.
impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        self.empty(Why::Abandoned);
        while let Some(letter) = self.take_dead() {
            self.throw_one(letter.into_entry(), Why::Abandoned);
            self.log.dropped(Why::Abandoned, 1);
        }
    }
}
