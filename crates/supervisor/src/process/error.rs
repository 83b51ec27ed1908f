//! What can go wrong with a process.

use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;

use seaworthy_core::ConfigError;

/// A process ended in another way than with exit status 0, and nobody had asked it to.
///
/// It is the error in [`ExitReason::Error`](crate::ExitReason::Error), and so in the crash report:
///
/// ```
/// use seaworthy_supervisor::{ExitReason, ProcessExit};
///
/// fn was_aborted(reason: &ExitReason) -> bool {
///     let ExitReason::Error(error) = reason else {
///         return false;
///     };
///     let exit = error.downcast_ref::<ProcessExit>();
///     exit.is_some_and(|exit| exit.signal() == Some(6))
/// }
/// # let _ = was_aborted;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProcessExit {
    /// The program.
    pub program: Arc<str>,
    /// The process that it was.
    pub pid: u32,
    /// How it ended.
    pub status: ExitStatus,
    /// The last lines that it wrote to stderr: at most 20, and 4 KiB. What is not UTF-8 and what are control
    /// characters is replaced by U+FFFD, empty lines are left out.
    pub stderr: Vec<String>,
}

impl ProcessExit {
    /// Its exit code, if it ended by itself.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The number of the signal that ended it, if one did.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        self.status.signal()
    }
}

impl fmt::Display for ProcessExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            program, status, ..
        } = self;
        write!(f, "`{program}` ended with {status}")?;
        let mut mark = "; stderr: ";
        for line in &self.stderr {
            write!(f, "{mark}{line}")?;
            mark = " | ";
        }
        Ok(())
    }
}

impl std::error::Error for ProcessExit {}

/// A process could not be started, or not be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// The program, an argument or a variable cannot be: it is empty, or it contains a NUL.
    #[error(transparent)]
    Invalid(#[from] ConfigError),
    /// The system would not start it: there is no such program, it may not be run, there are too many processes.
    #[error("cannot start `{program}`")]
    Spawn {
        /// The program.
        program: Arc<str>,
        /// What the system said.
        source: io::Error,
    },
    /// The directory it is to run in is not one.
    #[error("cannot start `{program}` in `{}`", directory.display())]
    Directory {
        /// The program.
        program: Arc<str>,
        /// The directory.
        directory: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The guard could not be started. Without one, see [`Process::guard`](crate::Process::guard).
    #[error(
        "cannot start /bin/sh as the guard of `{program}` (`Process::guard(false)` goes without one)"
    )]
    Guard {
        /// The program.
        program: Arc<str>,
        /// What the system said.
        source: io::Error,
    },
    /// The guard was killed from outside. The process was killed, too: nothing would have ended it after us.
    #[error("the guard of `{program}` was killed")]
    GuardLost {
        /// The program.
        program: Arc<str>,
    },
    /// The system would not tell about the process. Something else in this program waits for all children, for one.
    #[error("cannot learn how `{program}` ended")]
    Wait {
        /// The program.
        program: Arc<str>,
        /// What the system said.
        source: io::Error,
    },
}
