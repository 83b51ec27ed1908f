//! The rules: what an exit, a retry or an order to stop leads to.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use seaworthy_core::clock::Coarse;

use super::job::{Job, Sweep};
use super::message::{Effect, Exit, Message};
use super::{Discarded, Key, Machine, NewChild, Slot, Wait};
use crate::config::{AutoShutdown, Mode, Restart, Strategy};
use crate::id::ChildId;

impl<P, T> Machine<P, T> {
    pub(super) fn handle(
        &mut self,
        message: Message<P, T>,
        now: impl Fn() -> Coarse,
    ) -> Option<Effect<T>> {
        match message {
            Message::Exited {
                key,
                incarnation,
                clean,
            } => {
                let entry = self.children.get(key)?;
                // Of a process that is in no slot any more: stopped, or replaced by a group restart.
                if entry.incarnation != incarnation || entry.slot != Slot::Running {
                    return None;
                }
                if entry.hopeless || !restarts(entry.restart, clean) {
                    self.let_go(key)
                } else if entry.paused {
                    self.pause(key)
                } else {
                    self.restart(key, now())
                }
            }
            Message::Retry(key) => {
                let entry = self.children.get(key)?;
                if entry.slot == Slot::Restarting && !entry.waits {
                    self.restart(key, now())
                } else {
                    None
                }
            }
            Message::Due { key, incarnation } => {
                let entry = self.children.get(key)?;
                // Terminated, or started by other means meanwhile.
                if entry.slot != Slot::Restarting || entry.incarnation != incarnation {
                    return None;
                }
                self.restart(key, now())
            }
            Message::GiveUp(key) => {
                self.end(Exit::GaveUp(key));
                Some(Effect::GaveUp(key))
            }
            Message::Call(call, caller) => self.call(call, caller),
            Message::Stop => self.end(Exit::Stopped),
        }
    }

    /// Waits before the restart. Those that are restarted with it stop at once: without it they have no business.
    fn pause(&mut self, key: Key) -> Option<Effect<T>> {
        let Some(from) = self.group(key) else {
            return self.paused(key);
        };
        self.job = Some(Job::GroupStop {
            from,
            sweep: Sweep::new(self.children.last()),
            pause: Some(key),
        });
        None
    }

    pub(super) fn paused(&mut self, key: Key) -> Option<Effect<T>> {
        self.set_slot(key, Slot::Restarting);
        let incarnation = self.children.get(key)?.incarnation;
        Some(Effect::Pause { key, incarnation })
    }

    /// Where the group begins that is restarted with a child (`None`: at the first); no group if it is alone.
    #[expect(clippy::option_option, reason = "the two say different things")]
    fn group(&self, key: Key) -> Option<Option<Key>> {
        match self.flags.mode {
            Mode::Static(Strategy::OneForOne) | Mode::Dynamic { .. } => None,
            Mode::Static(Strategy::OneForAll) => Some(None),
            Mode::Static(Strategy::RestForOne) => Some(Some(key)),
        }
    }

    /// Whether a sibling that this child needs does not run. One that is restarted together with it does not count,
    /// nor one that comes later because it was deleted and added again: it might wait for this child in turn.
    fn lacks(&self, key: Key) -> bool {
        let needs = self
            .children
            .get(key)
            .and_then(|entry| entry.needs.as_ref());
        let runs = |name: &Arc<str>| {
            self.find(name).is_some_and(|other| {
                let entry = self.children.get(other);
                !other.is_older_than(key)
                    || entry.is_some_and(|entry| entry.slot == Slot::Running && entry.alive)
            })
        };
        self.flags.mode != Mode::Static(Strategy::OneForAll)
            && needs.is_some_and(|needs| !needs.iter().all(runs))
    }

    /// A child runs, or there is a new one: those that waited for it are tried again.
    fn wake(&mut self) {
        let waiting = self.children.iter().filter(|(_, entry)| entry.waits);
        let ready: Vec<(Key, u64)> = waiting
            .map(|(key, entry)| (key, entry.incarnation))
            .filter(|(key, _)| !self.lacks(*key))
            .collect();
        for (key, incarnation) in ready {
            self.set_waits(key, false);
            // Not for one that a group restart puts in its place meanwhile: that may have a pause of its own.
            self.inbox.push_back(Message::Due { key, incarnation });
        }
    }

    fn set_waits(&mut self, key: Key, waits: bool) {
        if let Some(entry) = self.children.get_mut(key) {
            self.waiting += usize::from(waits);
            self.waiting -= usize::from(entry.waits);
            entry.waits = waits;
        }
    }

