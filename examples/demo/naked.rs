//! The same shop as a careful author writes it with axum and tokio alone.
//!
//! Nothing in here is made to look bad. Every task is watched and its end logged, errors are returned,
//! jobs get a task of their own, the server shuts down gracefully. What it does not do is bring back
//! what has died. That would take more than a loop around the database task: its queue died with it,
//! the report still holds the file open, and a loop without a limit spins for ever on a file that
//! is really broken. Code for all that is a supervisor.

use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use seaworthy_core::BoxError;
use tokio::sync::{oneshot, watch};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::{task, time};

use crate::journal::Journal;
use crate::shop::store::Store;
use crate::shop::till::{Jobs, Till};
use crate::shop::{database, report, web};
use crate::storm::Blow;
use crate::trial::Build;

/// The running shop.
pub(crate) struct Naked {
    journal: Arc<Journal>,
    database: AbortHandle,
    reports: AbortHandle,
    server: JoinHandle<io::Result<()>>,
    stop: oneshot::Sender<()>,
}

impl Build for Naked {
    const NAME: &'static str = "naked";

    async fn open(file: &Path, listener: TcpListener, journal: Arc<Journal>) -> Result<Self, BoxError> {
        let store = Arc::new(Store::open(file)?);
        let (till, jobs) = Till::open();
        let (publish, report) = watch::channel(report::render(&store)?);

        // The queue has one reader, so the reader owns it: this is how a tokio actor is written.
        let database = spawn_watched("database", &journal, take_orders(store.clone(), jobs));
        let reports = write_reports(store, publish, journal.clone());
        let reports = spawn_watched("report", &journal, reports);

        // `axum::serve` gives each connection its own task, so a handler that panics takes down its
        // connection and nothing else.
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (stop, stopped) = oneshot::channel();
        let server = axum::serve(listener, web::router(web::Front { till, report }))
            .with_graceful_shutdown(async { drop(stopped.await) });
        let server = tokio::spawn(server.into_future());
        Ok(Self { journal, database, reports, server, stop })
    }

    async fn strike(&self, blow: Blow) {
        match blow {
            // There is nothing that comes back, so a burst is no more than its first blow.
            Blow::KillDatabase | Blow::CrashStorage => self.database.abort(),
        }
    }

    fn tree(&self) -> Option<String> {
        None
    }

    async fn close(self) -> Result<(), BoxError> {
        // From front to back: no more requests, then no more work.
        drop(self.stop);
        self.server.await??;
        self.journal.close();
        self.database.abort();
        self.reports.abort();
        Ok(())
    }
}

async fn take_orders(store: Arc<Store>, mut jobs: Jobs) -> Result<(), BoxError> {
    database::serve(&store, &mut jobs).await
}

/// Each report is a job of its own: one that fails or panics is logged, and the next one is due soon.
async fn write_reports(
    store: Arc<Store>,
    publish: watch::Sender<String>,
    journal: Arc<Journal>,
) -> Result<(), BoxError> {
    let mut due = time::interval(report::EVERY);
    loop {
        due.tick().await;
        let store = store.clone();
        match task::spawn_blocking(move || report::render(&store)).await {
            Ok(Ok(report)) => drop(publish.send_replace(report)),
            Ok(Err(error)) => journal.log(format_args!("no report: {error}")),
            Err(panicked) => journal.log(format_args!("no report: {panicked}")),
        }
    }
}

/// Spawns a task, and another that waits for it and logs how it ended: nobody has to guess later.
fn spawn_watched(
    name: &'static str,
    journal: &Arc<Journal>,
    task: impl Future<Output = Result<(), BoxError>> + Send + 'static,
) -> AbortHandle {
    let task = tokio::spawn(task);
    let handle = task.abort_handle();
    let journal = journal.clone();
    journal.started(name);
    tokio::spawn(async move {
        match task.await {
            Ok(Ok(())) => journal.log(format_args!("{name} is done")),
            Ok(Err(error)) => journal.crashed(format_args!("{name} failed: {error}")),
            Err(ended) => journal.crashed(format_args!("{name} ended: {ended}")),
        }
    });
    handle
}
