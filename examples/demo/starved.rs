//! Whether others took the machine away while the shop was open.

use std::fs;
use std::time::Duration;

/// How long the threads of this process have been ready to run and waited for a processor, all of them together.
/// `None` where the system does not say.
pub(crate) fn waited_for_processors() -> Option<Duration> {
    let threads = fs::read_dir("/proc/self/task").ok()?;
    let waits = threads.filter_map(|thread| {
        let schedule = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        // The time on a processor, that in which it waited for one, and how often.
        let waited = schedule.split_whitespace().nth(1)?.parse().ok()?;
        Some(Duration::from_nanos(waited))
    });
    Some(waits.sum())
}
