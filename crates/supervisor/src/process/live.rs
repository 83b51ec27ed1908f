//! The life of an incarnation that is a process.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::BoxError;
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::time::timeout;

use super::error::{ProcessError, ProcessExit};
use super::family::{Ended, Family, LINGER};
use super::stderr::Stderr;
use super::{Process, ProcessIo, Ready, Talk};
use crate::context::{Context, Hold, ShutdownSignal};
use crate::exit::{ChildResult, ExitReason};

/// How long the end of a process may come after the error of whoever talked to it, and be the cause.
const CAUSE: Duration = Duration::from_millis(200);

/// Starts the process, and goes with it to its end.
pub(super) async fn live(process: Arc<Process>, cx: Context) -> ChildResult {
    // A process has to be told, so the child always traps exits.
    let mut told = std::pin::pin!(cx.shutdown());
    process.check(&cx.path()).map_err(ProcessError::from)?;
    let Some(hold) = cx.hold() else {
        // It was killed before it began, and is about to be dropped.
        return pending().await;
    };
    let mut life = Life::start(process, &cx, hold).await?;
    if matches!(life.process.ready, Ready::Spawned) {
        cx.ready();
    }
    drop(cx);
    let first = life.goes_on(&mut told).await;
    life.ends(first).await
}

/// What happened first.
enum First {
    Ended(Ended),
    /// Whoever talked to the process failed.
    Failed(BoxError),
}

struct Life {
    process: Arc<Process>,
    pid: u32,
    /// Whether its supervisor has asked it to stop.
    asked: bool,
    /// Dropped before the family: whoever talks to the process is gone before it is killed.
    talk: Option<Talk>,
    stderr: Stderr,
    family: Family,
}

impl Life {
    async fn start(process: Arc<Process>, cx: &Context, hold: Hold) -> Result<Self, ProcessError> {
        let mut family = Family::start(&process, cx, hold).await?;
        let broken = |source| ProcessError::Spawn {
            program: process.name(),
            source,
        };
        let program = family.program();
        let pid = program.as_ref().map_or(0, |program| program.id());
        let (stdin, stdout, stderr) = match program {
            Some(program) => (
                program.stdin.take(),
                program.stdout.take(),
                program.stderr.take(),
            ),
            None => (None, None, None),
        };
        let stderr = stderr.map(ChildStderr::from_std).transpose();
        let stderr = Stderr::new(stderr.map_err(broken)?, Arc::clone(&process), cx.clone());
        let talk = match (&process.attendant, stdin, stdout) {
            (Some(attendant), Some(stdin), Some(stdout)) => {
                let io = ProcessIo {
                    stdin: ChildStdin::from_std(stdin).map_err(broken)?,
                    stdout: ChildStdout::from_std(stdout).map_err(broken)?,
                    pid,
                };
                Some(attendant(io, cx.clone()))
            }
            _ => None,
        };
        Ok(Self {
            process,
            pid,
            asked: false,
            talk,
            stderr,
            family,
        })
    }

    async fn goes_on(&mut self, told: &mut Pin<&mut ShutdownSignal>) -> First {
        loop {
            tokio::select! {
                biased;
                () = &mut *told, if !self.asked => {
                    self.asked = true;
                    if let Some(signal) = self.process.stop_signal {
                        self.family.signal(signal.into());
                    }
                }
                ended = self.family.ended() => return First::Ended(ended),
                () = self.stderr.read(), if self.stderr.is_open() => {}
                talked = over(&mut self.talk) => {
                    if let Err(error) = talked {
                        return First::Failed(error);
                    }
                }
            }
        }
    }

    async fn ends(mut self, first: First) -> ChildResult {
        let failed = match first {
            First::Ended(Ended::Program) => None,
            First::Ended(Ended::Guard) => {
                let program = self.process.name();
                return Err(ProcessError::GuardLost { program }.into());
            }
            // Whoever talks to a process that crashes sees a broken pipe, but that is not the cause.
            First::Failed(error) => match timeout(CAUSE, self.family.ended()).await {
                Ok(Ended::Program) => Some(error),
                _ => return Err(error),
            },
        };
        if self.asked && failed.is_none() {
            self.others_end().await;
        }
        let status = self.family.finish().map_err(|source| ProcessError::Wait {
            program: self.process.name(),
            source,
        })?;
        // Those who had the other end are dead, unless somebody has left the group.
        let _ = timeout(LINGER, self.stderr.read()).await;
        if status.success() {
            return match failed {
                Some(error) => Err(error),
                None => self.talk_ends().await,
            };
        }
        if self.asked && self.process.was_stopped(status) {
            return Err(ExitReason::Shutdown(None).into());
        }
        let exit = ProcessExit {
            program: self.process.name(),
            pid: self.pid,
            status,
            stderr: self.stderr.last_lines(),
        };
        Err(exit.into())
    }

    /// The others of the group were told as well: those that still have the stderr they were given have what is left
    /// of the shutdown time.
    async fn others_end(&mut self) {
        while self.stderr.is_open() {
            tokio::select! {
                () = self.stderr.read() => {}
                // Too late for it to matter.
                _ = over(&mut self.talk) => {}
            }
        }
    }

    /// What the process wrote before its end may still have to be read.
    async fn talk_ends(&mut self) -> ChildResult {
        if self.talk.is_none() {
            return Ok(());
        }
        timeout(LINGER, over(&mut self.talk))
            .await
            .unwrap_or(Ok(()))
    }
}

/// Waits until whoever talks to the process is done; for ever, if nobody does.
async fn over(talk: &mut Option<Talk>) -> ChildResult {
    let Some(talking) = talk else {
        return pending().await;
    };
    let talked = talking.await;
    *talk = None;
    talked
}
