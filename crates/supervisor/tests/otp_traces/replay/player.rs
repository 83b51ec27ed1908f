//! Plays the actions of a scenario through the public API.

use std::collections::HashMap;
use std::time::Duration;

use seaworthy_core::event::{Events, Observer};
use seaworthy_supervisor::{ChildRef, Supervisor};
use serde_json::{Value, json};

use super::Style;
use super::calls::Outcome;
use super::normal::normalise;
use super::scenario::{Action, Group, SupSpec};
use super::stage::Stage;
use super::tree::{Dynamics, Workshop};

/// So many rounds without quiet, and there will be none.
const ROUNDS: usize = 10_000;

#[derive(Debug)]
pub(crate) struct Player {
    pub(super) style: Style,
    pub(super) root: Option<Supervisor>,
    pub(super) stage: Stage,
    pub(super) dynamics: Dynamics,
    /// The last process that an instance had.
    pub(super) last: HashMap<String, ChildRef>,
    /// Instances made so far at a dynamic supervisor's path.
    pub(super) instances: HashMap<String, u64>,
    actions: usize,
    _observer: Observer,
}

/// The answers of one action, with the number of the step they belong to.
pub(super) type Replies = Vec<(Option<usize>, Value)>;

impl Player {
    /// Starts the tree; the events of that are the first group.
    pub(crate) async fn start(style: Style, spec: &SupSpec) -> (Self, Group) {
        let (stage, events, mut dynamics) = (Stage::default(), Events::new(), Dynamics::default());
        let recorder = stage.clone();
        let observer = events.observe(move |event| recorder.lock().record(event, style));
        let mut workshop = Workshop {
            style,
            stage: &stage,
            dynamics: &mut dynamics,
        };
        let root = workshop.root(spec, &events).await.ok();
        let mut player = Self {
            style,
            root,
            stage,
            dynamics,
            last: HashMap::new(),
            instances: HashMap::new(),
            actions: 0,
            _observer: observer,
        };
        let group = player.group(Vec::new()).await;
        (player, group)
    }

    pub(crate) async fn act(&mut self, action: &Action) -> Group {
        let mut replies = Replies::new();
        match action {
            Action::SleepMs { ms } => tokio::time::sleep(Duration::from_millis(*ms)).await,
            Action::Stop => {
                if let Some(root) = &self.root {
                    root.stop().await;
                }
            }
            Action::Batch { sup, steps } => replies = self.batch(sup, steps).await,
            _ => {
                let target = self.target(action.sup().unwrap_or_default()).await;
                if let Some(answer) = self.step(target.as_ref(), action).await {
                    let outcome = answer.get().await;
                    replies.push((None, self.note(outcome)));
                }
            }
        }
        let group = self.group(replies).await;
        self.actions += 1;
        group
    }

    pub(super) fn note(&mut self, (value, started): Outcome) -> Value {
        self.last.extend(started);
        value
    }

    /// The process of the worker that the trace calls `name`.
    pub(super) fn child(&self, name: &str) -> Option<ChildRef> {
        let path = self.stage.lock().path_of(name);
        self.root.as_ref()?.child(path.strip_prefix("root/")?)
    }

    pub(super) fn sup(&self, path: &str) -> Option<Supervisor> {
        let root = self
            .root
            .as_ref()
            .filter(|_| self.stage.lock().supervisors.contains(path))?;
        match path.strip_prefix("root/") {
            Some(below) => root.supervisor(below),
            None => Some(root.clone()),
        }
    }

    /// Waits until the tree is quiet: a whole round of calls through all supervisors, each of which
    /// is answered only when all before it is done, brings no new event.
    async fn quiet(&mut self) {
        for _ in 0..ROUNDS {
            let before = self.stage.lock().seen;
            let mut paths: Vec<String> = self.stage.lock().supervisors.iter().cloned().collect();
            paths.sort();
            for sup in paths.iter().filter_map(|path| self.sup(path)) {
                // One that has ended meanwhile is quiet too.
                let _ = sup.count_children().await;
            }
            // Those that are ready at once may not have had their first turn yet.
            tokio::task::yield_now().await;
            if self.stage.lock().seen == before {
                return;
            }
        }
        panic!("no quiet");
    }

    async fn group(&mut self, replies: Replies) -> Group {
        self.quiet().await;
        let names: Vec<String> = self.stage.lock().instances.values().cloned().collect();
        for name in names {
            if let Some(child) = self.child(&name) {
                self.last.insert(name, child);
            }
        }
        let mut group = std::mem::take(&mut self.stage.lock().events);
        normalise(&mut group);
        for (step, value) in replies {
            let mut event = json!({"ev": "reply", "to": self.actions, "value": value});
            if let Some(step) = step {
                event["step"] = json!(step);
            }
            group.push(event);
        }
        group
    }
}
