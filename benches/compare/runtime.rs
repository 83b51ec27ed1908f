//! A fresh runtime for each round.

use std::future::Future;
use std::time::Duration;

use seaworthy_benches::Failure;
use tokio::runtime::Builder;
use tokio::time::timeout;

/// The runtimes that are measured: current-thread, and two workers.
pub(crate) const THREADS: [usize; 2] = [1, 2];

/// Runs a round as a task of a new runtime, but not for longer than `limit`.
pub(crate) fn run<F>(threads: usize, limit: Duration, round: F) -> Result<F::Output, Failure>
where
    F: Future<Output: Send> + Send + 'static,
{
    let mut builder = match threads {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    if threads > 1 {
        builder.worker_threads(threads);
    }
    let runtime = builder
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    // A task, not the future that is blocked on: the latter would be a third thread beside two
    // workers.
    let round = runtime.spawn(round);
    runtime
        .block_on(async { timeout(limit, round).await })
        .map_err(|_| format!("not finished after {} s", limit.as_secs()))?
        .map_err(|error| error.to_string())
}
