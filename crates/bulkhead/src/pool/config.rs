//! How many threads, and how much may wait for them.

use std::ops::RangeInclusive;
use std::thread;
use std::time::Duration;

use seaworthy_core::ConfigError;

const THREADS: RangeInclusive<u32> = 1..=1024;
const QUEUED_MAX: u32 = 1_000_000;
const WAITING: RangeInclusive<u32> = 1..=1_000_000;
const WAIT: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(86_400);

/// How many threads a [`ThreadPool`](crate::ThreadPool) has, and how much may wait for them.
///
/// ```
/// use seaworthy_bulkhead::{PoolConfig, ThreadPool};
///
/// let mut config = PoolConfig::default();
/// config.threads = 2;
/// let images = ThreadPool::builder("images").config(config).build()?;
///
/// let mut none = PoolConfig::default();
/// none.threads = 0;
/// let error = images.reconfigure(none).unwrap_err();
/// assert_eq!(error.to_string(), "`images`: field `threads` is 0, allowed: 1 to 1024");
/// # Ok::<(), seaworthy_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct PoolConfig {
    /// From 1 to 1024. Default: as many as the machine runs at once, which is right for work that computes; work that
    /// blocks can have more.
    pub threads: u32,
    /// How many jobs may wait in the queue while all threads are busy: up to a million. With 0 there are only as many
    /// jobs as threads. Default: 100.
    pub max_queued: u32,
    /// What becomes of a job that finds the queue full.
    pub when_full: WhenFull,
}

/// What becomes of a job that finds the queue of its pool full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum WhenFull {
    /// It is turned away at once. The default.
    #[default]
    Reject,
    /// Its caller waits for a place in the queue.
    Wait {
        /// For no longer than this, from 1 ms to a day; then it is turned away.
        #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::duration"))]
        max_wait: Duration,
        /// No more than so many callers at once, from 1 to a million; whoever else comes is turned away at once.
        max_waiting: u32,
    },
}

impl Default for PoolConfig {
    fn default() -> Self {
        let cores = thread::available_parallelism().map_or(1, |cores| cores.get() as u32);
        Self {
            threads: cores.clamp(*THREADS.start(), *THREADS.end()),
            max_queued: 100,
            when_full: WhenFull::Reject,
        }
    }
}

impl PoolConfig {
    pub(crate) fn check(&self, name: &str) -> Result<(), ConfigError> {
        let threads = self.threads;
        let fits = THREADS.contains(&threads);
        ConfigError::unless(fits, name, "threads", threads, "1 to 1024")?;
        let fits = self.max_queued <= QUEUED_MAX;
        ConfigError::unless(fits, name, "max_queued", self.max_queued, "0 to 1000000")?;
        let WhenFull::Wait {
            max_wait,
            max_waiting,
        } = self.when_full
        else {
            return Ok(());
        };
        let (fits, value) = (WAIT.contains(&max_wait), format_args!("{max_wait:?}"));
        ConfigError::unless(fits, name, "when_full.max_wait", value, "1 ms to a day")?;
        let fits = WAITING.contains(&max_waiting);
        let field = "when_full.max_waiting";
        ConfigError::unless(fits, name, field, max_waiting, "1 to 1000000")
    }
}
