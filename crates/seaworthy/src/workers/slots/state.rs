//! What is behind the lock.

use std::collections::BTreeMap;
use std::sync::Arc;

use seaworthy_core::Rejected;
use seaworthy_core::clock::{self, Instant};
use seaworthy_supervisor::ChildRef;
use tokio::sync::oneshot;

use super::{Ends, Entered, Fallen, Id, Risen, Start, Verdict};

pub(super) struct State<K, Req, Res, E> {
    slots: BTreeMap<Id, Slot<K, Req, Res, E>>,
    /// The last number given away, to a slot or to one that fell idle.
    numbers: u64,
    /// Those that may be told to make room, the longest idle first.
    idle: BTreeMap<u64, Id>,
    /// How many have been told so and are still there.
    leaving: usize,
    at_most: usize,
    evicts: bool,
}

pub(super) struct Slot<K, Req, Res, E> {
    key: Arc<K>,
    ends: Ends<Req, Res, E>,
    verdict: Verdict,
    /// Those who wait for an answer.
    pub(super) callers: usize,
    /// Since when there is none.
    pub(super) idle_since: Instant,
    pub(super) worker: Worker,
    pub(super) child: Option<ChildRef>,
    /// Its number among the idle ones, if it is one that may be told to make room.
    idle: Option<u64>,
    make_room: Option<oneshot::Sender<()>>,
    /// Who gets its place when its worker is gone.
    heir: Option<Id>,
}

/// Whether somebody serves a key. If nobody does, and nobody is about to, there is no slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worker {
    Starting,
    Up,
}

impl<K, Req, Res, E> Slot<K, Req, Res, E> {
    pub(super) fn start(&self, id: Id) -> Start<K> {
        let key = Arc::clone(&self.key);
        Start { id, key }
    }

    fn enter(&mut self, id: Id) -> Entered<K, Req, Res, E> {
        self.callers += 1;
        Entered {
            id,
            ends: self.ends.clone(),
            verdict: self.verdict.clone(),
            start: None,
        }
    }
}

