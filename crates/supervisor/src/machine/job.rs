//! What one message sets off, step by step: each step asks for one effect and waits for its report.

use super::message::{Effect, Exit, Reply, StartOutcome};
use super::{Children, Discarded, Key, Machine, Slot, Wait};

/// Work that has to be finished before the next message.
#[derive(Debug)]
pub(super) enum Job<T> {
    /// Start all children in order.
    Boot { at: Option<Key> },
    /// Start one child again.
    Restart { key: Key },
    /// Stop a group, in reverse order down to `from` (all, if `None`); then start it again, perhaps after a pause
    /// for the child that is to blame.
    GroupStop {
        from: Option<Key>,
        sweep: Sweep,
        pause: Option<Key>,
    },
    /// Start a group in order.
    GroupStart { at: Option<Key> },
    /// Start one child for a caller; `fresh`: its specification came with the call.
    CallStart { key: Key, fresh: bool, caller: T },
    /// Stop one child for a caller.
    CallStop { sweep: Sweep, caller: T },
    /// Stop everything and be over.
    End { exit: Exit, sweep: Sweep },
    /// Everything is being killed.
    Killed { exit: Exit },
}

impl<T> Job<T> {
    /// The caller of a job that is given up.
    pub(super) fn into_caller(self) -> Option<T> {
        match self {
            Self::CallStart { caller, .. } | Self::CallStop { caller, .. } => Some(caller),
            _ => None,
        }
    }
}

/// A walk through the children in reverse order that stops one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sweep {
    at: Option<Key>,
    /// The child it stands at has been asked.
    asked: bool,
}

impl Sweep {
    pub(super) fn new(at: Option<Key>) -> Self {
        Self { at, asked: false }
    }
}

impl<P, T> Machine<P, T> {
    /// Takes `job` one step further; it is put back unless it is done.
    pub(super) fn advance(&mut self, job: Job<T>) -> Option<Effect<T>> {
        match job {
            Job::Boot { at } => self.boot(at),
            Job::Restart { key } => {
                match self.outcome.take()? {
                    StartOutcome::Ok => self.set_slot(key, Slot::Running),
                    StartOutcome::Failed => return self.retry(key),
                    StartOutcome::Ignored if self.flags.is_dynamic() => self.remove(key),
                    StartOutcome::Ignored => self.set_slot(key, Slot::Vacant),
                }
                None
            }
            Job::GroupStop {
                from,
                mut sweep,
                pause,
            } => {
                let effect = self.sweep(&mut sweep, from);
                self.job = match (&effect, pause) {
                    (Some(_), _) => Some(Job::GroupStop { from, sweep, pause }),
                    (None, Some(key)) => return self.paused(key),
                    (None, None) => Some(Job::GroupStart {
                        at: from.or_else(|| self.children.first()),
                    }),
                };
                effect
            }
            Job::GroupStart { at } => self.start_group(at),
            Job::CallStart { key, fresh, caller } => {
                let reply = self.call_started(key, fresh);
                Some(Effect::Reply(caller, reply))
            }
            Job::CallStop { mut sweep, caller } => {
                let key = sweep.at;
                if let Some(effect) = self.sweep(&mut sweep, key) {
                    self.job = Some(Job::CallStop { sweep, caller });
                    return Some(effect);
                }
                if let Some(key) = key.filter(|_| self.flags.is_dynamic()) {
                    self.remove(key);
                }
                Some(Effect::Reply(caller, Reply::Done))
            }
            Job::End { exit, mut sweep } => {
                let effect = if self.flags.is_dynamic() {
                    self.stop_all(&mut sweep)
                } else {
                    self.sweep(&mut sweep, None)
                };
                if effect.is_some() {
                    self.job = Some(Job::End { exit, sweep });
                    return effect;
                }
                Some(self.over(exit))
            }
            Job::Killed { exit } => Some(self.over(exit)),
        }
    }

