//! What follows from the exit of a child (sections 3, 4, 5 and 7 of the rules).

use serde_json::Value;

use super::sup::{GaveUp, Handled, Message, Slot, Sup};
use super::world::{Proc, Started, World};
use crate::replay::scenario::{AutoShutdown, Restart, Strategy};

impl Sup {
    pub(super) fn exited(&mut self, world: &mut World, pid: u64, reason: &Value) -> Handled {
        let Some(at) = self.owner(pid) else {
            return Ok(());
        };
        let clean = reason == "normal" || reason == "shutdown" || reason.is_object();
        let spec = &self.children[at].node.spec;
        let (kind, significant) = (spec.restart(), spec.significant());
        if kind == Restart::Permanent || (kind == Restart::Transient && !clean) {
            return self.restart(world, at);
        }
        if kind == Restart::Temporary || self.simple() {
            self.children.remove(at);
        } else {
            self.children[at].slot = Slot::None;
        }
        let left = self
            .children
            .iter()
            .any(|child| child.node.spec.significant() && !matches!(child.slot, Slot::None));
        match self.flags.auto_shutdown {
            AutoShutdown::AnySignificant if significant => self.give_up(world),
            AutoShutdown::AllSignificant if significant && !left => self.give_up(world),
            _ => Ok(()),
        }
    }

    fn give_up(&mut self, world: &mut World) -> Handled {
        self.terminate_all(world);
        Err(GaveUp)
    }

    pub(super) fn restart(&mut self, world: &mut World, at: usize) -> Handled {
        let pid = match &self.children[at].slot {
            Slot::Running(Proc { pid, .. }) | Slot::Restarting(pid) => *pid,
            Slot::None => unreachable!("a restart of a child without a process"),
        };
        self.children[at].slot = Slot::None;
        let now = world.now_ms / 1000;
        self.restarts
            .retain(|then| then + self.flags.period_s >= now);
        self.restarts.push(now);
        if self.restarts.len() > self.flags.intensity as usize {
            return self.give_up(world);
        }
        match self.flags.strategy {
            Strategy::OneForOne | Strategy::SimpleOneForOne => {
                self.start_again(world, at, pid);
            }
            Strategy::OneForAll => self.restart_group(world, 0, pid),
            Strategy::RestForOne => self.restart_group(world, at, pid),
        }
        Ok(())
    }

    /// Restarts the children from `from` on. The one that ended has no process any more.
    fn restart_group(&mut self, world: &mut World, from: usize, pid: u64) {
        for other in (from..self.children.len()).rev() {
            self.terminate(world, other);
            if self.children[other].node.spec.restart() == Restart::Temporary {
                self.children.remove(other);
            }
        }
        for child in from..self.children.len() {
            if !self.start_again(world, child, pid) {
                // Those after it stay without a process.
                break;
            }
        }
    }

    fn start_again(&mut self, world: &mut World, at: usize, pid: u64) -> bool {
        let child = &self.children[at];
        match world.start(&child.node.clone(), &self.child_path(&child.name)) {
            Started::Running(proc) => self.children[at].slot = Slot::Running(proc),
            Started::Ignored if self.simple() => drop(self.children.remove(at)),
            Started::Ignored => self.children[at].slot = Slot::None,
            Started::Failed => {
                let name = self.children[at].name.clone();
                self.inbox.push_back(Message::TryAgain { name });
                self.children[at].slot = Slot::Restarting(pid);
                return false;
            }
        }
        true
    }
}
