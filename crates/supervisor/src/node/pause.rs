//! The pause before a restart that is delayed.

use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::clock::{self, Instant};
use seaworthy_core::event::Severity;
use tokio::task::AbortHandle;

use super::{Exit, Node};
use crate::event::SupervisorEvent;
use crate::machine::{Key, Message};

/// A pause that is under way. Dropping it takes the wake-up back.
#[derive(Debug)]
pub(crate) struct Pausing {
    incarnation: u64,
    until: Instant,
    /// `None` until it is there.
    task: Option<AbortHandle>,
}

impl Pausing {
    /// How long it takes from now on.
    pub(crate) fn left(&self) -> Duration {
        self.until.saturating_duration_since(clock::exact())
    }
}

impl Drop for Pausing {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// Wakes the supervisor, or notices that nobody will: its task goes down with the runtime.
struct Sleeper {
    node: Arc<Node>,
    key: Key,
    incarnation: u64,
    woke: bool,
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        if !self.woke && self.node.is_paused(self.key, self.incarnation) {
            self.node.kill(Exit::RuntimeGone);
        }
    }
}

impl Node {
    /// Lets `incarnation`, which has ended, wait for its successor.
    pub(super) fn pause(self: &Arc<Self>, key: Key, incarnation: u64) {
        let delay = self.with(|state| {
            let seat = state.machine.payload_mut(key)?;
            let backoff = seat.options.backoff?.backoff;
            let delays = seat.extra().delays.get_or_insert_with(|| backoff.delays());
            let delay = delays.next()?;
            Some((delay, self.path_of(state, key)))
        });
        let Some((delay, path)) = delay else {
            self.post(Message::Due { key, incarnation });
            return;
        };
        self.publish(Severity::Info, || SupervisorEvent::RestartDelayed {
            path,
            delay,
        });
        let until = clock::after(delay);
        let pausing = Pausing {
            incarnation,
            until,
            task: None,
        };
        // Nothing else can happen to the child: the machine is ours until this returns. The task comes last: if the
        // runtime is gone it is dropped at once, and has to find that it is missed.
        let _previous = self.with(|state| {
            let seat = state.machine.payload_mut(key)?;
            seat.extra().pausing.replace(pausing)
        });
        let mut sleeper = Sleeper {
            node: Arc::clone(self),
            key,
            incarnation,
            woke: false,
        };
        let task = self.tree.runtime.spawn(async move {
            tokio::time::sleep_until(until).await;
            sleeper.woke = true;
            sleeper.node.post(Message::Due { key, incarnation });
        });
        self.with(|state| {
            let pausing = state
                .machine
                .payload_mut(key)?
                .extra
                .as_mut()?
                .pausing
                .as_mut()?;
            pausing.task = Some(task.abort_handle());
            Some(())
        });
    }

    fn is_paused(&self, key: Key, incarnation: u64) -> bool {
        self.with(|state| {
            let seat = state.machine.payload_mut(key)?;
            seat.extra
                .as_ref()?
                .pausing
                .as_ref()
                .filter(|pausing| pausing.incarnation == incarnation)
                .map(|_| ())
        })
        .is_some()
    }
}
