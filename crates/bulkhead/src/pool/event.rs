//! What a pool tells about itself.

use std::fmt;

use seaworthy_core::event::Detail;
use seaworthy_core::panic::Panicked;

use super::report::PoolReport;

/// Something that happened to a [`ThreadPool`](crate::ThreadPool), in [`Events`](seaworthy_core::event::Events).
///
/// Jobs are not events, unless they panic: they are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolEvent {
    /// A job panicked. Its caller was told that it crashed; the thread goes on.
    Panicked(Panicked),
    /// It goes by another configuration.
    Reconfigured {
        /// How many threads it has now; those that are too many end with the jobs that they have.
        threads: u32,
        /// How many jobs may be in its queue now.
        max_queued: u32,
    },
    /// It takes no more jobs, and goes on with those it has.
    ShuttingDown,
    /// A shutdown is over.
    ShutDown(PoolReport),
}

impl Detail for PoolEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::Panicked(_) => "pool_job_panicked",
            Self::Reconfigured { .. } => "pool_reconfigured",
            Self::ShuttingDown => "pool_shutting_down",
            Self::ShutDown(_) => "pool_shut_down",
        }
    }
}

impl fmt::Display for PoolEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(panicked) => {
                write!(f, "a job panicked: {}", panicked.message)?;
                match &panicked.location {
                    Some(location) => write!(f, " at {location}"),
                    None => Ok(()),
                }
            }
            Self::Reconfigured {
                threads,
                max_queued,
            } => write!(
                f,
                "reconfigured; {threads} threads, a queue of {max_queued}"
            ),
            Self::ShuttingDown => f.write_str("shutting down"),
            Self::ShutDown(report) => write!(f, "shut down; {report}"),
        }
    }
}
