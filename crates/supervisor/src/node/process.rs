//! What concerns a single process: its start, its readiness, its end, its restart in place.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use seaworthy_core::event::Severity;
use seaworthy_core::{clock, panic};
use tokio::task::AbortHandle;

use super::pulse::Pulse;
use super::seat::{Asked, Departed, Mourners, State};
use super::similar::fingerprint;
use super::tell::log_crash;
use super::timer::{Deadline, Timer};
use super::{Exit, Node, Place, StartOutcome};
use crate::error::StartError;
use crate::event::{Ended, SupervisorEvent};
use crate::exit::ExitReason;
use crate::machine::Key;
use crate::monitor::Down;
use crate::report::{CrashReport, PastExit};

/// How a process came to its end.
#[derive(Debug)]
pub(crate) enum End {
    Reason(ExitReason),
    /// It was dropped: because it was told to end, or with the runtime.
    Dropped,
    /// Its first phase said: no process, and that is fine.
    Ignored,
    /// A nested supervisor ended.
    Supervisor(Ended),
}

impl End {
    pub(crate) fn is_clean(&self) -> bool {
        match self {
            Self::Reason(reason) => reason.is_clean(),
            _ => true,
        }
    }
}

/// An end, and what is known of it from values of users, which are not asked under a lock.
#[derive(Debug)]
pub(super) struct Farewell {
    pub(super) end: End,
    /// How a nested supervisor says that it ended.
    pub(super) shown: String,
    print: Option<u64>,
}

/// Values of users that are to be dropped.
type Forgotten = (
    Option<PastExit>,
    Option<StartError>,
    [Option<ExitReason>; 2],
    Option<Box<dyn Any + Send>>,
);

/// What is left to do outside the lock when a process has ended.
#[derive(Default)]
struct Aftermath {
    /// Sub-tasks that have to end first; then there is nothing else.
    subtasks: Vec<AbortHandle>,
    mourners: Option<(Box<Mourners>, Down)>,
    crash: Option<CrashReport>,
    /// Whether the supervisor can go on now.
    go_on: bool,
    /// Dropped outside the lock: an error is a value of the user.
    forgotten: Forgotten,
    timers: (Option<Timer>, Option<Pulse>),
}

impl Node {
    pub(super) fn start(self: &Arc<Self>, key: Key, incarnation: u64) {
        let started = self.with(|state| {
            let seat = state.machine.payload_mut(key)?;
            seat.started = clock::coarse();
            seat.asked = Asked::Nothing;
            seat.ready = false;
            let pausing = seat.extra.as_mut().and_then(|extra| {
                extra.quarantined = false;
                extra.pausing.take()
            });
            if seat.options.quarantine.is_some() {
                self.compares.store(true, Ordering::Relaxed);
            }
            let body = Arc::clone(&seat.body);
            let options = &seat.options;
            // A nested supervisor takes as long as its children.
            let limit = options.start_timeout.filter(|_| !options.supervisor);
            // One with a first phase is listened to when that is over.
            let listens = options.heartbeat.is_some() && !options.handshake;
            if !options.handshake {
                state.machine.started(key, incarnation, StartOutcome::Ok);
                self.report_started(state, key, incarnation);
            }
            Some((body, limit, pausing, listens))
        });
        let Some((body, limit, pausing, listens)) = started else {
            return;
        };
        drop(pausing);
        let node = Arc::clone(self);
        let place = Place {
            node,
            key,
            incarnation,
        };
        let live = body.start(&self.tree.runtime, place);
        let (too_late, wait) = self.with(|state| {
            let starting = state.machine.is_starting(key);
            match state.current(key, incarnation) {
                // Killed before it could be reached.
                Some(seat)
                    if !matches!(seat.asked, Asked::Nothing | Asked::Shutdown)
                        || seat.is_doomed() =>
                {
                    state.condemn(key, incarnation);
                    (Some(live), false)
                }
                Some(seat) => {
                    seat.live = Some(live);
                    (None, starting)
                }
                None => (None, false),
            }
        });
        if let Some(live) = too_late {
            live.kill(Exit::Killed);
            self.watch_the_condemned();
        } else if let Some(limit) = limit.filter(|_| wait) {
            self.arm(limit, Deadline::Start(key));
        } else if listens {
            self.listen(key, incarnation);
        }
    }

    /// The process has come through its first phase.
    pub(crate) fn ready(self: &Arc<Self>, key: Key, incarnation: u64) {
        let timer = self.with(|state| {
            if !state.machine.is_starting(key) || !state.machine.is_current(key, incarnation) {
                return None;
            }
            state.machine.started(key, incarnation, StartOutcome::Ok);
            self.report_started(state, key, incarnation);
            Some(state.timer.take())
        });
        let Some(timer) = timer else { return };
        drop(timer);
        self.listen(key, incarnation);
        self.run();
    }

    pub(super) fn report_started(&self, state: &mut State, key: Key, incarnation: u64) {
        if let Some(seat) = state.machine.payload_mut(key) {
            seat.ready = true;
            seat.starts = seat.starts.saturating_add(1);
        }
        self.metrics.started();
        if !self.tree.events.is_watched() {
            return;
        }
        let Some(entry) = state
            .machine
            .children()
            .get(key)
            .filter(|entry| !entry.supervisor)
        else {
            return;
        };
        let path = self.child_path(&entry.id);
        self.publish(Severity::Info, || SupervisorEvent::ChildStarted {
            path,
            incarnation,
        });
    }

