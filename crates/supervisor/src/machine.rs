//! The decisions of a supervisor, without a runtime, a lock or a clock.
//!
//! The machine is told what happened ([`Machine::post`], [`Machine::started`], [`Machine::exited`])
//! and asked what to do next ([`Machine::next`]). Like OTP's supervisor it finishes everything that
//! one message causes before it looks at the next: while it waits for a child to start or to stop,
//! messages queue. The rules are those of stdlib's `supervisor`, listed in
//! `docs/conformance/supervisor.md`.

mod calls;
mod children;
mod intensity;
mod job;
mod message;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use seaworthy_core::clock::Coarse;
use seaworthy_core::panic;

use crate::config::{Flags, Mode, Strategy};
use crate::id::ChildId;
pub(crate) use children::{Children, Entry, Key, Needs, NewChild, Slot};
pub(crate) use intensity::Intensity;
use job::Job;
pub(crate) use message::{Call, Effect, Exit, Message, Reply, StartOutcome, Target};
use rules::restarts;

/// The state of one supervisor. `P` is what the shell keeps for each child, `T` a caller waiting
/// for a reply; the machine hands both back and never looks into them.
#[derive(Debug)]
pub(crate) struct Machine<P, T> {
    flags: Flags,
    children: Children<P>,
    names: HashMap<Arc<str>, Key>,
    /// How many instances a dynamic supervisor has numbered.
    numbers: u64,
    intensity: Intensity,
    inbox: VecDeque<Message<P, T>>,
    job: Option<Job<T>>,
    wait: Wait,
    /// What the start that was waited for came to, until the job has looked at it.
    outcome: Option<StartOutcome>,
    /// Shared by the whole tree, so that a number never comes twice at the same path.
    incarnations: Arc<AtomicU64>,
    /// Processes that exist.
    alive: usize,
    /// Significant children whose slot is not vacant.
    significant: usize,
    /// Children whose restart waits for a sibling.
    waiting: usize,
    suspended: bool,
    /// Asked to stop: a start that is waited for is not waited for any longer.
    hurry: bool,
    /// Everything is to be killed, and the shell does not know it yet.
    kill: bool,
    ended: bool,
    /// What is not needed any more. Dropping it runs code of users, so the shell does that outside
    /// its lock.
    discarded: Vec<Discarded<P, T>>,
}

/// What the machine cannot go on without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    Nothing,
    Start(Key),
    Stop(Key),
    /// Until no process is left.
    All,
}

/// Something that is only there to be dropped.
#[derive(Debug)]
pub(crate) enum Discarded<P, T> {
    Payload(P),
    Caller(T),
    Message(Message<P, T>),
    Children(Children<P>),
}

impl<P, T> Discarded<P, T> {
    /// Drops it, one value of a user at a time: whatever panics takes nothing else with it.
    pub(crate) fn dispose(self) {
        match self {
            Self::Children(children) => children.into_payloads().for_each(panic::drop_quietly),
            other => panic::drop_quietly(other),
        }
    }
}

impl<P, T> Machine<P, T> {
    /// A machine that is about to start `children`, which are valid and have different ids.
    pub(crate) fn new(
        flags: Flags,
        incarnations: Arc<AtomicU64>,
        children: impl IntoIterator<Item = (ChildId, NewChild<P>)>,
    ) -> Self {
        let mut machine = Self {
            flags,
            children: Children::new(),
            names: HashMap::new(),
            numbers: 0,
            intensity: Intensity::new(flags.max_restarts, flags.period),
            inbox: VecDeque::new(),
            job: None,
            wait: Wait::Nothing,
            outcome: None,
            incarnations,
            alive: 0,
            significant: 0,
            waiting: 0,
            suspended: false,
            hurry: false,
            kill: false,
            ended: false,
            discarded: Vec::new(),
        };
        for (id, child) in children {
            machine.insert(id, child);
        }
        machine.job = Some(Job::Boot {
            at: machine.children.first(),
        });
        machine
    }

    // What the shell tells.

    /// Puts a message at the end of the inbox.
    ///
    /// # Errors
    ///
    /// The message, if the supervisor is over.
    pub(crate) fn post(&mut self, message: Message<P, T>) -> Result<(), Message<P, T>> {
        if self.ended {
            return Err(message);
        }
        if matches!(message, Message::Stop) {
            self.hurry = true;
            // As in OTP, the parent's order reaches even a suspended supervisor.
            self.suspended = false;
        }
        self.inbox.push_back(message);
        Ok(())
    }

    /// What the start of `incarnation` came to. One that is not waited for is ignored.
    pub(crate) fn started(&mut self, key: Key, incarnation: u64, outcome: StartOutcome) {
        if !self.is_current(key, incarnation) {
            return;
        }
        if self.wait == Wait::Start(key) {
            self.wait = Wait::Nothing;
            self.outcome = Some(outcome);
        }
        if outcome != StartOutcome::Ok {
            self.died(key);
        }
    }

    /// `incarnation` is gone, with everything it had. One that is not alive is ignored.
    pub(crate) fn exited(&mut self, key: Key, incarnation: u64, clean: bool) {
        if !self.is_current(key, incarnation) {
            return;
        }
        let awaited = self.wait == Wait::Stop(key) || self.wait == Wait::All;
        self.died(key);
        if !awaited {
            self.inbox.push_back(Message::Exited {
                key,
                incarnation,
                clean,
            });
        }
    }