    /// Counts first, then restarts by the strategy.
    pub(super) fn restart(&mut self, key: Key, now: Coarse) -> Option<Effect<T>> {
        if self.lacks(key) {
            self.set_slot(key, Slot::Restarting);
            self.set_waits(key, true);
            return None;
        }
        if !self.intensity.permit(now) {
            self.vacate(key);
            self.end(Exit::GaveUp(key));
            return Some(Effect::GaveUp(key));
        }
        let Some(from) = self.group(key) else {
            self.job = Some(Job::Restart { key });
            return Some(self.start(key));
        };
        self.job = Some(Job::GroupStop {
            from,
            sweep: Sweep::new(self.children.last()),
            pause: None,
        });
        None
    }

    /// A child ended and stays down: its siblings are not concerned, unless it was significant.
    pub(super) fn let_go(&mut self, key: Key) -> Option<Effect<T>> {
        let significant = self.children.get(key)?.significant;
        if self.flags.is_dynamic() {
            self.remove(key);
        } else {
            self.vacate(key);
        }
        let end = significant
            && match self.flags.auto_shutdown {
                AutoShutdown::Never => false,
                AutoShutdown::AnySignificant => true,
                AutoShutdown::AllSignificant => self.significant == 0,
            };
        if end {
            self.end(Exit::AutoShutdown(key))
        } else {
            None
        }
    }

    /// From here on there is only the end: all children are stopped in reverse start order.
    pub(super) fn end(&mut self, exit: Exit) -> Option<Effect<T>> {
        self.job = Some(Job::End {
            exit,
            sweep: Sweep::new(self.children.last()),
        });
        None
    }

    pub(super) fn start(&mut self, key: Key) -> Effect<T> {
        let incarnation = self.incarnations.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(entry) = self.children.get_mut(key) {
            entry.incarnation = incarnation;
            entry.alive = true;
            entry.hopeless = false;
            self.alive += 1;
        }
        self.wait = Wait::Start(key);
        Effect::Start { key, incarnation }
    }

    /// A restart failed: again, unless there is no hope.
    pub(super) fn retry(&mut self, key: Key) -> Option<Effect<T>> {
        let entry = self.children.get(key)?;
        if entry.hopeless {
            return self.let_go(key);
        }
        if entry.paused {
            return self.paused(key);
        }
        self.set_slot(key, Slot::Restarting);
        self.inbox.push_back(Message::Retry(key));
        None
    }

    pub(super) fn died(&mut self, key: Key) {
        let Some(entry) = self.children.get_mut(key) else {
            return;
        };
        entry.alive = false;
        self.alive -= 1;
        if self.wait == Wait::Stop(key) || (self.wait == Wait::All && self.alive == 0) {
            self.wait = Wait::Nothing;
        }
    }

    pub(super) fn insert(&mut self, id: ChildId, child: NewChild<P>) -> Key {
        let name = match &id {
            ChildId::Name(name) => Some(Arc::clone(name)),
            ChildId::Number(_) => None,
        };
        let key = self.children.push(id, child);
        if let Some(name) = name {
            self.names.insert(name, key);
        }
        if self.waiting > 0 {
            self.wake();
        }
        key
    }

    /// No process, and none is wanted; a temporary child is forgotten.
    pub(super) fn vacate(&mut self, key: Key) {
        if self
            .children
            .get(key)
            .is_some_and(|entry| entry.restart == Restart::Temporary)
        {
            self.remove(key);
        } else {
            self.set_slot(key, Slot::Vacant);
        }
    }

    pub(super) fn remove(&mut self, key: Key) {
        self.set_slot(key, Slot::Vacant);
        if let Some((id, payload)) = self.children.remove(key) {
            if let ChildId::Name(name) = &id {
                self.names.remove(name);
            }
            self.discarded.push(Discarded::Payload(payload));
        }
    }

    pub(super) fn set_slot(&mut self, key: Key, slot: Slot) {
        let Some(entry) = self.children.get_mut(key) else {
            return;
        };
        if entry.significant {
            self.significant += usize::from(slot != Slot::Vacant);
            self.significant -= usize::from(entry.slot != Slot::Vacant);
        }
        entry.slot = slot;
        if slot == Slot::Running {
            entry.ran = entry.incarnation;
        }
        let waits = entry.waits;
        if waits && slot != Slot::Restarting {
            self.set_waits(key, false);
        }
        if slot == Slot::Running && self.waiting > 0 {
            self.wake();
        }
    }
}

/// Whether a child that ended is to be restarted.
pub(super) fn restarts(restart: Restart, clean: bool) -> bool {
    match restart {
        Restart::Permanent => true,
        Restart::Transient => !clean,
        Restart::Temporary => false,
    }
}
