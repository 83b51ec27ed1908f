//! A whole tree as plain data, and as a picture.

mod draw;

use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::clock;
use seaworthy_core::component::{Component, Snapshot, Status};

use crate::config::{Mode, Strategy};
use crate::id::ChildId;
use crate::info::{ChildKind, ChildState};
use crate::machine::{Entry, Slot};
use crate::node::{Extra, Live, Node, Phase, Seat};
use crate::report::PastExit;

/// How many children of one supervisor a snapshot shows.
const SHOWN: usize = 1000;

/// A supervisor and everything below it, at one moment.
///
/// Its `Display` draws the tree.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TreeSnapshot {
    /// The ids from the root to the supervisor, joined by `/`.
    pub path: Arc<str>,
    /// How its children are restarted; `None` for a dynamic supervisor.
    pub strategy: Option<Strategy>,
    /// `starting`, `running`, `stopping` or `stopped`.
    pub state: &'static str,
    /// Restarts inside the window now.
    pub restarts_in_window: usize,
    /// How many the window allows.
    pub max_restarts: u32,
    /// The length of the window.
    pub period: Duration,
    /// Its children in start order, at most a thousand.
    pub children: Vec<ChildSnapshot>,
    /// How many children there are beyond those.
    pub omitted: usize,
}

/// A child at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChildSnapshot {
    /// What it is called.
    pub id: ChildId,
    /// What it wants to be [shown as](crate::Context::show_as) as well.
    pub shown_as: Option<Arc<str>>,
    /// What it is.
    pub kind: ChildKind,
    /// Whether it runs.
    pub state: ChildState,
    /// How long it is until it is restarted, if that has to wait.
    pub restart_in: Option<Duration>,
    /// Which incarnation runs, if one does.
    pub incarnation: Option<u64>,
    /// How long that one has run.
    pub uptime: Option<Duration>,
    /// How often it was started again since its supervisor was.
    pub restarts: u32,
    /// Its last crash.
    pub last_crash: Option<PastExit>,
    /// What is below it, if it is a supervisor that runs.
    pub below: Option<TreeSnapshot>,
}

impl TreeSnapshot {
    pub(crate) fn of(node: &Node) -> Self {
        let flags = node.spec.flags;
        let phase = node.phase().borrow().clone();
        let (ending, restarts_in_window, omitted, children) = node.with(|state| {
            let machine = &state.machine;
            let children = machine.children().iter().take(SHOWN);
            (
                machine.is_ending(),
                machine.restarts_in_window(clock::coarse()),
                machine.children().len().saturating_sub(SHOWN),
                children.map(|(_, entry)| child(entry)).collect::<Vec<_>>(),
            )
        });
        // A lock at a time: those below are asked when the one above is released.
        let below = |(mut child, node): (ChildSnapshot, Option<Arc<Node>>)| {
            child.below = node.map(|node| Self::of(&node));
            child
        };
        Self {
            path: Arc::clone(&node.path),
            strategy: match flags.mode {
                Mode::Static(strategy) => Some(strategy),
                Mode::Dynamic { .. } => None,
            },
            state: match phase {
                Phase::Ended(_) => "stopped",
                _ if ending => "stopping",
                Phase::Starting => "starting",
                Phase::Running => "running",
            },
            restarts_in_window,
            max_restarts: flags.max_restarts,
            period: flags.period,
            children: children.into_iter().map(below).collect(),
            omitted,
        }
    }

    fn status(&self) -> Status {
        let below =
            |child: &ChildSnapshot| child.below.as_ref().map_or(Status::Healthy, Self::status);
        let under_way = |child: &ChildSnapshot| {
            matches!(
                child.state,
                ChildState::Starting
                    | ChildState::Restarting
                    | ChildState::Quarantined
                    | ChildState::Zombie
            )
        };
        if self.state != "running" {
            Status::Unhealthy
        } else if self
            .children
            .iter()
            .any(|child| under_way(child) || below(child) != Status::Healthy)
        {
            Status::Degraded
        } else {
            Status::Healthy
        }
    }
}

fn child(entry: &Entry<Seat>) -> (ChildSnapshot, Option<Arc<Node>>) {
    let seat = &entry.payload;
    let alive = entry.is_alive();
    let noted = |what: fn(&Extra) -> bool| seat.extra.as_deref().is_some_and(what);
    let node = match &seat.live {
        Some(Live::Supervisor(node)) => Some(Arc::clone(node)),
        _ => None,
    };
    let snapshot = ChildSnapshot {
        id: entry.id.clone(),
        shown_as: seat.extra.as_ref().and_then(|extra| extra.shown_as.clone()),
        kind: if entry.supervisor {
            ChildKind::Supervisor
        } else {
            ChildKind::Worker
        },
        state: match entry.slot() {
            _ if alive && noted(|extra| extra.zombie) => ChildState::Zombie,
            _ if alive && !seat.ready => ChildState::Starting,
            Slot::Running if alive => ChildState::Running,
            Slot::Running | Slot::Restarting => ChildState::Restarting,
            Slot::Vacant if noted(|extra| extra.quarantined) => ChildState::Quarantined,
            Slot::Vacant => ChildState::Undefined,
        },
        restart_in: seat
            .extra
            .as_ref()
            .and_then(|extra| Some(extra.pausing.as_ref()?.left())),
        incarnation: alive.then_some(entry.incarnation),
        uptime: alive.then(|| clock::coarse().since(seat.started)),
        restarts: seat.starts.saturating_sub(1),
        last_crash: seat
            .extra
            .as_ref()
            .and_then(|extra| extra.history.last().cloned()),
        below: None,
    };
    (snapshot, node)
}

impl Component for Node {
    fn snapshot(&self) -> Snapshot {
        component(&TreeSnapshot::of(self))
    }
}

/// The tree in the words of the registry.
fn component(tree: &TreeSnapshot) -> Snapshot {
    let snapshot = Snapshot::new("supervisor", &*tree.path, tree.state)
        .status(tree.status())
        .field("restarts_in_window", tree.restarts_in_window as u64)
        .field("max_restarts", u64::from(tree.max_restarts))
        .field("period", tree.period);
    tree.children.iter().fold(snapshot, |snapshot, child| {
        snapshot.child(match &child.below {
            Some(below) => component(below),
            None => {
                let state = draw::state(child.state);
                let worker = Snapshot::new("worker", child.name(), state);
                worker.field("restarts", u64::from(child.restarts))
            }
        })
    })
}
