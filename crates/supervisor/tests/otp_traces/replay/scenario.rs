//! The scenario file: one JSON object a line, as the trace format describes it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use super::action::{Action, Args, Exit, NamedExit};

/// The tree events and replies of one action.
pub(crate) type Group = Vec<Value>;

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Scenario {
    pub(crate) id: String,
    pub(crate) tree: SupSpec,
    pub(crate) actions: Vec<Action>,
    #[serde(default)]
    pub(crate) trace: Vec<Group>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ChildSpec {
    Worker(WorkerSpec),
    Supervisor(SupSpec),
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct SupSpec {
    pub(crate) id: String,
    pub(crate) strategy: Strategy,
    pub(crate) intensity: u32,
    pub(crate) period_s: u64,
    #[serde(default)]
    pub(crate) auto_shutdown: AutoShutdown,
    #[serde(default)]
    pub(crate) restart: Restart,
    #[serde(default)]
    pub(crate) significant: bool,
    pub(crate) children: Vec<ChildSpec>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct WorkerSpec {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) restart: Restart,
    #[serde(default)]
    pub(crate) shutdown: Shutdown,
    #[serde(default)]
    pub(crate) significant: bool,
    #[serde(default)]
    pub(crate) init: Vec<Item>,
    #[serde(default)]
    pub(crate) on_shutdown: OnShutdown,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Strategy {
    OneForOne,
    OneForAll,
    RestForOne,
    SimpleOneForOne,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AutoShutdown {
    #[default]
    Never,
    AnySignificant,
    AllSignificant,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Restart {
    #[default]
    Permanent,
    Transient,
    Temporary,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Shutdown {
    Ms(u64),
    Named(NamedShutdown),
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NamedShutdown {
    BrutalKill,
    Infinity,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::Ms(5000)
    }
}

/// What one start attempt of a worker comes to.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Item {
    #[default]
    Ok,
    Error,
    Crash,
    Ignore,
}

/// What a running worker does when its supervisor asks it to stop.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnShutdown {
    #[default]
    Normal,
    Ignore,
    Error,
}

/// The parent's path and the id of the child at `path`.
pub(crate) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// The number of an instance's name (`#k`).
pub(crate) fn instance(id: &str) -> Option<u64> {
    id.strip_prefix('#')?.parse().ok()
}
