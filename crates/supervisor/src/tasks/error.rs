//! What can go wrong with a task.

use std::time::Duration;

use crate::error::StartChildError;
use crate::exit::ExitReason;

/// Why a task was not started. Nothing of it has run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// The supervisor has as many tasks as it [may have](crate::TaskSupervisorBuilder::max_children).
    #[error("the task supervisor has its maximum of tasks")]
    MaxChildren,
    /// The supervisor is not running, or ended before it came to this call.
    #[error("the task supervisor is not running")]
    NotAlive,
}

impl From<StartChildError> for SpawnError {
    fn from(error: StartChildError) -> Self {
        match error {
            StartChildError::MaxChildren => Self::MaxChildren,
            // A task has no first phase that could fail, and no name that could be taken.
            _ => Self::NotAlive,
        }
    }
}

/// Why there is no result of a task.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// The task ended without one: it panicked, was told to end, or was killed.
    #[error("the task ended without a result: {0}")]
    Exited(ExitReason),
    /// In a stream: the task took longer than this, and was killed.
    #[error("the task took longer than {0:?} and was killed")]
    TimedOut(Duration),
    /// In a stream: the task was not started.
    #[error("the task was not started: {0}")]
    NotStarted(SpawnError),
    /// The result was there, and was taken before.
    #[error("the result of the task was taken before")]
    Taken,
}
