//! Supervision trees for tokio, with the semantics of Erlang/OTP.
//!
//! A supervisor starts its children in order, restarts those that crash, gives up when they crash
//! too often, and stops them in reverse order. Supervisors are children of supervisors, so a crash
//! that cannot be dealt with at one level is dealt with at the next: let it crash.
//!
//! ```
//! use std::time::Duration;
//! use seaworthy_supervisor::{Child, Context, Init, Restart, Strategy, Supervisor};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let storage = Supervisor::builder("storage")
//!     .strategy(Strategy::RestForOne) // what is started later depends on what is started earlier
//!     .child(Child::init("database", |cx: Context| async move {
//!         // The first phase: whoever comes after the database waits for it.
//!         let connection = format!("connection {}", cx.incarnation());
//!         Ok(Init::Run(async move {
//!             cx.shutdown().await; // taking it means: tell me, and give me time
//!             drop(connection);
//!             Ok(())
//!         }))
//!     }))
//!     .child(Child::task("report", |_cx| async move {
//!         tokio::time::sleep(Duration::from_secs(60)).await;
//!         Ok(()) // done for now: a permanent child is started again
//!     }));
//!
//! let root = Supervisor::builder("shop")
//!     .intensity(5, Duration::from_secs(10))
//!     .child(Child::supervisor(storage))
//!     .child(
//!         Child::task("import", |_cx| async move { Err("no such file".into()) })
//!             .restart(Restart::Temporary), // one try is enough
//!     )
//!     .start()
//!     .await?; // everything is up
//!
//! let database = root.child("storage/database").expect("it runs");
//! database.kill();
//! let down = database.monitor().await;
//! println!("{} ended: {}", down.path, down.reason);
//!
//! let report = root.shutdown(Duration::from_secs(30)).await;
//! assert!(report.is_clean());
//! # Ok(())
//! # }
//! ```
//!
//! # Where to find what
//!
//! * Many children of one kind: [`DynamicSupervisor`]; one-off pieces of work with results: [`TaskSupervisor`]; either
//!   of them, many times over and by key: [`PartitionedSupervisor`].
//! * Children that are not tasks: [`Child::blocking`] is a thread, [`Child::process`] an operating-system process.
//! * A tower service that is built anew when it breaks: [`service`].
//! * Two processes that do not outlive one another: [`Context::link`]; learning of an end: [`ChildRef::monitor`].
//! * For children that need it, all off by default: [back-off](Child::backoff), [heartbeats](Child::heartbeat),
//!   [quarantine](Child::quarantine), [dependencies](Child::depends_on), [hand-over](Context::hand_over), and what to do
//!   about those that [do not end](Child::on_zombie).
//! * A whole program: [`run`].
//!
//! # What is promised
//!
//! * An incarnation never overlaps the one before it: what it owns, and what it spawned through its
//!   [`Context`], is gone first.
//! * A panic in a child, in its first phase, in its drop, in a sub-task or in an observer is
//!   contained.
//! * An idle supervisor costs no task and no timer. A restart takes constant time.
//! * Memory is bounded: the restart window by the intensity, the history of a child to five exits.
//!
//! # What ends what
//!
//! * Dropping the last handle that [`Builder::start`] gave stops the tree in order, in the background.
//! * Dropping the runtime drops all children; the supervisors end with [`Ended::RuntimeGone`] and
//!   restart nothing.
//! * Under `panic = "abort"` a panic cannot be caught and ends the process: `start` then reports
//!   [`SupervisorEvent::PanicsAbort`].
//!
//! # Features
//!
//! * `metrics`: starts, exits and failures are counted through the `metrics` facade.
//! * `tracing`: crashes are reported, and each incarnation runs in a span of its own.
//! * `systemd`: [`run`] tells systemd how the tree is, and answers its watchdog (Unix).
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod address;
mod blocking;
mod body;
mod builder;
mod child;
mod config;
mod context;
mod degraded;
mod dynamic;
mod error;
mod event;
mod exit;
mod id;
mod info;
mod init;
mod link;
mod machine;
mod metrics;
mod monitor;
mod node;
mod partition;
#[cfg(unix)]
mod process;
mod report;
mod runner;
pub mod service;
mod snapshot;
mod supervisor;
mod task;
mod tasks;
mod watchdog;

pub use blocking::BlockingContext;
pub use builder::{Builder, SupervisorSpec};
pub use child::{Child, Template};
pub use config::{AutoShutdown, OnZombie, Restart, Shutdown, Strategy};
pub use context::{Context, ShutdownSignal};
pub use dynamic::{DynamicBuilder, DynamicSupervisor};
pub use error::{CallError, RestartChildError, StartChildError, StartError, StartFailure};
pub use event::{Ended, SupervisorEvent};
pub use exit::{ChildResult, ExitReason, Panic};
pub use id::ChildId;
pub use info::{ChildInfo, ChildKind, ChildState, Counts};
pub use init::Init;
pub use link::{Exit, Exits};
pub use monitor::{ChildRef, Down, Monitor};
pub use partition::{Partition, PartitionedBuilder, PartitionedSupervisor};
#[cfg(unix)]
pub use process::{Process, ProcessError, ProcessExit, ProcessIo, StopSignal};
pub use report::{CrashReport, PastExit, ShutdownReport, Stopped};
pub use runner::{Runner, run};
pub use service::{Supervised, SupervisedLayer};
pub use snapshot::{ChildSnapshot, TreeSnapshot};
pub use supervisor::Supervisor;
pub use tasks::{
    SpawnError, Task, TaskError, TaskStream, TaskSupervisor, TaskSupervisorBuilder, yield_many,
};

/// The example of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// The examples of the guide, compiled and run.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../../docs/supervision.md")]
    struct Supervision;
    #[doc = include_str!("../../../docs/from-erlang.md")]
    struct FromErlang;
}
