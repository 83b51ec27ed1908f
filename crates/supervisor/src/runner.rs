//! A whole program as a supervision tree: signals, one deadline, an exit code.
#![expect(
    clippy::print_stderr,
    reason = "the last words of a program belong on stderr"
)]

mod signal;

use std::process::ExitCode;
use std::time::Duration;

use seaworthy_core::panic;

use crate::builder::SupervisorSpec;
use crate::error::StartError;
use crate::event::Ended;
use crate::report::ShutdownReport;
use crate::supervisor::Supervisor;
use signal::{Signal, Signals};

/// Runs a tree as a program, with the defaults of [`Runner`].
///
/// ```no_run
/// use seaworthy_supervisor::{Child, Supervisor};
///
/// fn main() -> std::process::ExitCode {
///     seaworthy_supervisor::run(Supervisor::builder("app").child(Child::task("web", |cx| async move {
///         cx.shutdown().await;
///         Ok(())
///     })))
/// }
/// ```
pub fn run(root: impl Into<SupervisorSpec>) -> ExitCode {
    Runner::new(root).run()
}

/// Owns the runtime, starts the tree, and ends the process when the tree ends or a signal comes.
///
/// On SIGTERM or SIGINT (elsewhere: Ctrl-C) it waits the drain delay, then stops the tree under one
/// deadline, and says on stderr who needed how long. A second signal ends the process at once. It never waits for
/// a thread that blocks.
///
/// | exit code | meaning |
/// |---|---|
/// | 0 | stopped by a signal, or the root ended in order |
/// | 1 | the tree did not start, gave up, or was killed: whoever supervises processes should start it again |
/// | 2 | stopped by a signal, but children had to be killed or still run |
/// | 128 + n | a second signal, number n, came during the stop |
#[derive(Debug)]
#[must_use = "call `run`"]
pub struct Runner {
    root: SupervisorSpec,
    deadline: Duration,
    drain_delay: Duration,
}

impl Runner {
    /// A program that is this tree.
    pub fn new(root: impl Into<SupervisorSpec>) -> Self {
        Self {
            root: root.into(),
            deadline: Duration::from_secs(25),
            drain_delay: Duration::ZERO,
        }
    }

    /// How long the whole tree may take to stop before what is left is killed. Default: 25 seconds, so
    /// that it fits into the 30 that Kubernetes grants.
    pub fn shutdown_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long the tree goes on working after a signal before it is stopped, so that load balancers
    /// notice first. Comes on top of the deadline. Default: zero.
    pub fn drain_delay(mut self, delay: Duration) -> Self {
        self.drain_delay = delay;
        self
    }

    /// Runs until the end.
    #[must_use = "return it from `main`"]
    pub fn run(self) -> ExitCode {
        if !panic::can_catch() {
            eprintln!("seaworthy: {}", crate::degraded::PANICS_ABORT);
        }
        let runtime = match tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
        {
            Ok(runtime) => runtime,
            Err(error) => {
                eprintln!("seaworthy: cannot make a runtime: {error}");
                return ExitCode::from(1);
            }
        };
        let outcome = runtime.block_on(self.supervise());
        // What still blocks a thread must not keep the process.
        runtime.shutdown_background();
        outcome.tell()
    }

    async fn supervise(self) -> Outcome {
        // Before anything slow: the order to stop may come while the tree is starting.
        let mut signals = match Signals::listen() {
            Ok(signals) => signals,
            Err(error) => return Outcome::NoSignals(error),
        };
        let handle = Supervisor::at(&self.root.id, &self.root.address);
        let started = tokio::select! {
            started = self.root.start() => started,
            signal = signals.next() => {
                // Dropping the start began an orderly stop of what had started.
                return stop(&handle, signal, &mut signals, Duration::ZERO, self.deadline).await;
            }
        };
        let root = match started {
            Ok(root) => root,
            Err(error) => return Outcome::NotStarted(error),
        };
        tokio::select! {
            ended = root.ended() => Outcome::Ended(ended),
            signal = signals.next() => {
                stop(&root, signal, &mut signals, self.drain_delay, self.deadline).await
            }
        }
    }
}

async fn stop(
    root: &Supervisor,
    signal: Signal,
    signals: &mut Signals,
    drain_delay: Duration,
    deadline: Duration,
) -> Outcome {
    eprintln!("seaworthy: {}: stopping `{}`", signal.name, root.id());
    let orderly = async {
        if !drain_delay.is_zero() {
            tokio::time::sleep(drain_delay).await;
        }
        root.shutdown(deadline).await
    };
    tokio::select! {
        report = orderly => Outcome::Stopped(report),
        second = signals.next() => Outcome::Forced(second),
    }
}

/// How it went.
enum Outcome {
    NoSignals(std::io::Error),
    NotStarted(StartError),
    Ended(Ended),
    Stopped(ShutdownReport),
    Forced(Signal),
}

impl Outcome {
    fn tell(self) -> ExitCode {
        match self {
            Self::NoSignals(error) => {
                eprintln!("seaworthy: cannot listen for signals: {error}");
                ExitCode::from(1)
            }
            Self::NotStarted(error) => {
                eprintln!("seaworthy: {error}");
                ExitCode::from(1)
            }
            Self::Ended(Ended::Stopped | Ended::AutoShutdown) => ExitCode::SUCCESS,
            Self::Ended(ended) => {
                eprintln!("seaworthy: the root {ended}");
                ExitCode::from(1)
            }
            Self::Stopped(report) => {
                eprintln!("seaworthy: {report}");
                if report.is_clean() {
                    ExitCode::SUCCESS
                } else {
                    ExitCode::from(2)
                }
            }
            Self::Forced(signal) => {
                eprintln!("seaworthy: {} again: ending at once", signal.name);
                ExitCode::from(128 + signal.number)
            }
        }
    }
}
