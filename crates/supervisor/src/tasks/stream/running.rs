//! The tasks of a stream that are not gone yet.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context as Waking, Poll, Waker};
use std::time::Duration;

use seaworthy_core::clock::{self, Instant};
use slab::Slab;

use super::outbox::{Outbox, Turn};
use super::ready::{Bell, Ready};
use crate::config::Shutdown;
use crate::tasks::alarm::Alarm;
use crate::tasks::error::TaskError;
use crate::tasks::handle::Task;

/// The tasks that run, and when their time is up.
pub(super) struct Running<T> {
    tasks: Slab<Entry<T>>,
    ready: Arc<Ready>,
    limit: Option<Duration>,
    /// In the order of their starts, which is that of their deadlines. Those whose task has ended are skipped.
    deadlines: VecDeque<Due>,
    /// For the first of the deadlines, or an earlier one.
    alarm: Option<Alarm>,
}

struct Entry<T> {
    task: Task<T>,
    turn: Turn,
    bell: Waker,
    /// Its result was given already: it took too long, and is being killed.
    late: bool,
}

struct Due {
    key: usize,
    turn: Turn,
    at: Instant,
}

impl<T> Running<T> {
    pub(super) fn new() -> Self {
        Self {
            tasks: Slab::new(),
            ready: Arc::default(),
            limit: None,
            deadlines: VecDeque::new(),
            alarm: None,
        }
    }

    /// For tasks that are added from now on.
    pub(super) fn limit(&mut self, limit: Duration) {
        self.limit = Some(limit);
    }

    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    pub(super) fn add(&mut self, task: Task<T>, turn: Turn, outbox: &mut Outbox<T>) {
        let key = self.tasks.vacant_key();
        let bell = Bell::waker(&self.ready, key);
        let late = false;
        self.tasks.insert(Entry {
            task: task.kill_on_drop(),
            turn,
            bell,
            late,
        });
        let deadline = self
            .limit
            .and_then(|limit| clock::exact().checked_add(limit));
        if let Some(at) = deadline {
            self.deadlines.push_back(Due { key, turn, at });
        }
        self.check(key, outbox);
    }

    /// Gives the results of those that have ended.
    pub(super) fn reap(&mut self, waker: &mut Waking<'_>, outbox: &mut Outbox<T>) {
        self.ready.register(waker.waker());
        for key in self.ready.take() {
            self.check(key, outbox);
        }
    }

    /// Gives the result of a task if it has ended.
    fn check(&mut self, key: usize, outbox: &mut Outbox<T>) {
        let Some(entry) = self.tasks.get_mut(key) else {
            return;
        };
        let ended = entry
            .task
            .outcome
            .poll_ended(&mut Waking::from_waker(&entry.bell));
        if ended.is_ready() {
            let mut entry = self.tasks.remove(key);
            if !entry.late {
                outbox.put(entry.turn, entry.task.outcome.take());
            }
        }
    }

    /// Kills those whose time is up, and says so in their place.
    pub(super) fn expire(&mut self, waker: &mut Waking<'_>, outbox: &mut Outbox<T>) {
        while let Some(due) = self.deadlines.front() {
            let entry = self.tasks.get_mut(due.key);
            let Some(entry) = entry.filter(|entry| entry.turn == due.turn) else {
                self.deadlines.pop_front();
                continue;
            };
            let place = &entry.task.child().place;
            let alarm = self
                .alarm
                .get_or_insert_with(|| Alarm::new(&place.node.tree.runtime, due.at));
            match alarm.poll_rung(waker) {
                Poll::Pending => return,
                Poll::Ready(true) => self.alarm = None,
                // They are about to end, all of them.
                Poll::Ready(false) => {
                    self.alarm = None;
                    self.deadlines.clear();
                    return;
                }
            }
            // The alarm may have been that of an earlier one.
            if due.at <= clock::exact() {
                entry.late = true;
                entry.task.end(Shutdown::BrutalKill);
                outbox.put(
                    entry.turn,
                    Err(TaskError::TimedOut(self.limit.unwrap_or_default())),
                );
                self.deadlines.pop_front();
            }
        }
    }
}
