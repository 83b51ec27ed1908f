//! Deadlines of starts and stops.

use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::clock::{self, Instant};
use tokio::task::AbortHandle;

use super::Node;
use super::seat::{Asked, State};
use crate::machine::{Exit, Key};

/// A task that wakes the supervisor at a deadline, ended when it is dropped.
#[derive(Debug)]
pub(crate) struct Timer {
    pub(super) deadline: Deadline,
    id: u64,
    due: Instant,
    task: Option<AbortHandle>,
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deadline {
    Start(Key),
    Stop(Key),
    StopAll,
}

impl Node {
    /// Wakes the supervisor after `limit`, unless what it waits for happens before.
    pub(super) fn arm(self: &Arc<Self>, limit: Duration, deadline: Deadline) {
        let due = clock::after(limit);
        // Set before its task is there: that may be done before this thread goes on.
        let set = self.with(|state| {
            if !state.still_waits(deadline) {
                return None;
            }
            state.timers += 1;
            let id = state.timers;
            let timer = Timer {
                deadline,
                id,
                due,
                task: None,
            };
            Some((id, state.timer.replace(timer)))
        });
        let Some((id, previous)) = set else { return };
        drop(previous);
        let node = Arc::clone(self);
        let task = self.tree.runtime.spawn(async move {
            tokio::time::sleep_until(due).await;
            node.expired(id);
        });
        let task = task.abort_handle();
        let needless =
            self.with(
                |state| match state.timer.as_mut().filter(|timer| timer.id == id) {
                    Some(timer) => {
                        timer.task = Some(task);
                        None
                    }
                    None => Some(task),
                },
            );
        if let Some(task) = needless {
            task.abort();
        }
    }

    fn expired(self: &Arc<Self>, id: u64) {
        // In one step: once the timer is gone another process may take the seat.
        let expired = self.with(|state| {
            let timer = state.timer.take_if(|timer| timer.id == id)?;
            let reach = match timer.deadline {
                Deadline::Start(key) => Some(state.end_seat(key, Asked::StartTimeout)),
                Deadline::Stop(key) => Some(state.end_seat(key, Asked::Kill)),
                Deadline::StopAll => None,
            };
            Some((timer, reach))
        });
        let Some((timer, reach)) = expired else {
            return;
        };
        drop(timer);
        match reach {
            Some(reach) => {
                reach.perform();
                self.watch_the_condemned();
            }
            None => self.kill_all(Exit::Killed),
        }
        self.run();
    }

    /// As the timer does, for a runtime that is blocked.
    pub(super) fn check_deadline(self: &Arc<Self>) {
        let overdue = self.with(|state| {
            let timer = state.timer.as_ref();
            timer
                .filter(|timer| timer.due <= clock::exact())
                .map(|timer| timer.id)
        });
        if let Some(id) = overdue {
            self.expired(id);
        }
    }
}

impl State {
    fn still_waits(&self, deadline: Deadline) -> bool {
        match deadline {
            Deadline::Start(key) => self.machine.is_starting(key),
            Deadline::Stop(key) => self.machine.is_stopping(key),
            Deadline::StopAll => self.machine.is_stopping_all(),
        }
    }
}
