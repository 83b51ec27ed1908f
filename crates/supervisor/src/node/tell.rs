//! What is told about the end of a process.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use seaworthy_core::event::Severity;
use seaworthy_core::{clock, panic};

use super::seat::{Asked, Departed, Mourners, State};
use super::{End, Node, Place, StartOutcome};
use crate::error::{StartError, StartFailure};
use crate::event::{Ended, SupervisorEvent};
use crate::exit::ExitReason;
use crate::link::Exit;
use crate::machine::Key;
use crate::monitor::Down;
use crate::report::CrashReport;

impl Node {
    /// It never was ready. Also returns the failure that is not told any more.
    pub(super) fn tell_stillborn(
        &self,
        state: &mut State,
        key: Key,
        departed: Departed,
        supervisor: bool,
    ) -> (StartOutcome, Option<StartError>) {
        let Departed { end, reason, .. } = departed;
        let path = self.path_of(state, key);
        if matches!(end, End::Ignored) {
            self.publish(Severity::Info, || SupervisorEvent::ChildIgnored { path });
            return (StartOutcome::Ignored, None);
        }
        self.metrics.start_failed();
        if !supervisor {
            self.publish(Severity::Warning, || SupervisorEvent::ChildStartFailed {
                path: Arc::clone(&path),
                reason: reason.clone(),
            });
        }
        let stale = state.failure.replace(match end {
            End::Supervisor(Ended::StartFailed(error)) => error,
            _ => StartError::new(path, StartFailure::Exited(reason)),
        });
        (StartOutcome::Failed, stale)
    }

    /// A worker that had been running is gone. The answer is what is to be logged outside the lock.
    pub(super) fn tell_exit(
        &self,
        state: &mut State,
        key: Key,
        incarnation: u64,
        reason: &ExitReason,
        uptime: Duration,
        asked: Asked,
    ) -> Option<CrashReport> {
        self.metrics.exited(reason);
        if !asked.is_crash() && self.tree.reporting.load(Ordering::Relaxed) {
            let took = state
                .asked_at
                .map_or(Duration::ZERO, |asked_at| clock::coarse().since(asked_at));
            self.tree
                .stops
                .lock()
                .add(|| self.path_of(state, key), took, reason);
        }
        let crashed = asked.is_crash() && !reason.is_clean();
        let watched = self.tree.events.is_watched();
        let logged = crashed && cfg!(feature = "tracing");
        if !watched && !logged {
            return None;
        }
        let path = self.path_of(state, key);
        self.publish(Severity::Info, || SupervisorEvent::ChildExited {
            path: Arc::clone(&path),
            incarnation,
            reason: reason.clone(),
            uptime,
        });
        if !crashed {
            return None;
        }
        let flags = *state.machine.flags();
        let entry = state.machine.children().get(key);
        let history = entry.and_then(|entry| entry.payload.extra.as_ref());
        let report = CrashReport {
            path,
            incarnation,
            reason: reason.clone(),
            uptime,
            restarts_in_window: state.machine.restarts_in_window(clock::coarse()),
            max_restarts: flags.max_restarts,
            period: flags.period,
            history: history.map_or_else(Vec::new, |extra| extra.history.to_vec()),
        };
        let log = logged.then(|| report.clone());
        self.publish(Severity::Warning, || SupervisorEvent::ChildCrashed(report));
        log
    }
}

impl Mourners {
    /// Tells those who asked, and ends those who did not want to outlive it. Never under a lock.
    pub(super) fn tell(self, ended: &Place, down: &Down) {
        for monitor in self.monitors {
            // Whoever stopped waiting does not want to know.
            let _ = monitor.send(down.clone());
        }
        for peer in self.links.into_peers() {
            let exit = Exit::Linked {
                path: Arc::clone(&down.path),
                incarnation: down.incarnation,
                reason: down.reason.clone(),
            };
            peer.signal(Some(ended), exit);
        }
        if let Some(mailbox) = self.exits {
            mailbox.close();
        }
    }
}

/// Writes a crash to the log. Never under a lock: a subscriber is code of the user, and so is the
/// error in the report.
pub(super) fn log_crash(crash: Option<CrashReport>) {
    if crash.is_none() {
        return;
    }
    #[cfg(feature = "tracing")]
    if let Some(report) = &crash {
        let CrashReport {
            path,
            incarnation,
            reason,
            uptime,
            restarts_in_window,
            ..
        } = report;
        let _ = panic::catch(|| {
            tracing::error!(%path, incarnation, %reason, ?uptime, restarts_in_window, "child crashed");
        });
    }
    panic::drop_quietly(crash);
}
