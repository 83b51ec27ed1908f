//! The shop under a supervision tree.
//!
//! ```text
//! shop                      one for one: storage and web live and die on their own
//! ├─ storage                rest for one: the report depends on the database
//! │  ├─ database
//! │  └─ report
//! └─ web                    rest for one: the listener needs a place for its connections
//!    ├─ connections         dynamic: a child for each open connection
//!    └─ listener
//! ```
//!
//! What has to survive a crash lives outside the child that may crash, and is handed to each of its
//! incarnations: the queue of orders, the last report, the listening socket.

mod connections;
mod storage;

use std::net::TcpListener;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::routing::get;
use seaworthy_core::BoxError;
use seaworthy_core::event::{Event, Events};
use seaworthy_supervisor::{Builder, Child, Runner, Supervisor, SupervisorEvent, TreeSnapshot};
use tokio::sync::watch;
use tokio::time;

use crate::journal::Journal;
use crate::shop::till::Till;
use crate::shop::web;
use crate::storm::Blow;
use crate::trial::{self, Build};

/// How long all of the shop may take to close.
const DEADLINE: Duration = Duration::from_secs(10);

/// The whole tree.
fn tree(file: &Path, door: TcpListener) -> Builder {
    let (till, jobs) = Till::open();
    let (publish, report) = watch::channel(String::new());
    let shop = Supervisor::builder("shop");
    let handle = shop.handle();
    let router = web::router(web::Front { till, report }).route(
        "/tree",
        get(async move || picture(&handle).unwrap_or_default()),
    );

    // In this order, since orders are stopped in the reverse one: nobody comes in any more before
    // the storage closes.
    shop.child(Child::supervisor(storage::supervisor(
        file.to_owned(),
        jobs,
        publish,
    )))
    .child(Child::supervisor(connections::supervisor(door, router)))
}

/// The running shop.
pub(crate) struct Supervised {
    root: Supervisor,
}

impl Build for Supervised {
    const NAME: &'static str = "supervised";

    async fn open(file: &Path, door: TcpListener, journal: Arc<Journal>) -> Result<Self, BoxError> {
        let events = Events::new();
        events
            .observe(move |event| record(event, &journal))
            .forget();
        Ok(Self {
            root: tree(file, door).events(&events).start().await?,
        })
    }

    async fn strike(&self, blow: Blow) {
        match blow {
            Blow::KillDatabase => while !self.kill("storage/database").await {},
            Blow::CrashStorage => {
                let storage = self.incarnation("storage");
                while self.incarnation("storage") == storage {
                    self.kill("storage/database").await;
                }
            }
        }
    }

    fn crashes(&self, journal: &Journal) -> u64 {
        journal.crashes()
    }

    fn picture(&self) -> Option<String> {
        picture(&self.root)
    }

    async fn close(self) -> Result<(), BoxError> {
        let report = self.root.shutdown(DEADLINE).await;
        if report.is_clean() {
            Ok(())
        } else {
            Err(report.to_string().into())
        }
    }
}

impl Supervised {
    fn incarnation(&self, path: &str) -> Option<u64> {
        self.root.child(path).map(|child| child.incarnation())
    }

    /// Kills a child and waits until it is gone. If it is just being restarted, waits a moment.
    async fn kill(&self, path: &str) -> bool {
        let Some(child) = self.root.child(path) else {
            time::sleep(Duration::from_millis(1)).await;
            return false;
        };
        let down = child.monitor();
        let hit = child.kill();
        down.await;
        hit
    }
}

/// Keeps the shop up until a signal comes, with nobody breaking anything but the visitor.
pub(crate) fn serve(port: u16, verbose: bool) -> Result<ExitCode, BoxError> {
    let folder = tempfile::tempdir()?;
    let door = trial::knock_through(port)?;
    let url = format!("http://{}", door.local_addr()?);
    println!(
        "the shop is open at {url}/products, its report at {url}/report, its tree at {url}/tree"
    );
    println!("{url}/products/13 crashes its handler; Ctrl-C closes the shop");

    let journal = Journal::new(verbose);
    let events = Events::new();
    events
        .observe(move |event| record(event, &journal))
        .forget();
    let tree = tree(&folder.path().join("orders.redb"), door).events(&events);
    Ok(Runner::new(tree).shutdown_deadline(DEADLINE).run())
}

/// What the tree reports, in the words that both builds share.
fn record(event: &Event, journal: &Journal) {
    match event.detail() {
        Some(SupervisorEvent::ChildCrashed(report)) => journal.crashed(report),
        Some(SupervisorEvent::SupervisorStarting { path }) => journal.started(path),
        // The instances of a template have numbers. They are meant to come and go.
        Some(SupervisorEvent::ChildStarted { path, .. }) if !path.contains("/#") => {
            journal.started(path);
        }
        Some(gives_up @ SupervisorEvent::IntensityExceeded { .. }) => journal.log(gives_up),
        _ => {}
    }
}

/// The tree as it is now, with the connections only counted.
fn picture(root: &Supervisor) -> Option<String> {
    fn fold_instances(tree: &mut TreeSnapshot) {
        if tree.strategy.is_none() {
            tree.omitted += tree.children.len();
            tree.children.clear();
        }
        tree.children
            .iter_mut()
            .filter_map(|child| child.below.as_mut())
            .for_each(fold_instances);
    }
    let mut tree = root.snapshot()?;
    fold_instances(&mut tree);
    Some(format!("{tree}\n"))
}
