//! The first phase of a two-phase child.

use std::fmt;

/// What the first phase of a child comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Init<Fut> {
    /// Ready: this is the rest of its life.
    Run(Fut),
    /// No process is needed, and that is fine. The specification is kept (unless it is temporary),
    /// so that `restart_child` or a restart of the group asks again.
    Ignore,
}

/// How `Ignore` travels from the body to the task.
#[derive(Debug)]
pub(crate) struct Ignored;

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ignored")
    }
}

impl std::error::Error for Ignored {}
