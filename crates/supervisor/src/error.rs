//! What can go wrong when a supervisor is started or asked for something.

use std::fmt;
use std::sync::Arc;

use seaworthy_core::ConfigError;

use crate::exit::ExitReason;

/// A supervisor, or a child of it, could not be started. What had started before it was stopped
/// again, in reverse order.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StartError {
    /// The path of what could not be started: the ids from the root, joined by `/`.
    pub path: Arc<str>,
    /// Why.
    pub cause: StartFailure,
}

/// Why something could not be started.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StartFailure {
    /// Its specification is invalid; nothing was started.
    BadSpec(ConfigError),
    /// It ended before it was ready.
    Exited(ExitReason),
    /// A child of it could not be started.
    Child(Arc<StartError>),
    /// `start` was polled outside a tokio runtime.
    NoRuntime,
    /// The thread of the [watchdog](crate::Builder::watchdog) could not be started.
    NoThread(Arc<std::io::Error>),
}

impl StartError {
    pub(crate) fn new(path: impl Into<Arc<str>>, cause: StartFailure) -> Self {
        Self {
            path: path.into(),
            cause,
        }
    }

    /// The innermost error: the child that is to blame.
    #[must_use]
    pub fn root_cause(&self) -> &Self {
        match &self.cause {
            StartFailure::Child(inner) => inner.root_cause(),
            _ => self,
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, cause } = self.root_cause();
        match cause {
            StartFailure::BadSpec(error) => write!(f, "cannot start `{path}`: {error}"),
            StartFailure::Exited(reason) => write!(f, "cannot start `{path}`: {reason}"),
            StartFailure::NoRuntime => {
                write!(f, "cannot start `{path}`: start it inside a tokio runtime")
            }
            StartFailure::NoThread(error) => {
                write!(
                    f,
                    "cannot start `{path}`: no thread for its watchdog: {error}"
                )
            }
            StartFailure::Child(_) => write!(f, "cannot start `{path}`"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.root_cause().cause {
            StartFailure::BadSpec(error) => Some(error),
            StartFailure::Exited(ExitReason::Error(error)) => Some(error.as_ref()),
            _ => None,
        }
    }
}

/// Why `start_child` did not start a child.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartChildError {
    /// A child with this id runs.
    #[error("a child with this id is running")]
    AlreadyStarted,
    /// The specification of a child with this id is kept; use `restart_child`, or `delete_child` first.
    #[error("a child with this id is specified but not running: restart or delete it")]
    AlreadyPresent,
    /// The specification is invalid here.
    #[error(transparent)]
    Invalid(#[from] ConfigError),
    /// The dynamic supervisor has as many children as it may have.
    #[error("the supervisor has its maximum of children")]
    MaxChildren,
    /// The child failed to start. Its specification was not kept.
    #[error(transparent)]
    Failed(#[from] StartError),
    /// The supervisor is not running, or ended before it came to this call.
    #[error("the supervisor is not running")]
    NotAlive,
}

/// Why `restart_child` did not restart a child.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestartChildError {
    /// The call itself failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The child failed to start. Its specification is kept.
    #[error(transparent)]
    Failed(#[from] StartError),
}

/// Why a call to a supervisor failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// There is no such child.
    #[error("there is no such child")]
    NotFound,
    /// The child is running.
    #[error("the child is running")]
    Running,
    /// The child is about to be restarted.
    #[error("the child is being restarted")]
    Restarting,
    /// A dynamic supervisor has no names: it does not know this call.
    #[error("a dynamic supervisor does not support this call")]
    NotSupported,
    /// The supervisor is not running, or ended before it came to this call.
    #[error("the supervisor is not running")]
    NotAlive,
}
