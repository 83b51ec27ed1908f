//! How it went: the last words, and the exit code.

use std::io::Write as _;
use std::time::Duration;

use super::signal::Signal;
use crate::error::StartError;
use crate::event::Ended;
use crate::report::ShutdownReport;

/// How long a word may take to be written before it is left behind.
const PATIENCE: Duration = Duration::from_secs(1);

/// How it went with the tree.
pub(super) enum Outcome {
    NotStarted(StartError),
    Ended(Ended),
    /// `ended`: in the end it did stop.
    Stopped {
        report: ShutdownReport,
        ended: bool,
    },
}

impl Default for Outcome {
    fn default() -> Self {
        Self::Stopped {
            report: ShutdownReport::default(),
            ended: true,
        }
    }
}

/// What is left of it: plain values, with no code of a user in them.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) code: u8,
    /// Empty if there is nothing to say.
    pub(super) words: String,
}

impl Verdict {
    pub(super) fn new(code: u8, words: impl Into<String>) -> Self {
        let words = words.into();
        Self { code, words }
    }

    pub(super) fn forced(signal: Signal) -> Self {
        let words = format!("{} again: ending at once", signal.name);
        Self::new(128 + signal.number, words)
    }
}

impl From<Outcome> for Verdict {
    /// Shows errors of the user.
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::NotStarted(error) => Self::new(1, error.to_string()),
            Outcome::Ended(Ended::Stopped | Ended::AutoShutdown) => Self::new(0, ""),
            Outcome::Ended(ended) => Self::new(1, format!("the root {ended}")),
            Outcome::Stopped { report, ended } => {
                let clean = ended && report.is_clean();
                Self::new(if clean { 0 } else { 2 }, report.to_string())
            }
        }
    }
}

/// Writes a line to stderr. It may be a pipe that nobody reads, so only for a thread that may block.
pub(super) fn print(words: &str) {
    // Without a stderr there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "seaworthy: {words}");
}

/// Writes a line to stderr, and waits a moment for it.
pub(super) async fn say(words: impl Into<String>) {
    let words = words.into();
    let printed = tokio::task::spawn_blocking(move || print(&words));
    let _ = tokio::time::timeout(PATIENCE, printed).await;
}
