//! What a pool holds: who waits, who is at work, and who may come in. Without a lock, a clock or a thread.

use std::collections::BTreeMap;
use std::time::Duration;

use super::config::{PoolConfig, WhenFull};
use super::report::PoolReport;

/// Of a job that waits. A later one has a greater number.
pub(crate) type Number = u64;

/// The jobs of a pool, in the order in which they came.
///
/// A job has a place from when it is queued until it has ended: there are as many places as threads, and `max_queued`
/// more. Beyond that, jobs may wait in line for a place.
#[derive(Debug)]
pub(crate) struct Store<T> {
    config: PoolConfig,
    queue: BTreeMap<Number, T>,
    line: BTreeMap<Number, T>,
    last: Number,
    stage: Stage,
    running: u32,
    /// Threads that are there, at work or not.
    alive: u32,
    counts: Counts,
    /// As they were when it began to go.
    at_drain: Counts,
}

/// How far it is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Open,
    /// It takes no more jobs, and does those that it has.
    Draining,
    /// It takes no more jobs, and has dropped those that were not begun.
    Closed,
}

/// What has happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Jobs that have ended.
    pub(crate) done: u64,
    /// Those of them that panicked.
    pub(crate) panicked: u64,
    /// Jobs that were turned away.
    pub(crate) rejected: u64,
    /// Jobs that were dropped on the way out.
    pub(crate) discarded: u64,
    /// Jobs whose callers gave up before they were begun.
    pub(crate) withdrawn: u64,
}

/// What became of a job that somebody brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Brought<T> {
    Queued(Number),
    /// For up to so long.
    InLine(Number, Duration),
    Full(T),
    /// It takes no more jobs.
    Late(T),
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Well,
    Panicked,
}

impl<T> Store<T> {
    /// With no threads yet.
    pub(crate) fn new(config: PoolConfig) -> Self {
        Self {
            config,
            queue: BTreeMap::new(),
            line: BTreeMap::new(),
            last: 0,
            stage: Stage::Open,
            running: 0,
            alive: 0,
            counts: Counts::default(),
            at_drain: Counts::default(),
        }
    }

    pub(crate) fn config(&self) -> &PoolConfig {
        &self.config
    }

    pub(crate) fn stage(&self) -> Stage {
        self.stage
    }

    pub(crate) fn running(&self) -> u32 {
        self.running
    }

    pub(crate) fn alive(&self) -> u32 {
        self.alive
    }

    /// Both are bounded by the configuration.
    pub(crate) fn queued(&self) -> u32 {
        self.queue.len() as u32
    }

