//! Those that were told to end and do not.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::clock::{self, Coarse};
use seaworthy_core::event::Severity;
use tokio::task::AbortHandle;

use super::seat::{Seat, State};
use super::{End, Node};
use crate::config::OnZombie;
use crate::event::SupervisorEvent;
use crate::exit::ExitReason;
use crate::machine::{Entry, Key};

/// How long after its kill a task counts as a zombie.
const ZOMBIE_AFTER: Duration = Duration::from_secs(1);

/// Who was killed lately, and the task that looks whether they are gone.
#[derive(Debug, Default)]
pub(super) struct Condemned {
    list: VecDeque<(Key, u64, Coarse)>,
    /// When all were killed at once.
    all: Option<Coarse>,
    reaper: Option<Reaper>,
}

/// Ends with the supervisor.
#[derive(Debug)]
pub(super) struct Reaper(Option<AbortHandle>);

impl Drop for Reaper {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

impl Condemned {
    pub(super) fn take_reaper(&mut self) -> Option<Reaper> {
        self.reaper.take()
    }
}

impl State {
    /// The process was just killed. (A supervisor is gone when those below it are.)
    pub(crate) fn condemn(&mut self, key: Key, incarnation: u64) {
        let Some(entry) = self.machine.children().get(key) else {
            return;
        };
        if entry.supervisor {
            return;
        }
        // A group that is stopped one after the other leaves one entry, not as many as it has children.
        while let Some((key, incarnation, _)) = self.condemned.list.back()
            && !self.machine.is_current(*key, *incarnation)
        {
            self.condemned.list.pop_back();
        }
        self.condemned
            .list
            .push_back((key, incarnation, clock::coarse()));
    }

    pub(super) fn condemn_all(&mut self) {
        self.condemned.all = Some(clock::coarse());
    }

    /// Whether nobody looks after those that were killed.
    pub(super) fn needs_reaper(&self) -> bool {
        let condemned = &self.condemned;
        condemned.reaper.is_none()
            && (!condemned.list.is_empty() || condemned.all.is_some())
            && !self.machine.has_ended()
    }

    /// Takes those whose time is over, and says how long it takes until somebody else's is.
    fn overdue(&mut self) -> (Vec<(Key, u64)>, Option<Duration>) {
        let now = clock::coarse();
        let left = |at: Coarse| ZOMBIE_AFTER.saturating_sub(now.since(at));
        let (mut zombies, mut next) = (Vec::new(), None);
        while let Some(&(key, incarnation, at)) = self.condemned.list.front() {
            if self.machine.is_current(key, incarnation) {
                if !left(at).is_zero() {
                    next = Some(left(at));
                    break;
                }
                zombies.push((key, incarnation));
            }
            self.condemned.list.pop_front();
        }
        if let Some(at) = self.condemned.all {
            if left(at).is_zero() {
                self.condemned.all = None;
                let children = self.machine.children().iter();
                let alive = children.filter(|(_, entry)| is_killed(entry));
                zombies.extend(alive.map(|(key, entry)| (key, entry.incarnation)));
            } else {
                next = Some(next.map_or(left(at), |next: Duration| next.min(left(at))));
            }
        }
        (zombies, next)
    }
}

impl Node {
    /// Sees to it that somebody looks whether those that were killed are gone.
    pub(crate) fn watch_the_condemned(self: &Arc<Self>) {
        // There before its task is: that may be done before this thread goes on.
        let needed = self.with(|state| {
            let needed = state.needs_reaper();
            if needed {
                state.condemned.reaper = Some(Reaper(None));
            }
            needed
        });
        if !needed {
            return;
        }
        let node = Arc::clone(self);
        let task = self.tree.runtime.spawn(async move {
            let mut next = ZOMBIE_AFTER;
            loop {
                tokio::time::sleep(next).await;
                match node.reap(true) {
                    Some(later) => next = later,
                    None => return,
                }
            }
        });
        let task = task.abort_handle();
        let needless = self.with(|state| match &mut state.condemned.reaper {
            Some(reaper) if reaper.0.is_none() => reaper.0.replace(task),
            _ => Some(task),
        });
        if let Some(task) = needless {
            task.abort();
        }
    }

    /// Looks after those whose time is over; how long until the next one's is. `last`: who calls goes home if there is none.
    pub(super) fn reap(self: &Arc<Self>, last: bool) -> Option<Duration> {
        let (zombies, next, reaper) = self.with(|state| {
            let (zombies, next) = state.overdue();
            let home = last && next.is_none();
            let reaper = if home {
                state.condemned.reaper.take()
            } else {
                None
            };
            (zombies, next, reaper)
        });
        drop(reaper);
        for (key, incarnation) in zombies {
            self.undead(key, incarnation);
        }
        next
    }

    fn undead(self: &Arc<Self>, key: Key, incarnation: u64) {
        let found = self.with(|state| {
            let path = self.path_of(state, key);
            let seat = state.current(key, incarnation)?;
            let policy = seat.options.on_zombie;
            let extra = seat.extra();
            if std::mem::replace(&mut extra.zombie, true) {
                return None;
            }
            let subtasks: Vec<_> = extra.subtasks.values().flatten().cloned().collect();
            Some((path, policy, subtasks))
        });
        let Some((path, policy, subtasks)) = found else {
            return;
        };
        subtasks.iter().for_each(AbortHandle::abort);
        self.metrics.zombie();
        #[cfg(feature = "tracing")]
        let _ = seaworthy_core::panic::catch(|| {
            tracing::error!(%path, incarnation, ?policy, "child does not end");
        });
        self.publish(Severity::Error, || SupervisorEvent::ChildZombie {
            path: Arc::clone(&path),
            incarnation,
            policy,
        });
        match policy {
            OnZombie::Wait => self.tree.events.deliver(),
            OnZombie::GoOn => self.give_up_waiting(key, incarnation),
            OnZombie::Escalate => {
                self.with(|state| {
                    // Now: it may be forgotten before the supervisor gets to it.
                    let reason = ExitReason::Zombie(ZOMBIE_AFTER);
                    state.gave_up.get_or_insert((path, reason));
                    state.machine.escalate(key);
                });
                self.give_up_waiting(key, incarnation);
            }
        }
    }

    /// Signs off a process that still runs.
    fn give_up_waiting(self: &Arc<Self>, key: Key, incarnation: u64) {
        let _pending = self.with(|state| {
            let extra = state.current(key, incarnation)?.extra();
            extra.subtasks.clear();
            extra.pending.take()
        });
        let reason = ExitReason::Zombie(ZOMBIE_AFTER);
        self.process_ended(key, incarnation, End::Reason(reason));
    }
}

/// Whether it was told to end without being asked: then nobody can reach it any more. One that listens has its
/// time, though others that were stopped with it were killed.
fn is_killed(entry: &Entry<Seat>) -> bool {
    entry.is_alive() && !entry.supervisor && entry.payload.live.is_none()
}
