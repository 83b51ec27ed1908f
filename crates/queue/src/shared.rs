//! What all handles of a queue share.

mod drain;
mod receive;
mod send;

pub(crate) use receive::Lined;

use std::sync::Arc;

use seaworthy_core::clock::{self, Coarse};
use seaworthy_core::name::Kept;
use seaworthy_core::panic;
use seaworthy_core::sync::Lock;
use seaworthy_core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use seaworthy_core::{ConfigError, Name};

use crate::config::Config;
use crate::functions::Functions;
use crate::places::Places;
use crate::store::{Overboard, Store};
use crate::wakers::Wakers;
use crate::why::Why;

/// A store behind a lock, and those who wait for it.
#[derive(Debug)]
pub(crate) struct Shared<T> {
    name: Kept,
    inner: Lock<Inner<T>>,
    functions: Functions<T>,
    /// There is no room, and who has an item does not wait for it: nobody needs the lock to know.
    full: AtomicBool,
    /// Handles by which items may come, and by which they may go.
    senders: AtomicUsize,
    receivers: AtomicUsize,
    pub(crate) dropped: AtomicU64,
}

#[derive(Debug)]
pub(crate) struct Inner<T> {
    store: Store<T>,
    /// Those who wait for an item, by how they want it.
    receivers: [Places<()>; 2],
    /// Those who wait for the end of it.
    drainers: Places<()>,
    /// The one of them who looks when something is due.
    keeper: Option<Keeper>,
    /// Those who wait for room.
    senders: Places<Want>,
    /// Nothing comes in any more.
    closed: bool,
    /// Nothing goes out any more either: nobody is left who could receive it.
    abandoned: bool,
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
            name: Kept::new(name),
            inner: Lock::new(Inner {
                store: Store::new(config, clock::coarse()),
                receivers: [Places::default(), Places::default()],
                drainers: Places::default(),
                keeper: None,
                senders: Places::default(),
                closed: false,
                abandoned: false,
            }),
            functions,
            full: AtomicBool::new(false),
            senders: AtomicUsize::new(0),
            receivers: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
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
        let (result, wakers) = {
            let mut inner = self.inner.lock();
            let result = change(&mut inner, clock::coarse(), &mut overboard);
            inner.abandon(&mut overboard);
            (result, self.settle(&mut inner))
        };
        wakers.wake();
        self.throw(overboard);
        result
    }

    /// Gives room to those who wait for it, and calls those who wait for items. Under the lock.
    #[inline]
    fn settle(&self, inner: &mut Inner<T>) -> Wakers {
        let mut wakers = Wakers::default();
        let news = inner.store.take_news();
        if inner.receivers.iter().any(|line| !line.is_empty()) {
            inner.call_receivers(news, &mut wakers);
        }
        if !inner.drainers.is_empty() && inner.is_over() {
            while let Some((_, waker)) = inner.drainers.call() {
                wakers.push(waker);
            }
        }
        if !inner.senders.is_empty() {
            inner.call_senders(&mut wakers);
        }
        let full = inner.is_full();
        if self.full.load(Ordering::Relaxed) != full {
            self.full.store(full, Ordering::Relaxed);
        }
        wakers
    }

    /// Items leave otherwise than to a receiver.
    #[inline]
    fn throw(&self, overboard: Vec<Overboard<T>>) {
        for (entry, why) in overboard {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            self.functions.throw(entry.item, why);
        }
    }

    /// Nothing comes in any more; what is in it can be received.
    pub(crate) fn close(&self) {
        self.with(|inner, _, _| inner.closed = true);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.inner.lock().closed || self.receivers.load(Ordering::Acquire) == 0
    }

    pub(crate) fn look<R>(&self, look: impl FnOnce(&Store<T>) -> R) -> R {
        look(&self.inner.lock().store)
    }

    pub(crate) fn demand(&self, items: u64) {
        self.with(|inner, _, _| inner.store.demand(items));
    }

    pub(crate) fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        config.check(self.name(), self.functions.given())?;
        self.with(|inner, now, _| inner.store.reconfigure(config, now));
        Ok(())
    }

    pub(crate) fn sender_comes(&self) {
        self.senders.fetch_add(1, Ordering::Relaxed);
    }

    /// Unless there is none.
    pub(crate) fn sender_comes_back(&self) -> bool {
        let more = |senders: usize| (senders > 0).then_some(senders + 1);
        let relaxed = Ordering::Relaxed;
        self.senders.fetch_update(relaxed, relaxed, more).is_ok()
    }

    pub(crate) fn sender_goes(&self) {
        if self.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.close();
        }
    }

    pub(crate) fn receiver_comes(&self) {
        self.receivers.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn receiver_goes(&self) {
        if self.receivers.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.with(|inner, _, _| (inner.closed, inner.abandoned) = (true, true));
        }
    }
}

impl<T> Inner<T> {
    /// Nothing will ever come of it again.
    fn is_over(&self) -> bool {
        self.closed && self.store.used() == 0
    }

    /// Whether an item of any weight is handed back without further ado.
    fn is_full(&self) -> bool {
        self.closed || self.store.refuses_all()
    }

    fn abandon(&mut self, overboard: &mut Vec<Overboard<T>>) {
        while self.abandoned
            && let Some(entry) = self.store.drain_one()
        {
            overboard.push((entry, Why::Abandoned));
        }
    }

    fn call_receivers(&mut self, news: usize, wakers: &mut Wakers) {
        let all = if self.is_over() { usize::MAX } else { news };
        let called = (0..all).all(|_| self.call_receiver(wakers));
        if called && self.lacks_keeper() {
            self.call_receiver(wakers);
        }
    }

    /// Something is due, and nobody looks when it is.
    fn lacks_keeper(&self) -> bool {
        let kept = self.keeper.map(|keeper| keeper.due);
        match self.store.next_due() {
            Some(due) => kept.is_none_or(|kept| due < kept),
            None => false,
        }
    }

    /// False if there is nobody to call.
    fn call_receiver(&mut self, wakers: &mut Wakers) -> bool {
        let over = self.is_over();
        for way in [Way::Board, Way::Take] {
            if way == Way::Board && !self.store.may_board() && !over && self.store.len() > 0 {
                continue;
            }
            let line = &mut self.receivers[way as usize];
            let first = line.first_place();
            if let Some((_, waker)) = line.call() {
                let kept = self.keeper.map(|keeper| (keeper.way, Some(keeper.place)));
                if kept == Some((way, first)) {
                    self.keeper = None;
                }
                wakers.push(waker);
                return true;
            }
        }
        false
    }

    fn call_senders(&mut self, wakers: &mut Wakers) {
        while let Some(want) = self.senders.first() {
            // Whoever waits when the queue is closed is told so.
            let granted = !self.closed && self.store.reserve(want.weight);
            if !granted && !self.closed {
                return;
            }
            if let Some((want, waker)) = self.senders.call() {
                want.granted = granted;
                wakers.push(waker);
            }
        }
    }
}

/// All handles are gone, and so are all deliveries: what is left, nobody will receive.
impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        loop {
            let entry = self.inner.lock().store.drain_one();
            let Some(entry) = entry else {
                return;
            };
            self.functions.throw(entry.item, Why::Abandoned);
        }
    }
}