    pub(crate) fn waiting(&self) -> u32 {
        self.line.len() as u32
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Whether the next job would find no place.
    pub(crate) fn is_full(&self) -> bool {
        let places = u64::from(self.config.threads) + u64::from(self.config.max_queued);
        u64::from(self.running) + u64::from(self.queued()) >= places
    }

    /// Whether nobody comes in, not even into the line.
    pub(crate) fn refuses(&self) -> bool {
        let has_line = match self.config.when_full {
            WhenFull::Reject => false,
            WhenFull::Wait { max_waiting, .. } => self.waiting() < max_waiting,
        };
        self.stage != Stage::Open || self.is_full() && !has_line
    }

    /// Turns a job away that is not made yet, if nobody comes in.
    pub(crate) fn turn_away(&mut self) -> Option<Brought<()>> {
        if !self.refuses() {
            return None;
        }
        self.counts.rejected += 1;
        Some(if self.stage == Stage::Open {
            Brought::Full(())
        } else {
            Brought::Late(())
        })
    }

    /// Takes a job in, into the line only if its caller can wait there.
    pub(crate) fn bring(&mut self, job: T, can_wait: bool) -> Brought<T> {
        if self.stage != Stage::Open {
            self.counts.rejected += 1;
            return Brought::Late(job);
        }
        if !self.is_full() {
            // Nobody is in line: those come in as soon as there is a place.
            let number = self.next();
            self.queue.insert(number, job);
            return Brought::Queued(number);
        }
        match self.config.when_full {
            WhenFull::Wait {
                max_wait,
                max_waiting,
            } if can_wait && self.waiting() < max_waiting => {
                let number = self.next();
                self.line.insert(number, job);
                Brought::InLine(number, max_wait)
            }
            _ => {
                self.counts.rejected += 1;
                Brought::Full(job)
            }
        }
    }

    fn next(&mut self) -> Number {
        self.last += 1;
        self.last
    }

    /// The next job, for a thread that has nothing to do.
    pub(crate) fn take(&mut self) -> Option<T> {
        if self.running >= self.config.threads {
            return None;
        }
        let (_, job) = self.queue.pop_first()?;
        self.running += 1;
        Some(job)
    }

    /// A job has ended. Its place is free.
    pub(crate) fn end(&mut self, ended: Ended) {
        self.running -= 1;
        self.counts.done += 1;
        self.counts.panicked += u64::from(ended == Ended::Panicked);
        self.fill();
    }

    /// Takes back a job whose caller has gone, if it was not begun.
    pub(crate) fn withdraw(&mut self, number: Number) -> Option<T> {
        let job = self.line.remove(&number).or_else(|| {
            let job = self.queue.remove(&number);
            self.fill();
            job
        });
        self.counts.withdrawn += u64::from(job.is_some());
        job
    }

    /// Takes back a job that has waited in line for long enough, if it is still there.
    pub(crate) fn give_up(&mut self, number: Number) -> Option<T> {
        let job = self.line.remove(&number);
        self.counts.rejected += u64::from(job.is_some());
        job
    }

    /// Who is first in line comes in while there are places.
    fn fill(&mut self) {
        while !self.is_full()
            && let Some((number, job)) = self.line.pop_first()
        {
            self.queue.insert(number, job);
        }
    }

    /// Goes by another configuration from now on. What is queued stays queued, what runs runs on.
    pub(crate) fn reconfigure(&mut self, config: PoolConfig) {
        self.config = config;
        self.fill();
    }

    /// So many threads are missing. They count as here from now on.
    pub(crate) fn recruit(&mut self) -> u32 {
        if self.stage != Stage::Open {
            return 0;
        }
        let missing = self.config.threads.saturating_sub(self.alive);
        self.alive += missing;
        missing
    }

    /// So many of those that were missing did not come.
    pub(crate) fn miss(&mut self, threads: u32) {
        self.alive -= threads;
    }

    /// Whether a thread that has nothing to do is to go, and if so, it has gone.
    pub(crate) fn retire(&mut self) -> bool {
        let is_over = self.stage != Stage::Open && self.queue.is_empty();
        let goes = is_over || self.alive > self.config.threads;
        self.alive -= u32::from(goes);
        goes
    }

    /// Takes no more jobs. Returns those that waited in line, which get no place any more.
    pub(crate) fn drain(&mut self) -> Vec<T> {
        if self.stage == Stage::Open {
            self.stage = Stage::Draining;
            self.at_drain = self.counts;
        }
        let refused: Vec<_> = std::mem::take(&mut self.line).into_values().collect();
        self.counts.rejected += refused.len() as u64;
        refused
    }

    /// What has become of the jobs since it began to go.
    pub(crate) fn report(&self) -> PoolReport {
        PoolReport {
            finished: self.counts.done - self.at_drain.done,
            discarded: self.counts.discarded - self.at_drain.discarded,
            still_running: self.running,
        }
    }

    /// Takes no more jobs, and returns those that were not begun, those in line last.
    pub(crate) fn close(&mut self) -> Vec<T> {
        let refused = self.drain();
        self.stage = Stage::Closed;
        let mut dropped: Vec<_> = std::mem::take(&mut self.queue).into_values().collect();
        self.counts.discarded += dropped.len() as u64;
        dropped.extend(refused);
        dropped
    }
}

#[cfg(all(test, not(seaworthy_loom)))]
mod tests;
