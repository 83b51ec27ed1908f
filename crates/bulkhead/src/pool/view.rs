//! How a pool is.

use seaworthy_core::component::{Snapshot, Status};

use super::store::{Stage, Store};

/// How a [`ThreadPool`](crate::ThreadPool) is at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolView {
    /// Threads that are there. More than configured, for as long as those that are too many have something to do.
    pub threads: u32,
    /// Those of them that are at work.
    pub busy: u32,
    /// Jobs in the queue.
    pub queued: u32,
    /// Callers that wait for a place in the queue.
    pub waiting: u32,
    /// Whether the next job would find no place.
    pub is_full: bool,
    /// Whether it takes no more jobs.
    pub is_shutting_down: bool,
    /// Jobs that have ended, also those whose callers had gone.
    pub done: u64,
    /// Those of them that panicked.
    pub panicked: u64,
    /// Jobs that were turned away.
    pub rejected: u64,
    /// Jobs that were dropped before they were begun, because the pool was shut down.
    pub discarded: u64,
    /// Jobs that were dropped before they were begun, because their callers had gone.
    pub withdrawn: u64,
}

pub(crate) fn of<T>(store: &Store<T>) -> PoolView {
    let counts = store.counts();
    PoolView {
        threads: store.alive(),
        busy: store.running(),
        queued: store.queued(),
        waiting: store.waiting(),
        is_full: store.is_full(),
        is_shutting_down: store.stage() != Stage::Open,
        done: counts.done,
        panicked: counts.panicked,
        rejected: counts.rejected,
        discarded: counts.discarded,
        withdrawn: counts.withdrawn,
    }
}

pub(crate) fn snapshot(name: &str, view: &PoolView) -> Snapshot {
    let (state, status) = if view.is_shutting_down {
        ("shutting_down", Status::Degraded)
    } else if view.is_full {
        ("full", Status::Degraded)
    } else {
        ("running", Status::Healthy)
    };
    let state = if view.threads == 0 { "stopped" } else { state };
    Snapshot::new("thread_pool", name, state)
        .status(status)
        .field("threads", u64::from(view.threads))
        .field("busy", u64::from(view.busy))
        .field("queued", u64::from(view.queued))
        .field("waiting", u64::from(view.waiting))
        .field("done", view.done)
        .field("panicked", view.panicked)
        .field("rejected", view.rejected)
        .field("discarded", view.discarded)
        .field("withdrawn", view.withdrawn)
}
