//! The part of a round that is timed.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tokio::sync::Semaphore;

use crate::breaker::Hammered;
use crate::{Failure, clock};

/// What several tasks do together, from when all of them are ready for it until the last of those is done who bring it to
/// its end.
#[derive(Debug)]
pub(super) struct Stretch {
    /// So many have still to come.
    missing: AtomicUsize,
    /// So many are not done.
    busy: AtomicUsize,
    /// Has no permits, and is closed when all are there.
    gate: Semaphore,
    begun: OnceLock<(Instant, usize)>,
    ended: OnceLock<(Instant, usize)>,
    allocations: fn() -> usize,
}

impl Stretch {
    /// One that `there` tasks begin, and of which `busy` tell that they are done.
    pub(super) fn new(there: usize, busy: usize, allocations: fn() -> usize) -> Self {
        Self {
            missing: AtomicUsize::new(there),
            busy: AtomicUsize::new(busy),
            gate: Semaphore::new(0),
            begun: OnceLock::new(),
            ended: OnceLock::new(),
            allocations,
        }
    }

    /// Waits for the others. Whoever comes last reads the clock before anybody goes on.
    pub(super) async fn begin(&self) {
        if self.missing.fetch_sub(1, Ordering::AcqRel) > 1 {
            // Ends with an error, which is what is waited for.
            let _ = self.gate.acquire().await;
            return;
        }
        let allocations = (self.allocations)();
        self.begun.get_or_init(|| (clock::now(), allocations));
        self.gate.close();
    }

    /// One of the tasks is done.
    pub(super) fn end(&self) {
        if self.busy.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.ended
                .get_or_init(|| (clock::now(), (self.allocations)()));
        }
    }

    /// What one of so many operations came to.
    pub(super) fn each(&self, operations: u64) -> Result<Hammered, Failure> {
        let (Some((begun, before)), Some((ended, after))) = (self.begun.get(), self.ended.get())
        else {
            return Err("it was not brought to its end".to_owned());
        };
        let took = clock::nanos(ended.duration_since(*begun));
        Ok(Hammered {
            nanos: took as f64 / operations as f64,
            allocations: (after - before) as f64 / operations as f64,
        })
    }
}
