//! Which keys have callers, a worker, or both.

mod state;

use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

use seaworthy_core::clock::Instant;
use seaworthy_core::sync::Lock;
use seaworthy_core::{Name, Reason, Rejected, panic};
use seaworthy_supervisor::ChildRef;
use tokio::sync::oneshot;

use super::Ends;
use super::told::Verdict;
use state::{Slot, State, Worker};

/// One slot for each key that is called or has a worker.
pub(super) struct Slots<K, Req, Res, E> {
    state: Lock<State<K, Req, Res, E>>,
    hasher: RandomState,
    component: Name,
}

/// One slot, and none after it. Its key is looked for only by callers: nothing else runs code of the user's key, which
/// may panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    /// Of the key.
    hash: u64,
    number: u64,
}

/// What a caller finds.
pub(super) enum Found<K, Req, Res, E> {
    Slot(Entered<K, Req, Res, E>),
    /// There is none, and room for one.
    Nothing,
    /// There is none, and no room.
    Full,
}

/// A caller is in.
pub(super) struct Entered<K, Req, Res, E> {
    pub(super) id: Id,
    pub(super) ends: Ends<Req, Res, E>,
    pub(super) verdict: Verdict,
    /// If a worker is to be started.
    pub(super) start: Option<Start<K>>,
}

/// A worker to be started.
pub(super) struct Start<K> {
    pub(super) id: Id,
    pub(super) key: Arc<K>,
}

/// What a worker needs.
pub(super) struct Risen<Req, Res, E> {
    pub(super) ends: Ends<Req, Res, E>,
    /// Ready when it has to make room for another.
    pub(super) make_room: oneshot::Receiver<()>,
}

impl<K, Req, Res, E> Slots<K, Req, Res, E> {
    pub(super) fn new(component: Name, at_most: usize, evicts: bool) -> Self {
        Self {
            state: Lock::new(State::new(at_most, evicts)),
            hasher: RandomState::new(),
            component,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.state.lock().len()
    }

    pub(super) fn keys(&self) -> Vec<Arc<K>> {
        self.state.lock().keys()
    }

    /// A caller has an answer, or does not want one any more.
    pub(super) fn leave(&self, id: Id) {
        self.state.lock().leave(id);
    }

    /// A worker is there for this slot. What it needs, unless there is another worker, or nobody who needs one.
    pub(super) fn rise(&self, id: Id, child: ChildRef) -> Option<Risen<Req, Res, E>> {
        let (risen, gone) = self.state.lock().rise(id, child);
        panic::drop_quietly(gone);
        risen
    }

    /// Since when nobody has called; `None` while somebody does.
    pub(super) fn idle_since(&self, id: Id) -> Option<Instant> {
        let state = self.state.lock();
        let slot = state.get(id)?;
        (slot.callers == 0).then_some(slot.idle_since)
    }

    /// The worker of this slot is gone: for whom the next one is to be started, if for anybody. If it `failed`, that is not
    /// those who wait: one that does nothing but end would be started again and again.
    pub(super) fn fall(&self, id: Id, failed: Option<Rejected>) -> Option<Start<K>> {
        let no_room = Rejected::new(Reason::BulkheadFull, self.component);
        let fallen = self.state.lock().fall(id, failed, no_room);
        fallen.settle()
    }

    /// No worker can be started for this slot: whoever waits is told so.
    pub(super) fn give_up(&self, id: Id, rejected: Rejected) {
        let gone = self.state.lock().give_up(id, rejected);
        panic::drop_quietly(gone);
    }

    /// No worker came of a start of this slot. The one that is to be started instead, if anybody needs it.
    pub(super) fn again(&self, id: Id) -> Option<Start<K>> {
        let state = self.state.lock();
        let slot = state.get(id)?;
        (slot.worker == Worker::Starting).then(|| slot.start(id))
    }
}

impl<K: Hash + Eq, Req, Res, E> Slots<K, Req, Res, E> {
    /// One more caller for this key.
    pub(super) fn enter(&self, key: &K) -> Found<K, Req, Res, E> {
        let hash = self.hasher.hash_one(key);
        let mut state = self.state.lock();
        match state.find(hash, key) {
            Some(id) => state.enter(id).map_or(Found::Nothing, Found::Slot),
            None if state.has_room() => Found::Nothing,
            None => Found::Full,
        }
    }

    /// The same, with a queue for the key if it has none by now. What is not needed is handed back.
    #[expect(
        clippy::type_complexity,
        reason = "what is found, and what is not needed"
    )]
    pub(super) fn enter_with(
        &self,
        key: &Arc<K>,
        ends: Ends<Req, Res, E>,
    ) -> (Found<K, Req, Res, E>, Option<Ends<Req, Res, E>>) {
        let hash = self.hasher.hash_one(&**key);
        let mut state = self.state.lock();
        if let Some(id) = state.find(hash, key) {
            let found = state.enter(id).map_or(Found::Full, Found::Slot);
            return (found, Some(ends));
        }
        if !state.has_room() {
            return (Found::Full, Some(ends));
        }
        let (entered, makes_room) = state.add(hash, Arc::clone(key), ends);
        drop(state);
        tell(makes_room);
        (entered.map_or(Found::Full, Found::Slot), None)
    }

    /// The worker of this key, if one is up.
    pub(super) fn child(&self, key: &K) -> Option<ChildRef> {
        let hash = self.hasher.hash_one(key);
        let state = self.state.lock();
        let id = state.find(hash, key)?;
        state.get(id)?.child.clone()
    }
}

/// What follows from the end of a worker.
struct Fallen<K, Req, Res, E> {
    start: Option<Start<K>>,
    makes_room: Option<oneshot::Sender<()>>,
    gone: Option<Slot<K, Req, Res, E>>,
}

impl<K, Req, Res, E> Fallen<K, Req, Res, E> {
    /// Outside the lock.
    fn settle(self) -> Option<Start<K>> {
        panic::drop_quietly(self.gone);
        tell(self.makes_room);
        self.start
    }
}

fn tell(makes_room: Option<oneshot::Sender<()>>) {
    if let Some(makes_room) = makes_room {
        // It may be on its way out by itself.
        let _ = makes_room.send(());
    }
}

impl<K, Req, Res, E> fmt::Debug for Slots<K, Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slots").finish_non_exhaustive()
    }
}
