//! What a supervision tree reports.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::event::Detail;

use crate::config::OnZombie;
use crate::error::{StartError, StartFailure};
use crate::exit::ExitReason;
use crate::report::{CrashReport, Rough};

/// Something that happened in a supervision tree. Paths are the ids from the root, joined by `/`.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "the fields are what their names say; the variants say when"
)]
pub enum SupervisorEvent {
    /// A supervisor begins to start; its children follow.
    SupervisorStarting { path: Arc<str> },
    /// All children of a supervisor are started.
    SupervisorStarted { path: Arc<str> },
    /// A supervisor ended, after all its children.
    SupervisorExited { path: Arc<str>, ended: Ended },
    /// A worker is started.
    ChildStarted { path: Arc<str>, incarnation: u64 },
    /// A worker's first phase said that no process is needed.
    ChildIgnored { path: Arc<str> },
    /// A worker ended before it was ready.
    ChildStartFailed { path: Arc<str>, reason: ExitReason },
    /// A worker ended, by itself or because it was asked.
    ChildExited {
        path: Arc<str>,
        incarnation: u64,
        reason: ExitReason,
        uptime: Duration,
    },
    /// A worker ended abnormally without being asked. Follows its exit.
    ChildCrashed(CrashReport),
    /// A restart is to wait this long.
    RestartDelayed { path: Arc<str>, delay: Duration },
    /// A child failed the same way so many times in this time: it is not restarted any more.
    ChildQuarantined {
        path: Arc<str>,
        reason: ExitReason,
        times: u32,
        within: Duration,
    },
    /// A child was killed a second ago and is still there: it does not reach an await.
    ChildZombie {
        path: Arc<str>,
        incarnation: u64,
        policy: OnZombie,
    },
    /// One restart more than the window allows: the supervisor will stop its children and end.
    IntensityExceeded {
        path: Arc<str>,
        child: Arc<str>,
        reason: ExitReason,
        max_restarts: u32,
        period: Duration,
    },
    /// The program was built with `panic = "abort"`: a panic of a child ends the process.
    PanicsAbort,
}

impl Detail for SupervisorEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::SupervisorStarting { .. } => "supervisor_starting",
            Self::SupervisorStarted { .. } => "supervisor_started",
            Self::SupervisorExited { .. } => "supervisor_exited",
            Self::ChildStarted { .. } => "child_started",
            Self::ChildIgnored { .. } => "child_ignored",
            Self::ChildStartFailed { .. } => "child_start_failed",
            Self::ChildExited { .. } => "child_exited",
            Self::ChildCrashed(_) => "child_crashed",
            Self::RestartDelayed { .. } => "restart_delayed",
            Self::ChildQuarantined { .. } => "child_quarantined",
            Self::ChildZombie { .. } => "child_zombie",
            Self::IntensityExceeded { .. } => "intensity_exceeded",
            Self::PanicsAbort => "panics_abort",
        }
    }
}

impl fmt::Display for SupervisorEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SupervisorStarting { path } => write!(f, "supervisor `{path}` is starting"),
            Self::SupervisorStarted { path } => write!(f, "supervisor `{path}` is up"),
            Self::SupervisorExited { path, ended } => write!(f, "supervisor `{path}` {ended}"),
            Self::ChildStarted { path, incarnation } => {
                write!(f, "`{path}` started (incarnation {incarnation})")
            }
            Self::ChildIgnored { path } => write!(f, "`{path}` needs no process"),
            Self::ChildStartFailed { path, reason } => {
                write!(f, "`{path}` failed to start: {reason}")
            }
            Self::ChildExited {
                path,
                incarnation,
                reason,
                uptime,
            } => {
                write!(
                    f,
                    "`{path}` (incarnation {incarnation}) ended after {}: {reason}",
                    Rough(*uptime)
                )
            }
            Self::ChildCrashed(report) => write!(f, "{report}"),
            Self::RestartDelayed { path, delay } => {
                write!(f, "`{path}` is restarted in {}", Rough(*delay))
            }
            Self::ChildQuarantined {
                path,
                reason,
                times,
                within,
            } => write!(
                f,
                "`{path}` is not restarted any more: {times} times in {within:?} it ended alike, the last \
                 time with {reason}"
            ),
            Self::ChildZombie {
                path,
                incarnation,
                policy,
            } => {
                write!(
                    f,
                    "`{path}` (incarnation {incarnation}) was killed and does not end: "
                )?;
                f.write_str(match policy {
                    OnZombie::Wait => "waiting for it",
                    OnZombie::GoOn => "going on without it",
                    OnZombie::Escalate => "its supervisor ends",
                })
            }
            Self::IntensityExceeded {
                path,
                child,
                reason,
                max_restarts,
                period,
            } => write!(
                f,
                "supervisor `{path}` gives up: more than {max_restarts} restarts in {period:?}, \
                 the last because `{child}` ended with {reason}"
            ),
            Self::PanicsAbort => {
                f.write_str("built with panic = \"abort\": a panicking child ends the process")
            }
        }
    }
}

/// How a supervisor came to its end.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Ended {
    /// It was told to stop, by its parent or its owner.
    Stopped,
    /// There were more restarts than its intensity allows.
    GaveUp {
        /// The path of the child whose restart was one too many.
        child: Arc<str>,
        /// How that child had ended.
        reason: ExitReason,
    },
    /// Significant children ended.
    AutoShutdown,
    /// It never was up: its specification was invalid, or a child failed to start.
    StartFailed(StartError),
    /// It was killed, with everything below it.
    Killed,
    /// The runtime was shut down under it.
    RuntimeGone,
}

impl Ended {
    /// The exit reason that its parent sees. As in OTP, giving up and shutting down are both a clean
    /// `Shutdown`: a permanent supervisor is restarted after it, a transient one is not.
    #[must_use]
    pub fn reason(&self) -> ExitReason {
        match self {
            Self::Stopped | Self::GaveUp { .. } | Self::AutoShutdown | Self::StartFailed(_) => {
                ExitReason::Shutdown(None)
            }
            Self::Killed => ExitReason::Killed,
            Self::RuntimeGone => ExitReason::RuntimeGone,
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped"),
            Self::GaveUp {
                child,
                reason: ExitReason::Zombie(_),
            } => write!(f, "gave up: `{child}` was killed and does not end"),
            Self::GaveUp { child, reason } => {
                write!(f, "gave up: `{child}` ended once too often, with {reason}")
            }
            Self::AutoShutdown => f.write_str("shut itself down: significant children ended"),
            Self::StartFailed(StartError {
                cause: StartFailure::BadSpec(error),
                ..
            }) => {
                write!(f, "was specified wrongly: {error}")
            }
            Self::StartFailed(error) => write!(f, "did not start: {error}"),
            Self::Killed => f.write_str("was killed"),
            Self::RuntimeGone => f.write_str("went down with the runtime"),
        }
    }
}