    /// The process at `key` fails the same way again and again: when it ends it is let go.
    pub(crate) fn give_up_on(&mut self, key: Key) {
        if let Some(entry) = self.children.get_mut(key) {
            entry.hopeless = true;
        }
    }

    /// The process at `key` does not end: the supervisor ends in order, before it handles anything else.
    pub(crate) fn escalate(&mut self, key: Key) {
        if !self.ended {
            self.suspended = false;
            self.inbox.push_front(Message::GiveUp(key));
        }
    }

    /// Ends at once: nothing is asked any more, everything is killed.
    pub(crate) fn kill(&mut self, exit: Exit) {
        if self.ended || matches!(self.job, Some(Job::Killed { .. })) {
            return;
        }
        if let Some(caller) = self
            .job
            .replace(Job::Killed { exit })
            .and_then(Job::into_caller)
        {
            self.discarded.push(Discarded::Caller(caller));
        }
        self.kill = self.alive > 0;
        self.wait = if self.kill { Wait::All } else { Wait::Nothing };
    }

    /// Lets a suspended supervisor go on.
    pub(crate) fn resume(&mut self) {
        self.suspended = false;
    }

    /// Restarts a child without a detour, if nothing but this child is concerned: one-for-one, within
    /// the intensity, nothing under way and nothing in the inbox. The answer is the new incarnation.
    pub(crate) fn restart_in_place(
        &mut self,
        key: Key,
        incarnation: u64,
        clean: bool,
        now: Coarse,
    ) -> Option<u64> {
        let idle = self.job.is_none() && self.inbox.is_empty() && !self.suspended && !self.ended;
        let alone = !matches!(
            self.flags.mode,
            Mode::Static(Strategy::OneForAll | Strategy::RestForOne)
        );
        let entry = self.children.get_mut(key)?;
        let running = entry.incarnation == incarnation && entry.slot == Slot::Running;
        if !(idle && alone && running && restarts(entry.restart, clean)) {
            return None;
        }
        if !self.intensity.permit(now) {
            return None;
        }
        entry.incarnation = self.incarnations.fetch_add(1, Ordering::Relaxed) + 1;
        entry.ran = entry.incarnation;
        Some(entry.incarnation)
    }

    /// What to do next; `None` until something more happens.
    ///
    /// The clock is read only when a restart is counted.
    pub(crate) fn next(&mut self, now: impl Fn() -> Coarse + Copy) -> Option<Effect<T>> {
        loop {
            if std::mem::take(&mut self.kill) {
                let exit = match self.job {
                    Some(Job::Killed { exit }) => exit,
                    _ => Exit::Killed,
                };
                return Some(Effect::KillAll(exit));
            }
            match self.wait {
                Wait::Nothing => {}
                Wait::Start(key) if std::mem::take(&mut self.hurry) => {
                    return Some(Effect::AbortStart(key));
                }
                _ => return None,
            }
            let effect = if let Some(job) = self.job.take() {
                self.advance(job)
            } else if self.suspended || self.ended {
                return None;
            } else {
                let message = self.inbox.pop_front()?;
                self.handle(message, now)
            };
            if effect.is_some() {
                return effect;
            }
        }
    }

    /// What is to be dropped outside the lock.
    pub(crate) fn take_discarded(&mut self) -> Vec<Discarded<P, T>> {
        std::mem::take(&mut self.discarded)
    }

    // What the shell may read.

    pub(crate) fn flags(&self) -> &Flags {
        &self.flags
    }

    pub(crate) fn children(&self) -> &Children<P> {
        &self.children
    }

    pub(crate) fn payload_mut(&mut self, key: Key) -> Option<&mut P> {
        self.children.get_mut(key).map(|entry| &mut entry.payload)
    }

    pub(crate) fn find(&self, name: &str) -> Option<Key> {
        self.names.get(name).copied()
    }

    pub(crate) fn restarts_in_window(&self, now: Coarse) -> usize {
        self.intensity.used(now)
    }

    /// Whether [`next`](Self::next) may have something to say.
    pub(crate) fn can_go_on(&self) -> bool {
        self.kill || self.wait == Wait::Nothing
    }

    pub(crate) fn is_starting(&self, key: Key) -> bool {
        self.wait == Wait::Start(key)
    }

    pub(crate) fn is_stopping(&self, key: Key) -> bool {
        self.wait == Wait::Stop(key)
    }

    pub(crate) fn is_stopping_all(&self) -> bool {
        self.wait == Wait::All
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.ended || matches!(self.job, Some(Job::End { .. } | Job::Killed { .. }))
    }

    /// Whether it is in the middle of something, or has something to read.
    pub(crate) fn is_busy(&self) -> bool {
        self.job.is_some() || !self.inbox.is_empty()
    }

    /// How many processes there are.
    #[cfg(all(unix, feature = "systemd"))]
    pub(crate) fn alive(&self) -> usize {
        self.alive
    }

    #[cfg(all(unix, feature = "systemd"))]
    pub(crate) fn is_suspended(&self) -> bool {
        self.suspended
    }

    /// The child whose start or stop is waited for.
    #[cfg(all(unix, feature = "systemd"))]
    pub(crate) fn waits_for(&self) -> Option<Key> {
        match self.wait {
            Wait::Start(key) | Wait::Stop(key) => Some(key),
            Wait::Nothing | Wait::All => None,
        }
    }

    /// Whether `incarnation` is the one that exists at `key`.
    pub(crate) fn is_current(&self, key: Key, incarnation: u64) -> bool {
        self.children
            .get(key)
            .is_some_and(|entry| entry.alive && entry.incarnation == incarnation)
    }
}
