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
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use seaworthy_core::clock::Coarse;

use crate::config::{AutoShutdown, Flags, Mode, Restart, Strategy};
use crate::id::ChildId;
pub(crate) use children::{Children, Entry, Key, NewChild, Slot};
pub(crate) use intensity::Intensity;
use job::{Job, Sweep};
pub(crate) use message::{Call, Effect, Exit, Message, Reply, StartOutcome, Target};

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
#[expect(dead_code, reason = "held until it is dropped")]
pub(crate) enum Discarded<P, T> {
    Payload(P),
    Caller(T),
    Message(Message<P, T>),
    Children(Children<P>),
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
                return Some(Effect::KillAll);
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

    pub(crate) fn is_ending(&self) -> bool {
        self.ended || matches!(self.job, Some(Job::End { .. } | Job::Killed { .. }))
    }

    /// Whether `incarnation` is the one that exists at `key`.
    pub(crate) fn is_current(&self, key: Key, incarnation: u64) -> bool {
        self.children
            .get(key)
            .is_some_and(|entry| entry.alive && entry.incarnation == incarnation)
    }

    // The rules.

    fn handle(&mut self, message: Message<P, T>, now: impl Fn() -> Coarse) -> Option<Effect<T>> {
        match message {
            Message::Exited {
                key,
                incarnation,
                clean,
            } => {
                let entry = self.children.get(key)?;
                // Of a process that is in no slot any more: stopped, or replaced by a group restart.
                if entry.incarnation != incarnation || entry.slot != Slot::Running {
                    return None;
                }
                if restarts(entry.restart, clean) {
                    self.restart(key, now())
                } else {
                    self.let_go(key)
                }
            }
            Message::Retry(key) => {
                let entry = self.children.get(key)?;
                if entry.slot == Slot::Restarting {
                    self.restart(key, now())
                } else {
                    None
                }
            }
            Message::Call(call, caller) => self.call(call, caller),
            Message::Stop => self.end(Exit::Stopped),
        }
    }

    /// Counts first, then restarts by the strategy.
    fn restart(&mut self, key: Key, now: Coarse) -> Option<Effect<T>> {
        if !self.intensity.permit(now) {
            self.vacate(key);
            self.end(Exit::GaveUp(key));
            return Some(Effect::GaveUp(key));
        }
        let from = match self.flags.mode {
            Mode::Static(Strategy::OneForOne) | Mode::Dynamic { .. } => {
                self.job = Some(Job::Restart { key });
                return Some(self.start(key));
            }
            Mode::Static(Strategy::OneForAll) => None,
            Mode::Static(Strategy::RestForOne) => Some(key),
        };
        self.job = Some(Job::GroupStop {
            from,
            sweep: Sweep::new(self.children.last()),
        });
        None
    }

    /// A child ended and stays down: its siblings are not concerned, unless it was significant.
    fn let_go(&mut self, key: Key) -> Option<Effect<T>> {
        let significant = self.children.get(key)?.significant;
        if self.flags.is_dynamic() {
            self.remove(key);
        } else {
            self.vacate(key);
        }
        let end = significant
            && match self.flags.auto_shutdown {
                AutoShutdown::Never => false,
                AutoShutdown::AnySignificant => true,
                AutoShutdown::AllSignificant => self.significant == 0,
            };
        if end {
            self.end(Exit::AutoShutdown(key))
        } else {
            None
        }
    }

    /// From here on there is only the end: all children are stopped in reverse start order.
    fn end(&mut self, exit: Exit) -> Option<Effect<T>> {
        self.job = Some(Job::End {
            exit,
            sweep: Sweep::new(self.children.last()),
        });
        None
    }

    fn start(&mut self, key: Key) -> Effect<T> {
        let incarnation = self.incarnations.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(entry) = self.children.get_mut(key) {
            entry.incarnation = incarnation;
            entry.alive = true;
            self.alive += 1;
        }
        self.wait = Wait::Start(key);
        Effect::Start { key, incarnation }
    }

    fn retry(&mut self, key: Key) {
        self.set_slot(key, Slot::Restarting);
        self.inbox.push_back(Message::Retry(key));
    }

    fn died(&mut self, key: Key) {
        let Some(entry) = self.children.get_mut(key) else {
            return;
        };
        entry.alive = false;
        self.alive -= 1;
        if self.wait == Wait::Stop(key) || (self.wait == Wait::All && self.alive == 0) {
            self.wait = Wait::Nothing;
        }
    }

    fn insert(&mut self, id: ChildId, child: NewChild<P>) -> Key {
        let name = match &id {
            ChildId::Name(name) => Some(Arc::clone(name)),
            ChildId::Number(_) => None,
        };
        let key = self.children.push(id, child);
        if let Some(name) = name {
            self.names.insert(name, key);
        }
        key
    }

    /// No process, and none is wanted; a temporary child is forgotten.
    fn vacate(&mut self, key: Key) {
        if self
            .children
            .get(key)
            .is_some_and(|entry| entry.restart == Restart::Temporary)
        {
            self.remove(key);
        } else {
            self.set_slot(key, Slot::Vacant);
        }
    }

    fn remove(&mut self, key: Key) {
        self.set_slot(key, Slot::Vacant);
        if let Some((id, payload)) = self.children.remove(key) {
            if let ChildId::Name(name) = &id {
                self.names.remove(name);
            }
            self.discarded.push(Discarded::Payload(payload));
        }
    }

    fn set_slot(&mut self, key: Key, slot: Slot) {
        let Some(entry) = self.children.get_mut(key) else {
            return;
        };
        if entry.significant {
            self.significant += usize::from(slot != Slot::Vacant);
            self.significant -= usize::from(entry.slot != Slot::Vacant);
        }
        entry.slot = slot;
        if slot == Slot::Running {
            entry.ran = entry.incarnation;
        }
    }
}

/// Whether a child that ended is to be restarted.
fn restarts(restart: Restart, clean: bool) -> bool {
    match restart {
        Restart::Permanent => true,
        Restart::Transient => !clean,
        Restart::Temporary => false,
    }
}
