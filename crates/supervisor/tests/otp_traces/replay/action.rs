//! What is done to a tree.

use serde::{Deserialize, Serialize};

use super::scenario::{ChildSpec, Item};

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Action {
    Exit {
        child: String,
        reason: Exit,
    },
    StartChild {
        sup: String,
        spec: Option<ChildSpec>,
        args: Option<Args>,
    },
    TerminateChild {
        sup: String,
        child: String,
    },
    RestartChild {
        sup: String,
        child: String,
    },
    DeleteChild {
        sup: String,
        child: String,
    },
    WhichChildren {
        sup: String,
    },
    CountChildren {
        sup: String,
    },
    Stop,
    SleepMs {
        ms: u64,
    },
    Batch {
        sup: String,
        steps: Vec<Action>,
    },
}

/// The arguments of one instance of a simple_one_for_one supervisor.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Args {
    pub(crate) init: Option<Vec<Item>>,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Exit {
    Named(NamedExit),
    Detailed { shutdown: String },
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NamedExit {
    Normal,
    Shutdown,
    Error,
    Kill,
}

impl Action {
    /// The supervisor that a call (or a batch) is addressed to.
    pub(crate) fn sup(&self) -> Option<&str> {
        match self {
            Self::StartChild { sup, .. }
            | Self::TerminateChild { sup, .. }
            | Self::RestartChild { sup, .. }
            | Self::DeleteChild { sup, .. }
            | Self::WhichChildren { sup }
            | Self::CountChildren { sup }
            | Self::Batch { sup, .. } => Some(sup),
            Self::Exit { .. } | Self::Stop | Self::SleepMs { .. } => None,
        }
    }
}