    /// A process is gone: its body is dropped, its sub-tasks may still live.
    pub(crate) fn process_ended(self: &Arc<Self>, key: Key, incarnation: u64, end: End) {
        let compares = self.compares.load(Ordering::Relaxed);
        let mut farewell = Some(Farewell {
            shown: match &end {
                End::Supervisor(ended) => ended.to_string(),
                _ => String::new(),
            },
            print: compares.then(|| fingerprint(&end)),
            end,
        });
        let after = self.with(|state| self.bury(state, key, incarnation, &mut farewell));
        // Of a process that was signed off before, or whose end is known.
        if farewell.is_some() {
            panic::drop_quietly(farewell);
        }
        let Some(mut after) = after else { return };
        if !after.subtasks.is_empty() {
            after.subtasks.iter().for_each(AbortHandle::abort);
            self.watch_the_condemned();
        }
        if let Some((mourners, down)) = after.mourners.take() {
            let ended = Place {
                node: Arc::clone(self),
                key,
                incarnation,
            };
            mourners.tell(&ended, &down);
        }
        log_crash(after.crash.take());
        let go_on = after.go_on;
        // One at a time: a second panic while the first unwinds would end the process.
        drop(after.timers);
        let (past, failure, [reason, doomed], legacy) = after.forgotten;
        panic::drop_quietly(past);
        panic::drop_quietly(failure);
        panic::drop_quietly(reason);
        panic::drop_quietly(doomed);
        panic::drop_quietly(legacy);
        if go_on {
            self.run();
        } else {
            self.tree.events.deliver();
        }
    }

    /// Signs a process off, unless it is not alive or its sub-tasks still are. What it does not take is to be dropped.
    fn bury(
        &self,
        state: &mut State,
        key: Key,
        incarnation: u64,
        farewell: &mut Option<Farewell>,
    ) -> Option<Aftermath> {
        let seat = state.current(key, incarnation)?;
        if let Some(extra) = seat
            .extra
            .as_mut()
            .filter(|extra| !extra.subtasks.is_empty())
        {
            if extra.pending.is_none() {
                extra.pending = farewell.take().map(|farewell| farewell.end);
            }
            let subtasks: Vec<_> = extra.subtasks.values().flatten().cloned().collect();
            if !subtasks.is_empty() {
                // They are told to end, and may not.
                state.condemn(key, incarnation);
            }
            return Some(Aftermath {
                subtasks,
                ..Aftermath::default()
            });
        }
        let (supervisor, ready) = (seat.options.supervisor, seat.ready);
        // Its uptime is told with a crash, and to those who listen.
        let told = seat.asked.is_crash() || self.tree.events.is_watched();
        let now = if told { clock::coarse() } else { seat.started };
        let farewell = farewell.take()?;
        let print = farewell.print;
        let mut departed = seat.depart(farewell, now);
        let (mourners, legacy) = (departed.mourners.take(), departed.legacy.take());
        let doomed = departed.doomed.take();
        let runtime_gone = departed.runtime_gone;
        // In OTP's eyes a supervisor that gives up ends in order, but it is a failure all the same.
        let failed = !departed.reason.is_clean()
            || matches!(departed.end, End::Supervisor(Ended::GaveUp { .. }));
        let Departed {
            told,
            uptime,
            asked,
            ..
        } = &departed;
        let (clean, reason, uptime) = (departed.reason.is_clean(), told.clone(), *uptime);
        let deadline = if ready {
            Deadline::Stop(key)
        } else {
            Deadline::Start(key)
        };
        let timer = state.timer.take_if(|timer| timer.deadline == deadline);
        let remarkable = asked.is_crash() && !(ready && clean && !supervisor)
            || matches!(reason, ExitReason::Zombie(_));
        let pulse = state.take_pulse(key);
        if asked.is_crash() && failed {
            self.compare(state, key, print, &reason);
        }
        let (mut crash, mut stale) = (None, None);
        if ready {
            if !supervisor {
                let asked = departed.asked;
                crash = self.tell_exit(state, key, incarnation, &reason, uptime, asked);
            }
            state.machine.exited(key, incarnation, clean);
        } else {
            let outcome;
            (outcome, stale) = self.tell_stillborn(state, key, departed, supervisor);
            state.machine.started(key, incarnation, outcome);
        }
        let down = mourners.is_some().then(|| Down {
            path: self.path_of(state, key),
            incarnation,
            reason: reason.clone(),
        });
        if runtime_gone {
            state.machine.kill(Exit::RuntimeGone);
        }
        let past = remarkable.then(|| PastExit {
            incarnation,
            reason: reason.clone(),
            uptime,
        });
        let forgotten = past.and_then(|past| state.machine.payload_mut(key)?.remember(past));
        let go_on = state.machine.can_go_on();
        Some(Aftermath {
            subtasks: Vec::new(),
            mourners: mourners.zip(down),
            crash,
            go_on,
            forgotten: (forgotten, stale, [Some(reason), doomed], legacy),
            timers: (timer, pulse),
        })
    }

    pub(super) fn path_of(&self, state: &State, key: Key) -> Arc<str> {
        match state.machine.children().get(key) {
            Some(entry) => self.child_path(&entry.id),
            None => Arc::clone(&self.path),
        }
    }
}
