//! What outlives a supervisor: the events so far, attempt counts, instance numbers, the time.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use serde_json::{Value, json};

use super::sup::Sup;
use crate::replay::scenario::{ChildSpec, Group, Item, NamedShutdown, OnShutdown, Shutdown};

/// A specification: it owns the position in its init list, whoever starts from it.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) spec: ChildSpec,
    pub(crate) children: Vec<Rc<Self>>,
    used: Cell<usize>,
}

impl Node {
    pub(crate) fn new(spec: ChildSpec) -> Rc<Self> {
        let children = match &spec {
            ChildSpec::Worker(_) => Vec::new(),
            ChildSpec::Supervisor(sup) => sup.children.iter().cloned().map(Self::new).collect(),
        };
        Rc::new(Self {
            spec,
            children,
            used: Cell::new(0),
        })
    }

    fn next_item(&self) -> Item {
        let ChildSpec::Worker(worker) = &self.spec else {
            return Item::Ok;
        };
        let used = self.used.replace(self.used.get() + 1);
        worker.init.get(used).copied().unwrap_or_default()
    }
}

/// A process: a worker (`sup` is none) or a supervisor.
#[derive(Debug)]
pub(crate) struct Proc {
    pub(crate) pid: u64,
    pub(crate) alive: bool,
    pub(crate) sup: Option<Sup>,
}

pub(crate) enum Started {
    Running(Proc),
    Ignored,
    Failed,
}

#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) events: Group,
    pub(crate) now_ms: u64,
    /// Instances made so far at a dynamic supervisor's path.
    pub(crate) instances: HashMap<String, u64>,
    /// The last process at each path.
    pub(crate) pids: HashMap<String, u64>,
    attempts: HashMap<String, u64>,
    last_pid: u64,
}

impl World {
    pub(crate) fn start(&mut self, node: &Rc<Node>, path: &str) -> Started {
        let sup = match &node.spec {
            ChildSpec::Worker(_) => {
                let item = node.next_item();
                let n = self.attempts.entry(path.to_owned()).or_default();
                *n += 1;
                let event = json!({"ev": "start", "child": path, "n": *n, "result": item});
                self.events.push(event);
                match item {
                    Item::Ok => None,
                    Item::Ignore => return Started::Ignored,
                    Item::Error | Item::Crash => return Started::Failed,
                }
            }
            ChildSpec::Supervisor(_) => match Sup::start(self, node, path) {
                Some(sup) => Some(sup),
                None => return Started::Failed,
            },
        };
        self.last_pid += 1;
        self.pids.insert(path.to_owned(), self.last_pid);
        Started::Running(Proc {
            pid: self.last_pid,
            alive: true,
            sup,
        })
    }

    /// The supervisor asks the process of `spec` to stop and waits for it.
    pub(crate) fn stop(&mut self, proc: Proc, spec: &ChildSpec, path: &str) {
        if !proc.alive {
            return;
        }
        match (proc.sup, spec) {
            (Some(mut sup), _) => {
                sup.terminate_all(self);
                self.sup_exit(path, json!("shutdown"));
            }
            (None, ChildSpec::Worker(worker)) => {
                let reason = match (worker.shutdown, worker.on_shutdown) {
                    (Shutdown::Named(NamedShutdown::BrutalKill), _) => "killed",
                    (_, OnShutdown::Normal) => "shutdown",
                    (_, OnShutdown::Error) => "error",
                    (_, OnShutdown::Ignore) => "killed",
                };
                self.exit(path, json!(reason));
            }
            (None, ChildSpec::Supervisor(_)) => unreachable!("a supervisor without its state"),
        }
    }

    pub(crate) fn exit(&mut self, path: &str, reason: Value) {
        self.events
            .push(json!({"ev": "exit", "child": path, "reason": reason}));
    }

    pub(crate) fn sup_exit(&mut self, path: &str, reason: Value) {
        self.events.push(match path {
            "root" => json!({"ev": "root_exit", "reason": reason}),
            _ => json!({"ev": "sup_exit", "sup": path, "reason": reason}),
        });
    }
}
