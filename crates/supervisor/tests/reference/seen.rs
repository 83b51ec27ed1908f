//! What whoever writes a scenario sees of the model.

use super::Model;
use super::sup::{Slot, Sup};
use crate::replay::scenario::AutoShutdown;

/// A supervisor that lives.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) simple: bool,
    pub(crate) auto_shutdown: AutoShutdown,
    /// The ids of its children.
    pub(crate) names: Vec<String>,
    /// The ids of its workers that run.
    pub(crate) workers: Vec<String>,
}

impl Seen {
    /// A supervisor that is not there.
    pub(crate) fn gone() -> Self {
        Self {
            path: "root/gone".to_owned(),
            simple: false,
            auto_shutdown: AutoShutdown::Never,
            names: Vec::new(),
            workers: Vec::new(),
        }
    }
}

impl Model {
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let mut found = Vec::new();
        let mut todo: Vec<&Sup> = self.root.iter().collect();
        while let Some(sup) = todo.pop() {
            let mut seen = Seen {
                path: sup.path.clone(),
                simple: sup.simple(),
                auto_shutdown: sup.flags.auto_shutdown,
                names: Vec::new(),
                workers: Vec::new(),
            };
            for child in &sup.children {
                seen.names.push(child.name.clone());
                let Slot::Running(proc) = &child.slot else {
                    continue;
                };
                match &proc.sup {
                    None => seen.workers.push(child.name.clone()),
                    Some(below) => todo.push(below),
                }
            }
            found.push(seen);
        }
        found
    }
}
