//! One supervisor: start, exits, restarts, auto-shutdown (sections 1 to 7 of the rules).

use std::collections::VecDeque;
use std::rc::Rc;

use serde_json::{Value, json};

use super::world::{Node, Proc, Started, World};
use crate::replay::scenario::{AutoShutdown, ChildSpec, Restart, Strategy, SupSpec};

#[derive(Debug)]
pub(crate) enum Slot {
    None,
    Running(Proc),
    /// With the process that was there before.
    Restarting(u64),
}

#[derive(Debug)]
pub(crate) struct Entry {
    /// The child's id; an instance's `#k`.
    pub(crate) name: String,
    pub(crate) node: Rc<Node>,
    pub(crate) slot: Slot,
}

#[derive(Debug)]
pub(crate) enum Message {
    Exit { pid: u64, reason: Value },
    TryAgain { name: String },
    Call { step: Option<usize>, call: super::calls::Call },
}

#[derive(Debug)]
pub(crate) struct Sup {
    pub(crate) path: String,
    pub(crate) flags: SupSpec,
    /// In start order.
    pub(crate) children: Vec<Entry>,
    pub(crate) inbox: VecDeque<Message>,
    pub(crate) template: Option<Rc<Node>>,
    restarts: Vec<u64>,
}

/// The supervisor is done: it has ended its children and exits with reason `shutdown`.
#[derive(Debug)]
pub(crate) struct GaveUp;

pub(crate) type Handled = Result<(), GaveUp>;

impl Sup {
    pub(crate) fn start(world: &mut World, node: &Rc<Node>, path: &str) -> Option<Self> {
        let ChildSpec::Supervisor(flags) = node.spec.clone() else { return None };
        world.events.push(json!({"ev": "sup_start", "sup": path}));
        let simple = flags.strategy == Strategy::SimpleOneForOne;
        let mut sup = Self {
            path: path.to_owned(),
            flags,
            children: Vec::new(),
            inbox: VecDeque::new(),
            template: if simple { node.children.first().cloned() } else { None },
            restarts: Vec::new(),
        };
        if !sup.valid_list(&node.children) {
            world.sup_exit(path, json!("bad_spec"));
            return None;
        }
        let initial = if simple { &[] } else { node.children.as_slice() };
        for child in initial {
            let name = child.spec.id().to_owned();
            let slot = match world.start(child, &sup.child_path(&name)) {
                Started::Running(proc) => Slot::Running(proc),
                Started::Ignored if child.spec.restart() == Restart::Temporary => continue,
                Started::Ignored => Slot::None,
                Started::Failed => {
                    sup.terminate_all(world);
                    world.sup_exit(path, json!({"shutdown": "failed_to_start_child"}));
                    return None;
                }
            };
            sup.children.push(Entry { name, node: child.clone(), slot });
        }
        Some(sup)
    }

    fn valid_list(&self, children: &[Rc<Node>]) -> bool {
        let mut ids: Vec<&str> = children.iter().map(|child| child.spec.id()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.len() == children.len()
            && (!self.simple() || children.len() == 1)
            && children.iter().all(|child| self.valid(&child.spec))
    }

    pub(crate) fn valid(&self, spec: &ChildSpec) -> bool {
        let never = self.flags.auto_shutdown == AutoShutdown::Never;
        !spec.significant() || (spec.restart() != Restart::Permanent && !never)
    }

    pub(crate) fn simple(&self) -> bool {
        self.flags.strategy == Strategy::SimpleOneForOne
    }

    pub(crate) fn child_path(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.children.iter().position(|child| child.name == name)
    }

    /// Which child has the process `pid` in its slot.
    pub(crate) fn owner(&self, pid: u64) -> Option<usize> {
        self.children
            .iter()
            .position(|child| matches!(&child.slot, Slot::Running(proc) if proc.pid == pid))
    }

    pub(crate) fn terminate(&mut self, world: &mut World, at: usize) {
        let path = self.child_path(&self.children[at].name);
        let child = &mut self.children[at];
        if let Slot::Running(proc) = std::mem::replace(&mut child.slot, Slot::None) {
            world.stop(proc, &child.node.spec, &path);
        }
    }

    pub(crate) fn terminate_all(&mut self, world: &mut World) {
        for at in (0..self.children.len()).rev() {
            self.terminate(world, at);
        }
    }

    /// Handles the inbox to its end, first in, first out.
    pub(crate) fn run(&mut self, world: &mut World, replies: &mut Replies) -> Handled {
        while let Some(message) = self.inbox.pop_front() {
            match message {
                Message::Exit { pid, reason } => self.exited(world, pid, &reason)?,
                Message::TryAgain { name } => {
                    if let Some(at) = self.position(&name)
                        && matches!(self.children[at].slot, Slot::Restarting(_))
                    {
                        self.restart(world, at)?;
                    }
                }
                Message::Call { step, call } => {
                    let value = self.answer(world, call);
                    replies.push((step, value));
                }
            }
        }
        Ok(())
    }

    fn exited(&mut self, world: &mut World, pid: u64, reason: &Value) -> Handled {
        let Some(at) = self.owner(pid) else { return Ok(()) };
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
        let left = self.children.iter().any(|child| {
            child.node.spec.significant() && !matches!(child.slot, Slot::None)
        });
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

    fn restart(&mut self, world: &mut World, at: usize) -> Handled {
        let pid = match &self.children[at].slot {
            Slot::Running(Proc { pid, .. }) | Slot::Restarting(pid) => *pid,
            Slot::None => unreachable!("a restart of a child without a process"),
        };
        self.children[at].slot = Slot::None;
        let now = world.now_ms / 1000;
        self.restarts.retain(|then| then + self.flags.period_s >= now);
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

pub(crate) type Replies = Vec<(Option<usize>, Value)>;
