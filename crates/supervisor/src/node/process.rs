//! What concerns a single process: its start, its readiness, its end, its restart in place.

use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::clock;
use seaworthy_core::event::Severity;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::seat::{Asked, Departed, State};
use super::stop::{Deadline, Timer};
use super::{Exit, Node, Place, StartOutcome};
use crate::error::{StartError, StartFailure};
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

/// What is left to do outside the lock when a process has ended.
enum Aftermath {
    /// It was not alive.
    Nothing,
    /// Its sub-tasks have to end first.
    Abort(Vec<AbortHandle>),
    /// Those who watched it are told, and what is not needed any more is dropped.
    Tell(Vec<oneshot::Sender<Down>>, Down, Option<PastExit>, Option<Timer>),
}

impl Node {
    pub(super) fn start(self: &Arc<Self>, key: Key, incarnation: u64) {
        let started = self.with(|state| {
            let seat = state.machine.payload_mut(key)?;
            seat.started = clock::coarse();
            seat.asked = Asked::Nothing;
            seat.ready = false;
            let (body, options) = (Arc::clone(&seat.body), Arc::clone(&seat.options));
            if !options.handshake {
                state.machine.started(key, incarnation, StartOutcome::Ok);
                self.report_started(state, key, incarnation);
            }
            Some((body, options))
        });
        let Some((body, options)) = started else { return };
        let live = body.start(Place { node: Arc::clone(self), key, incarnation });
        let (too_late, wait) = self.with(|state| {
            let starting = state.machine.is_starting(key);
            match state.current(key, incarnation) {
                // Killed before it could be reached.
                Some(seat) if !matches!(seat.asked, Asked::Nothing | Asked::Shutdown) || seat.is_doomed() => (Some(live), false),
                Some(seat) => {
                    seat.live = Some(live);
                    (None, starting)
                }
                None => (None, false),
            }
        });
        if let Some(live) = too_late {
            live.kill();
        } else if let Some(limit) = options.start_timeout.filter(|_| wait && !options.supervisor) {
            self.arm(limit, Deadline::Start(key));
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
            state.timer.take()
        });
        drop(timer);
        self.run();
    }

    fn report_started(&self, state: &mut State, key: Key, incarnation: u64) {
        if let Some(seat) = state.machine.payload_mut(key) {
            seat.ready = true;
            seat.starts = seat.starts.saturating_add(1);
        }
        self.metrics.started();
        if !self.tree.events.is_watched() {
            return;
        }
        let Some(entry) = state.machine.children().get(key).filter(|entry| !entry.supervisor) else {
            return;
        };
        let path = self.child_path(&entry.id);
        self.publish(Severity::Info, || SupervisorEvent::ChildStarted { path, incarnation });
    }

    /// A process is gone: its body is dropped, its sub-tasks may still live.
    pub(crate) fn process_ended(self: &Arc<Self>, key: Key, incarnation: u64, end: End) {
        match self.with(|state| self.bury(state, key, incarnation, end)) {
            Aftermath::Nothing => {}
            Aftermath::Abort(subtasks) => subtasks.iter().for_each(AbortHandle::abort),
            Aftermath::Tell(monitors, down, forgotten, timer) => {
                drop((forgotten, timer));
                for monitor in monitors {
                    // Whoever stopped waiting does not want to know.
                    let _ = monitor.send(down.clone());
                }
                self.run();
            }
        }
    }

    fn bury(&self, state: &mut State, key: Key, incarnation: u64, end: End) -> Aftermath {
        let Some(seat) = state.current(key, incarnation) else { return Aftermath::Nothing };
        if let Some(extra) = seat.extra.as_mut().filter(|extra| !extra.subtasks.is_empty()) {
            extra.pending.get_or_insert(end);
            let handles = extra.subtasks.values().flatten().cloned();
            return Aftermath::Abort(handles.collect());
        }
        let (supervisor, ready) = (seat.options.supervisor, seat.ready);
        let mut departed = seat.depart(end, clock::coarse());
        let monitors = std::mem::take(&mut departed.monitors);
        let path = self.path_of(state, key);
        let deadline = if ready { Deadline::Stop(key) } else { Deadline::Start(key) };
        let timer = state.timer.take_if(|timer| timer.deadline == deadline);
        let (clean, told) = (departed.reason.is_clean(), departed.told.clone());
        let forgotten = if departed.asked.is_crash() && !(ready && clean && !supervisor) {
            let (reason, uptime) = (told.clone(), departed.uptime);
            state.machine.payload_mut(key).and_then(|seat| seat.remember(PastExit { incarnation, reason, uptime }))
        } else {
            None
        };
        if ready {
            if !supervisor {
                self.deceased(state, key, incarnation, departed, &path);
            }
            state.machine.exited(key, incarnation, clean);
        } else {
            let outcome = self.stillborn(state, departed, &path, supervisor);
            state.machine.started(key, incarnation, outcome);
        }
        if matches!(told, ExitReason::RuntimeGone) {
            state.machine.kill(Exit::RuntimeGone);
        }
        let down = Down { path, incarnation, reason: told };
        Aftermath::Tell(monitors, down, forgotten, timer)
    }

    /// It never was ready.
    fn stillborn(
        &self,
        state: &mut State,
        departed: Departed,
        path: &Arc<str>,
        supervisor: bool,
    ) -> StartOutcome {
        let Departed { end, reason, .. } = departed;
        let path = || Arc::clone(path);
        if matches!(end, End::Ignored) {
            self.publish(Severity::Info, || SupervisorEvent::ChildIgnored { path: path() });
            return StartOutcome::Ignored;
        }
        self.metrics.start_failed();
        if !supervisor {
            let reason = reason.clone();
            self.publish(Severity::Warning, || SupervisorEvent::ChildStartFailed {
                path: path(),
                reason,
            });
        }
        state.failure = Some(match end {
            End::Supervisor(Ended::StartFailed(error)) => error,
            _ => StartError::new(path(), StartFailure::Exited(reason)),
        });
        StartOutcome::Failed
    }

    /// A worker that had been running is gone.
    fn deceased(
        &self,
        state: &mut State,
        key: Key,
        incarnation: u64,
        departed: Departed,
        path: &Arc<str>,
    ) {
        let Departed { reason, asked, uptime, .. } = departed;
        self.metrics.exited(reason.kind());
        if asked.is_crash() {
            return self.tell_exit(state, key, incarnation, &reason, uptime);
        }
        if let Some(asked_at) = state.asked_at {
            let took = clock::exact().saturating_duration_since(asked_at);
            if let Some(report) = self.tree.stops.lock().as_mut() {
                report.add(|| Arc::clone(path), took, &reason);
            }
        }
        let path = Arc::clone(path);
        self.publish(Severity::Info, || SupervisorEvent::ChildExited {
            path,
            incarnation,
            reason,
            uptime,
        });
    }

    /// An exit that nobody asked for.
    fn tell_exit(
        &self,
        state: &mut State,
        key: Key,
        incarnation: u64,
        reason: &ExitReason,
        uptime: Duration,
    ) {
        let crashed = !reason.is_clean();
        let logged = crashed && cfg!(feature = "tracing");
        if !logged && !self.tree.events.is_watched() {
            return;
        }
        let path = self.path_of(state, key);
        self.publish(Severity::Info, || SupervisorEvent::ChildExited {
            path: Arc::clone(&path),
            incarnation,
            reason: reason.clone(),
            uptime,
        });
        if !crashed {
            return;
        }
        let flags = *state.machine.flags();
        let history = state.machine.payload_mut(key).and_then(|seat| seat.extra.as_ref());
        let history = history.map_or_else(Vec::new, |extra| extra.history.to_vec());
        let report = CrashReport {
            path,
            incarnation,
            reason: reason.clone(),
            uptime,
            restarts_in_window: state.machine.restarts_in_window(clock::coarse()),
            max_restarts: flags.max_restarts,
            period: flags.period,
            history,
        };
        #[cfg(feature = "tracing")]
        tracing::error!(path = %report.path, incarnation, reason = %report.reason, ?uptime, restarts_in_window = report.restarts_in_window, "child crashed");
        self.publish(Severity::Warning, || SupervisorEvent::ChildCrashed(report));
    }

    /// Puts the next incarnation in the place of one that has just ended, without a detour through
    /// the inbox. The answer is the next incarnation; `None` leaves everything as it was.
    pub(crate) fn restart_in_place(
        self: &Arc<Self>,
        key: Key,
        incarnation: u64,
        reason: &mut Option<ExitReason>,
    ) -> Option<u64> {
        let now = clock::coarse();
        let (next, forgotten) = self.serial.if_idle(|state| {
            let taken = reason.take()?;
            let clean = taken.is_clean();
            let plain = state.current(key, incarnation).is_some_and(|seat| seat.is_plain());
            let next = if plain {
                state.machine.restart_in_place(key, incarnation, clean, now)
            } else {
                None
            };
            let Some(next) = next else {
                *reason = Some(taken);
                return None;
            };
            self.metrics.exited(taken.kind());
            let seat = state.machine.payload_mut(key)?;
            let uptime = now.since(seat.started);
            self.tell_exit(state, key, incarnation, &taken, uptime);
            let seat = state.machine.payload_mut(key)?;
            let forgotten = seat.remember(PastExit { incarnation, reason: taken, uptime });
            seat.started = now;
            if let Some(extra) = &mut seat.extra {
                extra.trap = None;
            }
            self.report_started(state, key, next);
            Some((next, forgotten))
        })??;
        drop(forgotten);
        self.tree.events.deliver();
        Some(next)
    }

    fn path_of(&self, state: &State, key: Key) -> Arc<str> {
        match state.machine.children().get(key) {
            Some(entry) => self.child_path(&entry.id),
            None => Arc::clone(&self.path),
        }
    }
}
