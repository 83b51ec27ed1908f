//! Why a process ended.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::BoxError;
use seaworthy_core::panic::{self, Panicked};

/// What the body of a child returns.
///
/// `Ok(())` is [`ExitReason::Normal`], an error is [`ExitReason::Error`]. To end with another reason,
/// return that reason as the error: `Err(ExitReason::shutdown("drained").into())`.
pub type ChildResult = Result<(), BoxError>;

/// Why a child ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ExitReason {
    /// It returned `Ok(())`.
    Normal,
    /// It was asked to stop and did, or ended by itself with this reason, perhaps with a detail.
    Shutdown(Option<Arc<str>>),
    /// It returned an error.
    Error(Arc<dyn Error + Send + Sync>),
    /// It panicked, or one of its sub-tasks did.
    Panic(Panic),
    /// It was killed: from outside, or because it did not stop in time.
    Killed,
    /// Its first phase took longer than this.
    StartTimeout(Duration),
    /// It was silent for longer than this.
    HeartbeatTimeout(Duration),
    /// It was killed and still ran after this time: it neither reaches an await nor ends. Its supervisor went on
    /// without it.
    Zombie(Duration),
    /// There was no such process when it was linked to.
    NoProcess,
    /// The runtime it ran on was shut down.
    RuntimeGone,
    /// It had ended before the question was asked, and nobody wrote down why.
    Unknown,
}

impl ExitReason {
    /// [`Shutdown`](Self::Shutdown) with a detail.
    #[must_use]
    pub fn shutdown(detail: impl Into<Arc<str>>) -> Self {
        Self::Shutdown(Some(detail.into()))
    }

    /// Whether this is an orderly end, after which a transient child is not restarted.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        matches!(self, Self::Normal | Self::Shutdown(_))
    }

    /// A short name of the kind of reason, as used in metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Shutdown(_) => "shutdown",
            Self::Error(_) => "error",
            Self::Panic(_) => "panic",
            Self::Killed => "killed",
            Self::StartTimeout(_) => "start_timeout",
            Self::HeartbeatTimeout(_) => "heartbeat_timeout",
            Self::Zombie(_) => "zombie",
            Self::NoProcess => "no_process",
            Self::RuntimeGone => "runtime_gone",
            Self::Unknown => "unknown",
        }
    }

    pub(crate) fn from_result(result: ChildResult) -> Self {
        match result {
            Ok(()) => Self::Normal,
            Err(error) => match error.downcast::<Self>() {
                Ok(reason) => *reason,
                Err(error) => Self::Error(error.into()),
            },
        }
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal => f.write_str("normal"),
            Self::Shutdown(None) => f.write_str("shutdown"),
            Self::Shutdown(Some(detail)) => write!(f, "shutdown: {detail}"),
            Self::Error(error) => write!(f, "error: {}", shown(error.as_ref())),
            Self::Panic(panic) => write!(f, "{panic}"),
            Self::Killed => f.write_str("killed"),
            Self::StartTimeout(limit) => write!(f, "not ready within {limit:?}"),
            Self::HeartbeatTimeout(limit) => write!(f, "no heartbeat within {limit:?}"),
            Self::Zombie(after) => write!(f, "still there {after:?} after its kill"),
            Self::NoProcess => f.write_str("there was no such process"),
            Self::RuntimeGone => f.write_str("the runtime was shut down"),
            Self::Unknown => f.write_str("unknown: it had ended before"),
        }
    }
}

/// The error with its causes. Showing it is code of the user, and this is shown in many places.
fn shown(error: &(dyn Error + Send + Sync)) -> String {
    let told = panic::catch(|| {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        text
    });
    told.unwrap_or_else(|panicked| format!("(showing it panicked: {})", panicked.message))
}

impl Error for ExitReason {}

/// A reason that is only text: an error with that message.
impl From<&'static str> for ExitReason {
    fn from(message: &'static str) -> Self {
        Self::Error(BoxError::from(message).into())
    }
}

/// What is known about a panic.
///
/// The location comes from a panic hook, which the first supervisor of a process chains in front of
/// the one that is set. It is missing if the hook was replaced after that.
#[derive(Clone, Debug)]
pub struct Panic {
    inner: Arc<Panicked>,
}

impl Panic {
    /// The panic message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// Where it happened: `file:line:column`.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.inner.location.as_deref()
    }
}

impl From<Panicked> for Panic {
    fn from(panicked: Panicked) -> Self {
        Self {
            inner: Arc::new(panicked),
        }
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panic: {}", self.message())?;
        match self.location() {
            Some(location) => write!(f, " at {location}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_returned_as_an_error_is_that_reason() {
        let reason = ExitReason::from_result(Err(ExitReason::shutdown("drained").into()));
        assert!(matches!(&reason, ExitReason::Shutdown(Some(detail)) if &**detail == "drained"));
        assert!(reason.is_clean());
    }

    #[test]
    fn an_error_is_told_with_its_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot open the store")]
        struct Open(#[source] std::io::Error);

        let io = std::io::Error::other("disk full");
        let reason = ExitReason::from_result(Err(Open(io).into()));
        assert_eq!(
            reason.to_string(),
            "error: cannot open the store: disk full"
        );
        assert!(!reason.is_clean());
    }
}
