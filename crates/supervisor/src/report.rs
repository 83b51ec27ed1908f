//! What is told about a crash, and about how a shutdown went.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::exit::ExitReason;

/// How many past exits a crash report remembers.
const HISTORY: usize = 5;

/// Everything known about a crash at the moment it happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CrashReport {
    /// The ids from the root to the child, joined by `/`.
    pub path: Arc<str>,
    /// Which incarnation it was; higher is later.
    pub incarnation: u64,
    /// Why it ended. A panic has its message and location.
    pub reason: ExitReason,
    /// How long it had run.
    pub uptime: Duration,
    /// Restarts of this supervisor inside its window, this crash not counted.
    pub restarts_in_window: usize,
    /// How many restarts the window allows.
    pub max_restarts: u32,
    /// The length of the window.
    pub period: Duration,
    /// The last exits of this child before this one, oldest first; at most five.
    pub history: Vec<PastExit>,
}

/// An earlier exit of the same child.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PastExit {
    /// Which incarnation it was.
    pub incarnation: u64,
    /// Why it ended.
    pub reason: ExitReason,
    /// How long it had run.
    pub uptime: Duration,
}

impl fmt::Display for CrashReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            incarnation,
            reason,
            ..
        } = self;
        let uptime = Rough(self.uptime);
        write!(
            f,
            "`{path}` (incarnation {incarnation}) crashed after {uptime}: {reason}"
        )?;
        let Self {
            restarts_in_window: used,
            max_restarts: max,
            period,
            ..
        } = self;
        write!(f, " ({used} of {max} restarts in {period:?} used)")
    }
}

/// A duration as people want to read it: uptimes come from a clock that is 4 ms coarse.
pub(crate) struct Rough(pub(crate) Duration);

impl fmt::Display for Rough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0 => write!(f, "{} ms", self.0.as_millis()),
            1..60 => write!(f, "{seconds}.{} s", self.0.subsec_millis() / 100),
            60..3600 => write!(f, "{} min {} s", seconds / 60, seconds % 60),
            _ => write!(f, "{} h {} min", seconds / 3600, seconds / 60 % 60),
        }
    }
}

/// The last exits of a child, in bounded memory.
#[derive(Debug, Default)]
pub(crate) struct History {
    exits: VecDeque<PastExit>,
}

impl History {
    pub(crate) fn push(&mut self, exit: PastExit) -> Option<PastExit> {
        let oldest = if self.exits.len() == HISTORY {
            self.exits.pop_front()
        } else {
            None
        };
        self.exits.push_back(exit);
        oldest
    }

    pub(crate) fn take(&mut self) -> impl Iterator<Item = PastExit> {
        std::mem::take(&mut self.exits).into_iter()
    }

    pub(crate) fn last(&self) -> Option<&PastExit> {
        self.exits.back()
    }

    pub(crate) fn find(&self, incarnation: u64) -> Option<&PastExit> {
        self.exits
            .iter()
            .find(|exit| exit.incarnation == incarnation)
    }

    pub(crate) fn to_vec(&self) -> Vec<PastExit> {
        self.exits.iter().cloned().collect()
    }
}

/// Rows below this are not shown: the clock they are measured with is 4 ms coarse.
const WORTH_TELLING: Duration = Duration::from_millis(10);

/// How long the children of a tree took to stop, and which did not.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// From the order to the end of the tree, or to the moment it was given up.
    pub took: Duration,
    /// How many workers stopped by themselves.
    pub stopped: usize,
    /// How many workers had to be killed because they did not stop in time.
    pub killed: usize,
    /// The slowest workers and all those killed, slowest first; at most 64.
    pub slowest: Vec<Stopped>,
    /// Paths of those that still run: they neither yield nor end. At most 64.
    pub still_running: Vec<Arc<str>>,
}

/// How one worker stopped.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stopped {
    /// The ids from the root to the child, joined by `/`.
    pub path: Arc<str>,
    /// From being asked to being gone.
    pub took: Duration,
    /// With what it ended.
    pub reason: ExitReason,
}

impl ShutdownReport {
    /// Whether all stopped by themselves.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.killed == 0 && self.still_running.is_empty()
    }

    pub(crate) const ROWS: usize = 64;

    pub(crate) fn add(
        &mut self,
        path: impl FnOnce() -> Arc<str>,
        took: Duration,
        reason: &ExitReason,
    ) {
        let killed = matches!(reason, ExitReason::Killed | ExitReason::Zombie(_));
        if killed {
            self.killed += 1;
        } else {
            self.stopped += 1;
        }
        let rank = (killed, took);
        let full = self.slowest.len() == Self::ROWS;
        if full && self.slowest.last().is_some_and(|last| last.rank() >= rank) {
            return;
        }
        if full {
            self.slowest.pop();
        }
        let place = self.slowest.partition_point(|row| row.rank() >= rank);
        self.slowest.insert(
            place,
            Stopped {
                path: path(),
                took,
                reason: reason.clone(),
            },
        );
    }
}

impl Stopped {
    fn rank(&self) -> (bool, Duration) {
        (matches!(self.reason, ExitReason::Killed), self.took)
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            stopped,
            killed,
            slowest,
            still_running,
            ..
        } = self;
        let took = Rough(self.took);
        write!(
            f,
            "stopped in {took}: {stopped} workers by themselves, {killed} killed"
        )?;
        for Stopped { path, took, reason } in slowest.iter().filter(|row| row.took >= WORTH_TELLING)
        {
            write!(f, "\n  {path} needed {} ({reason})", Rough(*took))?;
        }
        for path in still_running {
            write!(f, "\n  {path} still runs: it neither yields nor ends")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_keeps_the_slowest_and_the_killed() {
        let mut report = ShutdownReport::default();
        for millis in 0..200 {
            let killed = millis == 3;
            let reason = if killed {
                ExitReason::Killed
            } else {
                ExitReason::Shutdown(None)
            };
            report.add(
                || format!("w{millis}").into(),
                Duration::from_millis(millis),
                &reason,
            );
        }
        assert_eq!((report.stopped, report.killed), (199, 1));
        let paths: Vec<&str> = report.slowest.iter().map(|row| &*row.path).collect();
        assert_eq!(paths.len(), ShutdownReport::ROWS);
        assert_eq!(&paths[..3], ["w3", "w199", "w198"]);
        assert!(!report.is_clean());
    }
}