impl<K, Req, Res, E> State<K, Req, Res, E> {
    pub(super) fn new(at_most: usize, evicts: bool) -> Self {
        Self {
            slots: BTreeMap::new(),
            numbers: 0,
            idle: BTreeMap::new(),
            leaving: 0,
            at_most,
            evicts,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn keys(&self) -> Vec<Arc<K>> {
        let slots = self.slots.values();
        slots.map(|slot| Arc::clone(&slot.key)).collect()
    }

    pub(super) fn get(&self, id: Id) -> Option<&Slot<K, Req, Res, E>> {
        self.slots.get(&id)
    }

    pub(super) fn find(&self, hash: u64, key: &K) -> Option<Id>
    where
        K: Eq,
    {
        let (first, last) = (0, u64::MAX);
        let range = [first, last].map(|number| Id { hash, number });
        let mut slots = self.slots.range(range[0]..=range[1]);
        let (id, _) = slots.find(|(_, slot)| *slot.key == *key)?;
        Some(*id)
    }

    fn is_full(&self) -> bool {
        self.slots.len() - self.leaving >= self.at_most
    }

    /// Whether there is room for one more slot, be it that somebody makes room.
    pub(super) fn has_room(&self) -> bool {
        !self.is_full() || !self.idle.is_empty()
    }

    pub(super) fn enter(&mut self, id: Id) -> Option<Entered<K, Req, Res, E>> {
        let slot = self.slots.get_mut(&id)?;
        if let Some(number) = slot.idle.take() {
            self.idle.remove(&number);
        }
        Some(slot.enter(id))
    }

    /// A slot for this key, with its first caller. There is room.
    #[expect(clippy::type_complexity, reason = "who came, and who goes for it")]
    pub(super) fn add(
        &mut self,
        hash: u64,
        key: Arc<K>,
        ends: Ends<Req, Res, E>,
    ) -> (Option<Entered<K, Req, Res, E>>, Option<oneshot::Sender<()>>) {
        let number = self.number();
        let id = Id { hash, number };
        let mut makes_room = None;
        let full = self.is_full();
        if full {
            makes_room = self.evict(id);
            if makes_room.is_none() {
                return (None, None);
            }
        }
        let mut slot = Slot {
            key,
            ends,
            verdict: Verdict::default(),
            callers: 0,
            idle_since: clock::exact(),
            worker: Worker::Starting,
            child: None,
            idle: None,
            make_room: None,
            heir: None,
        };
        let mut entered = slot.enter(id);
        // Otherwise whoever makes room sees to it.
        entered.start = (!full).then(|| slot.start(id));
        self.slots.insert(id, slot);
        (Some(entered), makes_room)
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// The one that has been idle for longest is to make room for `heir`.
    fn evict(&mut self, heir: Id) -> Option<oneshot::Sender<()>> {
        let (_, id) = self.idle.pop_first()?;
        let slot = self.slots.get_mut(&id)?;
        slot.idle = None;
        slot.heir = Some(heir);
        self.leaving += 1;
        slot.make_room.take()
    }

    pub(super) fn leave(&mut self, id: Id) {
        let number = self.number();
        let Some(slot) = self.slots.get_mut(&id) else {
            return;
        };
        slot.callers = slot.callers.saturating_sub(1);
        if slot.callers == 0 {
            slot.idle_since = clock::exact();
            if self.evicts && slot.worker == Worker::Up && slot.heir.is_none() {
                slot.idle = Some(number);
                self.idle.insert(number, id);
            }
        }
    }

    #[expect(clippy::type_complexity, reason = "who rose, or what is not needed")]
    pub(super) fn rise(
        &mut self,
        id: Id,
        child: ChildRef,
    ) -> (Option<Risen<Req, Res, E>>, Option<Slot<K, Req, Res, E>>) {
        let Some(slot) = self.slots.get_mut(&id) else {
            return (None, None);
        };
        if slot.worker == Worker::Up {
            return (None, None);
        }
        if slot.callers == 0 {
            return (None, self.slots.remove(&id));
        }
        let (sender, make_room) = oneshot::channel();
        slot.worker = Worker::Up;
        slot.child = Some(child);
        slot.make_room = Some(sender);
        let ends = slot.ends.clone();
        (Some(Risen { ends, make_room }), None)
    }

    pub(super) fn fall(
        &mut self,
        id: Id,
        failed: Option<Rejected>,
        no_room: Rejected,
    ) -> Fallen<K, Req, Res, E> {
        let mut fallen = Fallen {
            start: None,
            makes_room: None,
            gone: None,
        };
        let Some(slot) = self.slots.get_mut(&id) else {
            return fallen;
        };
        slot.child = None;
        slot.make_room = None;
        if let Some(number) = slot.idle.take() {
            self.idle.remove(&number);
        }
        let heir = slot.heir.take();
        self.leaving -= usize::from(heir.is_some());
        let next = heir.unwrap_or(id);
        if let Some(rejected) = failed {
            slot.verdict.is(rejected);
        }
        let mut stays = slot.callers > 0 && failed.is_none();
        if stays {
            slot.worker = Worker::Starting;
        }
        if stays && heir.is_some() {
            // It was called again after its place was given away: somebody else is to make room.
            fallen.makes_room = self.evict(id);
            stays = fallen.makes_room.is_some();
        }
        if !stays {
            fallen.gone = self.slots.remove(&id);
        }
        if let Some(gone) = &fallen.gone {
            gone.verdict.is(no_room);
        }
        fallen.start = self.slots.get(&next).map(|slot| slot.start(next));
        fallen
    }

    pub(super) fn give_up(&mut self, id: Id, rejected: Rejected) -> Option<Slot<K, Req, Res, E>> {
        let slot = self.slots.get(&id)?;
        if slot.worker == Worker::Up {
            return None;
        }
        slot.verdict.is(rejected);
        self.slots.remove(&id)
    }
}
