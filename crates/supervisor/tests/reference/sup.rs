//! One supervisor: its state, its start, its end, its inbox (sections 1, 2 and 6 of the rules).

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
    Exit {
        pid: u64,
        reason: Value,
    },
    TryAgain {
        name: String,
    },
    Call {
        step: Option<usize>,
        call: super::calls::Call,
    },
}

#[derive(Debug)]
pub(crate) struct Sup {
    pub(crate) path: String,
    pub(crate) flags: SupSpec,
    /// In start order.
    pub(crate) children: Vec<Entry>,
    pub(crate) inbox: VecDeque<Message>,
    pub(crate) template: Option<Rc<Node>>,
    pub(super) restarts: Vec<u64>,
}

/// The supervisor is done: it has ended its children and exits with reason `shutdown`.
#[derive(Debug)]
pub(crate) struct GaveUp;

pub(crate) type Handled = Result<(), GaveUp>;

impl Sup {
    pub(crate) fn start(world: &mut World, node: &Rc<Node>, path: &str) -> Option<Self> {
        let ChildSpec::Supervisor(flags) = node.spec.clone() else {
            return None;
        };
        world.events.push(json!({"ev": "sup_start", "sup": path}));
        let simple = flags.strategy == Strategy::SimpleOneForOne;
        let mut sup = Self {
            path: path.to_owned(),
            flags,
            children: Vec::new(),
            inbox: VecDeque::new(),
            template: if simple {
                node.children.first().cloned()
            } else {
                None
            },
            restarts: Vec::new(),
        };
        if !sup.valid_list(&node.children) {
            world.sup_exit(path, json!("bad_spec"));
            return None;
        }
        let initial = if simple {
            &[]
        } else {
            node.children.as_slice()
        };
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
            sup.children.push(Entry {
                name,
                node: child.clone(),
                slot,
            });
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
}

pub(crate) type Replies = Vec<(Option<usize>, Value)>;