    fn boot(&mut self, mut at: Option<Key>) -> Option<Effect<T>> {
        if let (Some(key), Some(outcome)) = (at, self.outcome.take()) {
            at = self.children.after(key);
            match outcome {
                StartOutcome::Ok => self.set_slot(key, Slot::Running),
                StartOutcome::Ignored => self.vacate(key),
                StartOutcome::Failed => return self.end(Exit::StartFailed(key)),
            }
        }
        match at {
            Some(key) => {
                self.job = Some(Job::Boot { at });
                Some(self.start(key))
            }
            None => Some(Effect::Started),
        }
    }

    fn start_group(&mut self, mut at: Option<Key>) -> Option<Effect<T>> {
        if let (Some(key), Some(outcome)) = (at, self.outcome.take()) {
            at = self.children.after(key);
            match outcome {
                StartOutcome::Ok => self.set_slot(key, Slot::Running),
                StartOutcome::Ignored => self.set_slot(key, Slot::Vacant),
                StartOutcome::Failed if self.is_hopeless(key) => {
                    self.let_go(key);
                    if self.job.is_some() {
                        return None;
                    }
                }
                StartOutcome::Failed => return self.retry(key),
            }
        }
        let key = at?;
        self.job = Some(Job::GroupStart { at });
        Some(self.start(key))
    }

    fn call_started(&mut self, key: Key, fresh: bool) -> Reply {
        match self.outcome.take() {
            Some(StartOutcome::Ok) => {
                self.set_slot(key, Slot::Running);
                let incarnation = self.children.get(key).map_or(0, |entry| entry.incarnation);
                Reply::Started(key, incarnation)
            }
            Some(StartOutcome::Ignored) => {
                if self.flags.is_dynamic() {
                    self.remove(key);
                } else {
                    self.vacate(key);
                }
                Reply::Ignored
            }
            Some(StartOutcome::Failed) | None => {
                if fresh {
                    self.remove(key);
                } else {
                    self.set_slot(key, Slot::Vacant);
                }
                Reply::Failed
            }
        }
    }

    /// Goes on to the next process to stop, down to `until`; `None` when all are down.
    ///
    /// A child that is dead already needs no asking: its exit notice, which is still in the inbox,
    /// will find its slot vacant.
    fn sweep(&mut self, sweep: &mut Sweep, until: Option<Key>) -> Option<Effect<T>> {
        while let Some(key) = sweep.at {
            let alive = self.children.get(key).is_some_and(super::Entry::is_alive);
            if alive && !sweep.asked {
                sweep.asked = true;
                self.wait = Wait::Stop(key);
                return Some(Effect::Stop(key));
            }
            let next = if until == Some(key) {
                None
            } else {
                self.children.before(key)
            };
            self.vacate(key);
            *sweep = Sweep::new(next);
        }
        None
    }

    /// Asks all processes at once; `None` when all are down.
    fn stop_all(&mut self, sweep: &mut Sweep) -> Option<Effect<T>> {
        if self.alive == 0 || sweep.asked {
            return None;
        }
        sweep.asked = true;
        self.wait = Wait::All;
        Some(Effect::StopAll)
    }

    fn over(&mut self, exit: Exit) -> Effect<T> {
        self.ended = true;
        self.discarded
            .extend(self.inbox.drain(..).map(Discarded::Message));
        self.names.clear();
        self.discarded.push(Discarded::Children(std::mem::replace(
            &mut self.children,
            Children::new(),
        )));
        Effect::Exit(exit)
    }
}

impl<P, T> Machine<P, T> {
    /// Stops one child for a caller.
    pub(super) fn call_stop(&mut self, key: Key, caller: T) {
        self.job = Some(Job::CallStop {
            sweep: Sweep::new(Some(key)),
            caller,
        });
    }

    /// Starts one child for a caller.
    pub(super) fn call_start(&mut self, key: Key, fresh: bool, caller: T) -> Effect<T> {
        self.job = Some(Job::CallStart { key, fresh, caller });
        self.start(key)
    }

    fn is_hopeless(&self, key: Key) -> bool {
        self.children.get(key).is_some_and(|entry| entry.hopeless)
    }

    /// A message that nobody will read.
    pub(super) fn discard(&mut self, payload: P) {
        self.discarded.push(Discarded::Payload(payload));
    }
}
