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
                if restarts(entry.restart, clean) {
                    self.restart(key, now())
                } else {
                    self.let_go(key)
                }
            }
            Message::Retry(key) => {
                let entry = self.children.get(key)?;
                if entry.slot == Slot::Restarting {
                    self.restart(key, now())
                } else {
                    None
                }
            }
            Message::Call(call, caller) => self.call(call, caller),
            Message::Stop => self.end(Exit::Stopped),
        }
    }

    /// Counts first, then restarts by the strategy.
    pub(super) fn restart(&mut self, key: Key, now: Coarse) -> Option<Effect<T>> {
        if !self.intensity.permit(now) {
            self.vacate(key);
            self.end(Exit::GaveUp(key));
            return Some(Effect::GaveUp(key));
        }
        let from = match self.flags.mode {
            Mode::Static(Strategy::OneForOne) | Mode::Dynamic { .. } => {
                self.job = Some(Job::Restart { key });
                return Some(self.start(key));
            }
            Mode::Static(Strategy::OneForAll) => None,
            Mode::Static(Strategy::RestForOne) => Some(key),
        };
        self.job = Some(Job::GroupStop {
            from,
            sweep: Sweep::new(self.children.last()),
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
            self.alive += 1;
        }
        self.wait = Wait::Start(key);
        Effect::Start { key, incarnation }
    }

    pub(super) fn retry(&mut self, key: Key) {
        self.set_slot(key, Slot::Restarting);
        self.inbox.push_back(Message::Retry(key));
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
