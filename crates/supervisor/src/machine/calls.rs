//! The six calls, with OTP's replies.

use super::message::{Call, Effect, Message, Reply, Target};
use super::{Key, Machine, NewChild, Slot};
use crate::config::Mode;
use crate::id::ChildId;

impl<P, T> Machine<P, T> {
    pub(super) fn call(&mut self, call: Call<P>, caller: T) -> Option<Effect<T>> {
        let reply = match call {
            Call::Start(id, child) => match self.accept(id, child) {
                Ok(key) => return Some(self.call_start(key, true, caller)),
                Err(reply) => reply,
            },
            Call::Terminate(target) => match self.target(&target) {
                Ok(key) => {
                    self.call_stop(key, caller);
                    return None;
                }
                // An instance that is gone is as good as terminated.
                Err(Reply::NotFound) if matches!(target, Target::Process { .. }) => Reply::Done,
                Err(reply) => reply,
            },
            Call::Restart(target) => match self.vacant(&target) {
                Ok(key) => return Some(self.call_start(key, false, caller)),
                Err(reply) => reply,
            },
            Call::Delete(target) => match self.vacant(&target) {
                Ok(key) => {
                    self.remove(key);
                    Reply::Done
                }
                Err(reply) => reply,
            },
            Call::Query => Reply::Look,
            Call::Suspend => {
                // An order to stop that has come since is not to wait.
                let stops = |message: &Message<P, T>| matches!(message, Message::Stop);
                self.suspended = !self.inbox.iter().any(stops);
                Reply::Done
            }
        };
        Some(Effect::Reply(caller, reply))
    }

    /// Adds a child as the last one, unless it may not be.
    fn accept(&mut self, id: ChildId, child: NewChild<P>) -> Result<Key, Reply> {
        let existing = match &id {
            ChildId::Name(name) => self.find(name).and_then(|key| self.children.get(key)),
            ChildId::Number(_) => None,
        };
        let refused = if child.significant && !self.flags.allows_significant(child.restart) {
            Some(Reply::Invalid)
        } else if let Some(entry) = existing {
            Some(match entry.slot {
                Slot::Running => Reply::AlreadyStarted,
                Slot::Vacant | Slot::Restarting => Reply::AlreadyPresent,
            })
        } else {
            match (self.flags.mode, &id) {
                (Mode::Dynamic { max_children }, ChildId::Number(_)) => {
                    (self.children.len() >= max_children).then_some(Reply::MaxChildren)
                }
                (Mode::Static(_), ChildId::Name(_)) => None,
                _ => Some(Reply::NotSupported),
            }
        };
        match refused {
            Some(reply) => {
                self.discard(child.payload);
                Err(reply)
            }
            None if self.flags.is_dynamic() => {
                self.numbers += 1;
                Ok(self.insert(ChildId::Number(self.numbers), child))
            }
            None => Ok(self.insert(id, child)),
        }
    }

    fn target(&self, target: &Target) -> Result<Key, Reply> {
        match target {
            Target::Id(_) if self.flags.is_dynamic() => Err(Reply::NotSupported),
            Target::Id(ChildId::Name(name)) => self.find(name).ok_or(Reply::NotFound),
            Target::Id(ChildId::Number(_)) => Err(Reply::NotFound),
            Target::Process { key, incarnation } => {
                // The process that runs, or the one that ran before a restart that still fails.
                let entry = self
                    .children
                    .get(*key)
                    .filter(|entry| entry.ran == *incarnation);
                entry.map(|_| *key).ok_or(Reply::NotFound)
            }
        }
    }

    /// The target, if it has no process and none is wanted.
    fn vacant(&self, target: &Target) -> Result<Key, Reply> {
        let key = self.target(target)?;
        match self.children.get(key).map(super::Entry::slot) {
            None => Err(Reply::NotFound),
            Some(Slot::Running) => Err(Reply::Running),
            Some(Slot::Restarting) => Err(Reply::Restarting),
            Some(Slot::Vacant) => Ok(key),
        }
    }
}
