//! Answers to `which_children` and `count_children`.

use crate::id::ChildId;

/// What a supervisor knows of one child.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildInfo {
    /// What it is called.
    pub id: ChildId,
    /// Whether it runs.
    pub state: ChildState,
    /// What it is.
    pub kind: ChildKind,
    /// Which incarnation runs, if one does.
    pub incarnation: Option<u64>,
}

/// Whether a child runs, as its supervisor believes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChildState {
    /// It is in its first phase. Only snapshots show it: calls wait until it is over.
    Starting,
    /// It was started, and nothing else is known yet.
    Running,
    /// A restart failed; it will be tried again.
    Restarting,
    /// Only the specification is kept.
    Undefined,
    /// It failed the same way too often and is not restarted. Only snapshots show it: to calls it is undefined.
    Quarantined,
    /// It was killed and is still there. Only snapshots show it: to calls it is running.
    Zombie,
}

/// What a child is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChildKind {
    /// It does work.
    Worker,
    /// It supervises others.
    Supervisor,
}

/// How many children a supervisor has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Specifications; always 1 for a dynamic supervisor, which has one template.
    pub specs: usize,
    /// Children with a live process.
    pub active: usize,
    /// Children that are supervisors, running or not.
    pub supervisors: usize,
    /// Children that are workers, running or not.
    pub workers: usize,
}
