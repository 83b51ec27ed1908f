//! The calls (sections 8 and 9 of the rules).

use serde_json::{Value, json};

use super::sup::{Entry, Slot, Sup};
use super::world::{Node, Started, World};
use crate::replay::scenario::{ChildSpec, Item, Restart};

#[derive(Debug)]
pub(crate) enum Call {
    Start(ChildSpec),
    StartInstance {
        name: String,
        init: Option<Vec<Item>>,
    },
    Terminate(String),
    /// Terminate the instance that has, or had, this process.
    TerminatePid(u64),
    Restart(String),
    Delete(String),
    Which,
    Count,
}

impl Sup {
    pub(crate) fn answer(&mut self, world: &mut World, call: Call) -> Value {
        match call {
            Call::Start(spec) => json!(self.start_child(world, spec)),
            Call::StartInstance { name, init } => json!(self.start_instance(world, name, init)),
            Call::TerminatePid(pid) => json!(self.terminate_pid(world, pid)),
            Call::Which => self.which(),
            Call::Count => self.count(),
            Call::Terminate(_) | Call::Restart(_) | Call::Delete(_) if self.simple() => {
                json!("simple_one_for_one")
            }
            Call::Terminate(id) => json!(self.terminate_child(world, &id)),
            Call::Restart(id) => json!(self.restart_child(world, &id)),
            Call::Delete(id) => json!(self.delete_child(&id)),
        }
    }

    fn start_child(&mut self, world: &mut World, spec: ChildSpec) -> &'static str {
        if !self.valid(&spec) {
            return "invalid_spec";
        }
        let name = spec.id().to_owned();
        if let Some(at) = self.position(&name) {
            return match self.children[at].slot {
                Slot::Running(_) => "already_started",
                Slot::None | Slot::Restarting(_) => "already_present",
            };
        }
        let node = Node::new(spec);
        match world.start(&node, &self.child_path(&name)) {
            Started::Running(proc) => {
                self.children.push(Entry {
                    name,
                    node,
                    slot: Slot::Running(proc),
                });
                "ok"
            }
            Started::Ignored => {
                if node.spec.restart() != Restart::Temporary {
                    self.children.push(Entry {
                        name,
                        node,
                        slot: Slot::None,
                    });
                }
                "ignored"
            }
            Started::Failed => "start_error",
        }
    }

    fn start_instance(
        &mut self,
        world: &mut World,
        name: String,
        init: Option<Vec<Item>>,
    ) -> &'static str {
        let template = self
            .template
            .as_ref()
            .expect("a dynamic supervisor has a template");
        let ChildSpec::Worker(mut worker) = template.spec.clone() else {
            unreachable!("templates are workers")
        };
        if let Some(init) = init {
            worker.init = init;
        }
        let node = Node::new(ChildSpec::Worker(worker));
        match world.start(&node, &self.child_path(&name)) {
            Started::Running(proc) => {
                self.children.push(Entry {
                    name,
                    node,
                    slot: Slot::Running(proc),
                });
                "ok"
            }
            Started::Ignored => "ignored",
            Started::Failed => "start_error",
        }
    }

    fn terminate_child(&mut self, world: &mut World, id: &str) -> &'static str {
        let Some(at) = self.position(id) else {
            return "not_found";
        };
        self.terminate(world, at);
        if self.children[at].node.spec.restart() == Restart::Temporary {
            self.children.remove(at);
        }
        "ok"
    }

    fn terminate_pid(&mut self, world: &mut World, pid: u64) -> &'static str {
        let restarting = |child: &Entry| matches!(child.slot, Slot::Restarting(old) if old == pid);
        let at = self
            .owner(pid)
            .or_else(|| self.children.iter().position(restarting));
        if let Some(at) = at {
            self.terminate(world, at);
            self.children.remove(at);
        }
        "ok"
    }

    fn restart_child(&mut self, world: &mut World, id: &str) -> &'static str {
        let Some(at) = self.position(id) else {
            return "not_found";
        };
        match self.children[at].slot {
            Slot::Running(_) => return "running",
            Slot::Restarting(_) => return "restarting",
            Slot::None => {}
        }
        match world.start(&self.children[at].node.clone(), &self.child_path(id)) {
            Started::Running(proc) => {
                self.children[at].slot = Slot::Running(proc);
                "ok"
            }
            Started::Ignored => "ignored",
            Started::Failed => "start_error",
        }
    }

    fn delete_child(&mut self, id: &str) -> &'static str {
        let Some(at) = self.position(id) else {
            return "not_found";
        };
        match self.children[at].slot {
            Slot::Running(_) => "running",
            Slot::Restarting(_) => "restarting",
            Slot::None => {
                self.children.remove(at);
                "ok"
            }
        }
    }

    fn which(&self) -> Value {
        let mut rows: Vec<Value> = Vec::new();
        for child in self.children.iter().rev() {
            let id = if self.simple() {
                None
            } else {
                Some(&child.name)
            };
            let state = match child.slot {
                Slot::Running(_) => "running",
                Slot::Restarting(_) => "restarting",
                Slot::None => "undefined",
            };
            rows.push(json!([id, state, kind(child)]));
        }
        if self.simple() {
            rows.sort_by_key(|row| row[1] != "restarting");
        }
        json!(rows)
    }

    fn count(&self) -> Value {
        let specs = if self.simple() {
            1
        } else {
            self.children.len()
        };
        // A dynamic supervisor counts its entries, the others look whether the process lives.
        let active = self.children.iter().filter(|child| match &child.slot {
            Slot::Running(proc) => proc.alive || self.simple(),
            Slot::None | Slot::Restarting(_) => false,
        });
        let of = |wanted| {
            self.children
                .iter()
                .filter(|child| kind(child) == wanted)
                .count()
        };
        json!({
            "specs": specs,
            "active": active.count(),
            "supervisors": of("supervisor"),
            "workers": of("worker"),
        })
    }
}

fn kind(child: &Entry) -> &'static str {
    match child.node.spec {
        ChildSpec::Worker(_) => "worker",
        ChildSpec::Supervisor(_) => "supervisor",
    }
}
