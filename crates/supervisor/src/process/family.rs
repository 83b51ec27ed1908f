//! The processes of an incarnation: the guard, the program, and what that one starts.

use std::io;
use std::process::{Child, ExitStatus};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::runtime::Handle;
use tokio::signal::unix::{self, SignalKind};

use super::error::ProcessError;
use super::remains::Remains;
use super::{Process, guard};
use crate::context::{Context, Hold};

/// How long what is left after an end may take: the rest of the output, the dead of a group that others have to bury.
pub(super) const LINGER: Duration = Duration::from_secs(1);

/// A process group. Dropping it kills the group at once and buries it in the background.
#[derive(Debug)]
pub(super) struct Family {
    group: Option<Pid>,
    /// Whether the id still is that of our group. Nobody else can get it before we have taken the exit status of the
    /// group's leader, which is the guard or, without one, the program.
    reserved: bool,
    guard: Option<Child>,
    program: Option<Child>,
    /// Tells that a child of ours has ended, without telling which.
    changes: Option<unix::Signal>,
    runtime: Handle,
    hold: Option<Hold>,
}

/// Who ended first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Program,
    Guard,
}

impl Family {
    /// Starts the guard, and then the program in its group.
    pub(super) async fn start(
        process: &Process,
        cx: &Context,
        hold: Hold,
    ) -> Result<Self, ProcessError> {
        let program = process.name();
        let changes = unix::signal(SignalKind::child()).map_err(|source| ProcessError::Wait {
            program: program.clone(),
            source,
        })?;
        let mut family = Self {
            group: None,
            reserved: true,
            guard: None,
            program: None,
            changes: Some(changes),
            runtime: cx.runtime().clone(),
            hold: Some(hold),
        };
        if process.guarded {
            let no_guard = |source| ProcessError::Guard {
                program: program.clone(),
                source,
            };
            let guard = guard::spawn().map_err(no_guard)?;
            family.group = Some(Pid::from_child(&guard));
            guard::ready(family.guard.insert(guard))
                .await
                .map_err(no_guard)?;
        }
        let child = process.spawn(family.group)?;
        family.group.get_or_insert(Pid::from_child(&child));
        family.program = Some(child);
        Ok(family)
    }

    pub(super) fn program(&mut self) -> Option<&mut Child> {
        self.program.as_mut()
    }

    /// Sends a signal to all of the group.
    pub(super) fn signal(&self, signal: Signal) {
        if let Some(group) = self.group.filter(|_| self.reserved) {
            // If there is nobody left, that will be noticed.
            let _ = kill_process_group(group, signal);
        }
    }

    /// Waits until the program or its guard has ended. Takes no exit status, so the id of the group stays ours.
    pub(super) async fn ended(&mut self) -> Ended {
        loop {
            if self.program.as_ref().is_none_or(has_ended) {
                return Ended::Program;
            }
            if self.guard.as_ref().is_some_and(has_ended) {
                return Ended::Guard;
            }
            let Some(changes) = &mut self.changes else {
                return Ended::Program;
            };
            if changes.recv().await.is_none() {
                // The runtime is going, and this with it.
                std::future::pending::<()>().await;
            }
        }
    }

    /// After the program has ended: kills what it has left behind, and takes its exit status.
    pub(super) fn finish(&mut self) -> io::Result<ExitStatus> {
        self.signal(Signal::KILL);
        match &mut self.program {
            Some(program) => {
                self.reserved = self.guard.is_some();
                program.wait()
            }
            None => Err(Errno::CHILD.into()),
        }
    }
}

/// Whether a child of ours has ended. One that we cannot ask about was waited for by somebody else.
fn has_ended(child: &Child) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let status = waitid(WaitId::Pid(Pid::from_child(child)), options);
    !matches!(status, Ok(None))
}

impl Drop for Family {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        let Some(changes) = self.changes.take() else {
            return;
        };
        let remains = Remains {
            children: self
                .program
                .take()
                .into_iter()
                .chain(self.guard.take())
                .collect(),
            group: self.group,
            changes,
            runtime: self.runtime.clone(),
            hold: self.hold.take(),
        };
        // Not a task of the incarnation: those are ended with it.
        self.runtime.spawn(remains.bury());
    }
}
