//! What the workers, the observer and the player of one scenario share.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::scenario::{Exit, Group};

/// A cheap handle.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stage(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(crate) struct State {
    /// Tree events since the last look.
    pub(crate) events: Group,
    /// How many events there were in all, and how many exits of workers.
    pub(crate) seen: u64,
    pub(crate) exits: u64,
    /// Supervisors that live.
    pub(crate) supervisors: HashSet<String>,
    /// The trace's name of the instance at a path, and of those that have no path yet.
    pub(crate) instances: HashMap<String, String>,
    pub(crate) unborn: HashMap<String, VecDeque<String>>,
    /// Start attempts by trace path: as the events say, and as the factories were called.
    pub(crate) attempts: HashMap<String, u64>,
    made: HashMap<String, u64>,
    /// How to make the worker at a trace path exit.
    pub(crate) commands: HashMap<String, oneshot::Sender<Exit>>,
}

impl Stage {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A worker's factory is called: for the how-manyth time, that is.
    pub(crate) fn make(&mut self, name: &str) -> u64 {
        let made = self.made.entry(name.to_owned()).or_default();
        *made += 1;
        *made
    }

    pub(crate) fn made(&self, name: &str) -> u64 {
        self.made.get(name).copied().unwrap_or_default()
    }

    /// The means to make the worker at a trace path exit, if one lives there.
    pub(crate) fn command(&mut self, name: &str) -> Option<oneshot::Sender<Exit>> {
        self.commands
            .remove(name)
            .filter(|command| !command.is_closed())
    }

    /// Where the crate has the worker that the trace calls `name`.
    pub(crate) fn path_of(&self, name: &str) -> String {
        let found = self.instances.iter().find(|(_, known)| *known == name);
        found.map_or(name, |(path, _)| path).to_owned()
    }

    /// What the trace calls the worker at `path`.
    pub(crate) fn name_of(&mut self, path: &str) -> String {
        let Some((sup, _)) = path.rsplit_once("/#") else {
            return path.to_owned();
        };
        if let Some(name) = self.instances.get(path) {
            return name.clone();
        }
        let next = self.unborn.get_mut(sup).and_then(VecDeque::pop_front);
        let name = next.unwrap_or_else(|| format!("{path} out of nothing"));
        self.instances.insert(path.to_owned(), name.clone());
        name
    }

    /// The instances of a supervisor go with it, and so do the calls it had not come to.
    pub(crate) fn forget_instances(&mut self, sup: &str) {
        self.instances
            .retain(|path, _| path.rsplit_once("/#").is_none_or(|(of, _)| of != sup));
        self.unborn.remove(sup);
    }
}
