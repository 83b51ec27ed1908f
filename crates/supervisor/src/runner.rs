//! A whole program as a supervision tree: signals, one deadline, an exit code.
//!
//! Two threads: the main one watches signals and deadlines and runs no code of a user, another one
//! starts and stops the tree. So nothing that blocks, be it all workers of the runtime, can
//! keep the program from ending.

mod conduct;
mod outcome;
mod signal;
mod systemd;
mod watch;

use std::process::ExitCode;
use std::time::Duration;

use seaworthy_core::panic;

use crate::builder::SupervisorSpec;

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
/// a thread that blocks, not even if all threads of the runtime do.
///
/// | exit code | meaning |
/// |---|---|
/// | 0 | stopped by a signal, or the root ended in order |
/// | 1 | the tree did not start, gave up, or was killed: whoever supervises processes should start it again |
/// | 2 | stopped by a signal, but children had to be killed or still run |
/// | 128 + n | a second signal, number n, came during the stop |
///
/// # systemd
///
/// With the feature `systemd` (on Unix), and if `NOTIFY_SOCKET` is set, it tells the service manager when the
/// tree is up, how it is, and when it stops; asks for more time while the tree starts or stops; and answers the
/// watchdog for as long as the tree does. `docs/systemd.md` has a unit file and what each message means.
///
/// # When not to use it
///
/// For a tree inside a program that has a runtime and ways to end of its own: then
/// [`Builder::start`](crate::Builder::start) and [`Supervisor::shutdown`](crate::Supervisor::shutdown) are what it needs.
#[derive(Debug)]
#[must_use = "call `run`"]
pub struct Runner {
    root: SupervisorSpec,
    deadline: Duration,
    drain_delay: Duration,
    heartbeat: Option<Duration>,
}

impl Runner {
    /// A program that is this tree.
    pub fn new(root: impl Into<SupervisorSpec>) -> Self {
        Self {
            root: root.into(),
            deadline: Duration::from_secs(25),
            drain_delay: Duration::ZERO,
            heartbeat: None,
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

    /// How often the tree is asked whether it is alive when systemd's watchdog wants to know. Default: three times
    /// in `WatchdogSec=`.
    ///
    /// It must be above zero and shorter than `WatchdogSec=`, or [`run`](Self::run) says so and ends with
    /// exit code 1 before anything starts. Where no watchdog asks, it does nothing.
    #[cfg(feature = "systemd")]
    #[cfg_attr(docsrs, doc(cfg(feature = "systemd")))]
    pub fn heartbeat(mut self, every: Duration) -> Self {
        self.heartbeat = Some(every);
        self
    }

    /// Runs until the end.
    ///
    /// # Panics
    ///
    /// If called inside a runtime: it makes one of its own.
    #[must_use = "return it from `main`"]
    pub fn run(self) -> ExitCode {
        if !panic::can_catch() {
            outcome::print(crate::degraded::PANICS_ABORT);
        }
        let (control, workers) = match runtimes() {
            Ok(runtimes) => runtimes,
            Err(error) => {
                outcome::print(&format!("cannot make a runtime: {error}"));
                return ExitCode::from(1);
            }
        };
        let code = control.block_on(self.watch(workers.handle().clone()));
        // What still blocks a thread must not keep the process.
        workers.shutdown_background();
        control.shutdown_background();
        ExitCode::from(code)
    }
}

/// The one of the main thread, for signals and deadlines, and the one of the tree.
fn runtimes() -> std::io::Result<(tokio::runtime::Runtime, tokio::runtime::Runtime)> {
    let control = tokio::runtime::Builder::new_current_thread()
        .thread_name("seaworthy-run")
        .enable_all()
        .build()?;
    let workers = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    Ok((control, workers))
}
