//! What became of the jobs when a pool was shut down.

use std::fmt;

/// What became of the jobs of a pool that was [shut down](crate::ThreadPool::shutdown).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolReport {
    /// Jobs that ended since the shutdown began.
    pub finished: u64,
    /// Jobs that were not begun before the deadline, and never will be. Their callers were told.
    pub discarded: u64,
    /// Jobs that were still at work at the deadline. They run to their end, and their callers get the results.
    pub still_running: u32,
}

impl PoolReport {
    /// Whether every job was done.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.discarded == 0 && self.still_running == 0
    }
}

impl fmt::Display for PoolReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            finished,
            discarded,
            still_running,
        } = self;
        write!(
            f,
            "{finished} finished, {discarded} discarded, {still_running} still running"
        )
    }
}
