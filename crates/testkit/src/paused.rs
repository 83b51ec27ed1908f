//! A runtime in virtual time.

use std::future::Future;

/// Runs a future on a fresh current-thread runtime whose clock is paused.
///
/// The clock moves only when nothing else can: then it jumps to the next timer. The runtime, and with
/// it every task that is left, is dropped before this returns.
///
/// # Panics
///
/// If the future panics, or from inside of another runtime.
pub fn block_on_paused<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O needs nothing of the system")
        .block_on(future)
}
