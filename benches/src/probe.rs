//! Times restarts from inside the children that crash and come back.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use tokio::sync::Notify;

use crate::{Failure, clock};

/// What a child does after it has told the probe that it is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The whole group is up, and another crash is wanted.
    Crash,
    /// Others are still to come up, or there have been enough crashes.
    Wait,
}

/// One round's measurements: a group of children, one of which crashes again and again.
///
/// A restart lasts from [`crash`](Self::crash), the last thing that the old incarnation does, to
/// the first poll of the last new incarnation of the group, which calls [`up`](Self::up).
#[derive(Debug)]
pub struct Probe {
    origin: Instant,
    crashed_at: AtomicU64,
    up: AtomicUsize,
    starts: Box<[AtomicU32]>,
    samples: Box<[AtomicU64]>,
    allocations: fn() -> usize,
    allocations_before: AtomicUsize,
    allocations_after: AtomicUsize,
    finished: Notify,
}

/// What a finished probe has seen.
#[derive(Clone, Debug)]
pub struct Restarts {
    /// Each restart in nanoseconds, in the order in which they happened.
    pub nanos: Vec<u64>,
    /// Allocations for each restart, without the first tenth of them.
    pub allocations: f64,
}

impl Probe {
    /// A probe for `group` children and so many crashes of one of them. `allocations` tells how
    /// many allocations the process has made.
    #[must_use]
    pub fn new(group: usize, crashes: usize, allocations: fn() -> usize) -> Self {
        Self {
            origin: clock::now(),
            crashed_at: AtomicU64::new(0),
            up: AtomicUsize::new(0),
            starts: (0..group).map(|_| AtomicU32::new(0)).collect(),
            samples: (0..crashes).map(|_| AtomicU64::new(0)).collect(),
            allocations,
            allocations_before: AtomicUsize::new(0),
            allocations_after: AtomicUsize::new(0),
            finished: Notify::new(),
        }
    }

    /// How many children there are.
    #[must_use]
    pub fn group(&self) -> usize {
        self.starts.len()
    }

    /// The child that crashes: the one in the middle.
    #[must_use]
    pub fn crasher(&self) -> usize {
        self.group() / 2
    }

    /// A new incarnation of the child with this index runs.
    pub fn up(&self, child: usize) -> Next {
        // The clock first where this is surely the moment that counts: the probe's own work must
        // not be measured.
        let early = (self.group() == 1).then(|| self.elapsed());
        self.starts[child].fetch_add(1, Ordering::Relaxed);
        let up = self.up.fetch_add(1, Ordering::AcqRel) + 1;
        if !up.is_multiple_of(self.group()) {
            return Next::Wait;
        }
        let now = early.unwrap_or_else(|| self.elapsed());
        let generation = up / self.group();
        if generation > 1 {
            let lasted = now.saturating_sub(self.crashed_at.load(Ordering::Acquire));
            self.samples[generation - 2].store(lasted, Ordering::Release);
        }
        if generation == self.warm_up() + 1 {
            self.allocations_before
                .store((self.allocations)(), Ordering::Release);
        }
        if generation <= self.samples.len() {
            return Next::Crash;
        }
        self.allocations_after
            .store((self.allocations)(), Ordering::Release);
        self.finished.notify_one();
        Next::Wait
    }

    /// The child is about to crash.
    pub fn crash(&self) {
        self.crashed_at.store(self.elapsed(), Ordering::Release);
    }

    /// Waits until there have been enough crashes, and the group is up again after the last one.
    pub async fn finished(&self) {
        self.finished.notified().await;
    }

    /// What was measured.
    ///
    /// # Errors
    ///
    /// When a child was not started exactly once after each crash: then this was no measurement.
    pub fn restarts(&self) -> Result<Restarts, Failure> {
        let crashes = self.samples.len();
        for (child, starts) in self.starts.iter().enumerate() {
            let starts = starts.load(Ordering::Acquire) as usize;
            if starts != crashes + 1 {
                return Err(format!(
                    "child {child} started {starts} times in {crashes} crashes"
                ));
            }
        }
        let allocations = self.allocations_after.load(Ordering::Acquire)
            - self.allocations_before.load(Ordering::Acquire);
        Ok(Restarts {
            nanos: self
                .samples
                .iter()
                .map(|nanos| nanos.load(Ordering::Acquire))
                .collect(),
            allocations: allocations as f64 / (crashes - self.warm_up()) as f64,
        })
    }

    /// The crashes after which allocations are counted.
    fn warm_up(&self) -> usize {
        self.samples.len() / 10
    }

    fn elapsed(&self) -> u64 {
        clock::nanos(clock::now().duration_since(self.origin))
    }
}
