//! Which keys have callers, a worker, or both.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;

use seaworthy_core::clock::{self, Instant};
use seaworthy_core::sync::Lock;

use super::Ends;

/// One slot for each key that is called or has a worker.
pub(super) struct Slots<K, Req, Res, E> {
    slots: Lock<HashMap<K, Slot<Req, Res, E>>>,
}

struct Slot<Req, Res, E> {
    ends: Ends<Req, Res, E>,
    /// Those who wait for an answer.
    callers: usize,
    /// Since when there is none.
    idle_since: Instant,
    worker: Worker,
}

/// Whether somebody serves a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worker {
    /// Nobody does, or will without being started.
    Down,
    /// One is being started.
    Starting,
    Up,
}

/// What a caller finds.
pub(super) enum Found<Req, Res, E> {
    /// The queue of the key, and whether a worker is to be started for it.
    Slot {
        ends: Ends<Req, Res, E>,
        start: bool,
    },
    /// There is none, and room for one.
    Nothing,
    /// There is none, and no room.
    Full,
}

/// What is left when a worker has ended.
pub(super) enum Left {
    /// Nobody waits.
    Nobody,
    /// Somebody waits for the next one, which is to be started.
    Callers,
}

impl<K, Req, Res, E> Default for Slots<K, Req, Res, E> {
    fn default() -> Self {
        Self {
            slots: Lock::default(),
        }
    }
}

impl<K, Req, Res, E> Slots<K, Req, Res, E> {
    pub(super) fn len(&self) -> usize {
        self.slots.lock().len()
    }
}

impl<K: Hash + Eq, Req, Res, E> Slots<K, Req, Res, E> {
    /// One more caller for this key.
    pub(super) fn enter(&self, key: &K, at_most: usize) -> Found<Req, Res, E> {
        let mut slots = self.slots.lock();
        let full = slots.len() >= at_most;
        match slots.get_mut(key) {
            Some(slot) => slot.enter(),
            None if full => Found::Full,
            None => Found::Nothing,
        }
    }

    #[expect(
        clippy::type_complexity,
        reason = "what is found, and what is not needed"
    )]
    /// The same, with a queue for the key if it has none by now. What is not needed is handed back.
    pub(super) fn enter_with(
        &self,
        key: K,
        ends: Ends<Req, Res, E>,
        at_most: usize,
    ) -> (Found<Req, Res, E>, Option<Ends<Req, Res, E>>) {
        let mut slots = self.slots.lock();
        if let Some(slot) = slots.get_mut(&key) {
            return (slot.enter(), Some(ends));
        }
        if slots.len() >= at_most {
            return (Found::Full, Some(ends));
        }
        let mut slot = Slot {
            ends,
            callers: 0,
            idle_since: clock::exact(),
            worker: Worker::Down,
        };
        let found = slot.enter();
        slots.insert(key, slot);
        (found, None)
    }

    /// A caller has an answer, or does not want one any more.
    pub(super) fn leave(&self, key: &K) {
        let gone = {
            let mut slots = self.slots.lock();
            let Some(slot) = slots.get_mut(key) else {
                return;
            };
            slot.callers = slot.callers.saturating_sub(1);
            if slot.callers == 0 {
                slot.idle_since = clock::exact();
            }
            let unused = slot.callers == 0 && slot.worker == Worker::Down;
            if unused {
                slots.remove_entry(key)
            } else {
                None
            }
        };
        drop(gone);
    }

    /// A worker is there for this key. Its queue, unless there is another worker, or nobody who needs one.
    pub(super) fn rise(&self, key: &K) -> Option<Ends<Req, Res, E>> {
        let mut slots = self.slots.lock();
        let slot = slots.get_mut(key)?;
        if slot.worker == Worker::Up {
            return None;
        }
        slot.worker = Worker::Up;
        Some(slot.ends.clone())
    }

    /// For how long nobody has called; `None` while somebody does.
    pub(super) fn idle_since(&self, key: &K) -> Option<Instant> {
        let slots = self.slots.lock();
        let slot = slots.get(key)?;
        (slot.callers == 0).then_some(slot.idle_since)
    }

    /// The worker of this key is gone.
    pub(super) fn fall(&self, key: &K) -> Left {
        let (left, gone) = {
            let mut slots = self.slots.lock();
            let Some(slot) = slots.get_mut(key) else {
                return Left::Nobody;
            };
            if slot.callers > 0 {
                slot.worker = Worker::Starting;
                (Left::Callers, None)
            } else {
                (Left::Nobody, slots.remove_entry(key))
            }
        };
        drop(gone);
        left
    }

    /// No worker can be started for this key: whoever calls it is told so.
    pub(super) fn give_up(&self, key: &K) {
        let gone = {
            let mut slots = self.slots.lock();
            match slots.get(key) {
                Some(slot) if slot.worker == Worker::Starting => slots.remove_entry(key),
                _ => None,
            }
        };
        drop(gone);
    }
}

impl<Req, Res, E> Slot<Req, Res, E> {
    fn enter(&mut self) -> Found<Req, Res, E> {
        self.callers += 1;
        let start = self.worker == Worker::Down;
        if start {
            self.worker = Worker::Starting;
        }
        Found::Slot {
            ends: self.ends.clone(),
            start,
        }
    }
}

impl<K, Req, Res, E> fmt::Debug for Slots<K, Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slots").finish_non_exhaustive()
    }
}
