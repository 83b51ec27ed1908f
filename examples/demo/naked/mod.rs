//! The same shop as a careful author writes it with axum and tokio alone.
//!
//! Nothing in here is made to look bad. Every task is watched and its end logged, errors are returned,
//! jobs get a task of their own, the server shuts down gracefully. What it does not do is bring back
//! what has died. That would take more than a loop around the database task: its queue died with it,
//! the report still holds the file open, and a loop without a limit spins for ever on a file that
//! is really broken. Code for all that is a supervisor. Some let the process exit instead, and have
//! systemd start it anew: then those who only look at a page meet the outage as well.

mod orders;

use std::env;
use std::io;
use std::pin::pin;
use std::process::Stdio;
use std::sync::Arc;

use seaworthy_core::BoxError;
use tokio::process::Command;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::{task, time};
use tower::ServiceBuilder;

use crate::journal::Journal;
use crate::panics;
use crate::shop::pages::{self, Page, Pages, Printer};
use crate::shop::recommender::{self, Recommended, Recommender};
use crate::shop::report::{Press, Sheet};
use crate::shop::shipping::{self, Questions, Quotes};
use crate::shop::store::Store;
use crate::shop::warehouse::Warehouse;
use crate::shop::{report, web};
use crate::storm::Blow;
use crate::trial::{Build, Site};

/// The running shop.
pub(crate) struct Naked {
    /// Panics before it opened.
    earlier_panics: u64,
    database: Watched,
    reports: Watched,
    desk: Watched,
    press: Press,
    server: JoinHandle<io::Result<()>>,
    /// Dropped to close the shop.
    open: watch::Sender<()>,
}

/// A task, and another one that waits for it and logs how it ended: nobody has to guess later.
struct Watched {
    task: AbortHandle,
    logged: JoinHandle<()>,
}

impl Build for Naked {
    const NAME: &'static str = "naked";

    async fn open(site: Site<'_>, journal: Arc<Journal>) -> Result<Self, BoxError> {
        let Site {
            file,
            door,
            upstream,
            products,
        } = site;
        let earlier_panics = panics::hushed();
        let store = Arc::new(Store::open(file)?);
        let (till, jobs) = orders::open(&journal);
        let (publish, report) = watch::channel(Sheet::new(report::render(&store)?));
        let press = Press::default();
        let (open, closing) = watch::channel(());

        // The queue has one reader, so the reader owns it: this is how a tokio actor is written.
        let database = Watched::spawn("database", &journal, orders::serve(store.clone(), jobs));
        let reports = write_reports(
            store,
            publish,
            press.clone(),
            closing.clone(),
            journal.clone(),
        );
        let reports = Watched::spawn("report", &journal, reports);

        let (quotes, questions) = Quotes::open();
        let desk = Watched::spawn("shipping", &journal, staff_the_desk(questions));
        journal.started("catalogue");
        let pages = ServiceBuilder::new()
            .map_response(Page::read)
            .service(pages::stack(Printer { products }));
        // Who does not answer in time is not waited for: a page does without.
        let recommender = ServiceBuilder::new()
            .map_response(Recommended::by_service)
            .timeout(recommender::PATIENCE)
            .service(recommender::client(upstream));

        // `axum::serve` gives each connection its own task, so a handler that panics takes down its
        // connection and nothing else.
        let door = tokio::net::TcpListener::from_std(door)?;
        let front = web::Front {
            till,
            report,
            pages: Pages::new(pages),
            recommender: Recommender::new(recommender),
            quotes,
            warehouse: Warehouse::open()?,
        };
        let server = axum::serve(door, web::router(front)).with_graceful_shutdown(closed(closing));
        let server = tokio::spawn(server.into_future());
        Ok(Self {
            earlier_panics,
            database,
            reports,
            desk,
            press,
            server,
            open,
        })
    }

    async fn strike(&self, blow: Blow) {
        match blow {
            // There is nothing that comes back, so a burst is no more than its first blow.
            Blow::KillDatabase | Blow::CrashStorage => self.database.task.abort(),
            Blow::JamPress => self.press.jam(),
        }
    }

    fn crashes(&self, journal: &Journal) -> u64 {
        // The tasks of `axum::serve` are its own: that one has panicked is known to the panic hook only.
        journal.crashes() + panics::hushed() - self.earlier_panics
    }

    fn picture(&self) -> Option<String> {
        None
    }

    async fn close(self) -> Result<(), BoxError> {
        drop(self.open);
        // With the server go the tills, and with the last till the database has nothing more to do.
        self.server.await??;
        self.database.logged.await?;
        self.reports.logged.await?;
        self.desk.logged.await?;
        Ok(())
    }
}

async fn closed(mut closing: watch::Receiver<()>) {
    // Nothing is ever sent: it ends when the sender is dropped.
    while closing.changed().await.is_ok() {}
}

/// The helper is started once and talked to until it hangs up.
async fn staff_the_desk(mut questions: Questions) -> Result<(), BoxError> {
    let mut helper = Command::new(env::current_exe()?)
        .arg(shipping::DESK)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let stdin = helper.stdin.take().ok_or("no stdin")?;
    let stdout = helper.stdout.take().ok_or("no stdout")?;
    let attended = shipping::attend(stdin, stdout, &mut questions).await;
    // With its stdin it ends, if it has not aborted already.
    let status = helper.wait().await?;
    attended.map_err(|error| format!("{error}: {status}").into())
}

/// Each report is a job of its own: one that fails or panics is logged, and the next one is due soon.
async fn write_reports(
    store: Arc<Store>,
    publish: watch::Sender<Sheet>,
    press: Press,
    closing: watch::Receiver<()>,
    journal: Arc<Journal>,
) -> Result<(), BoxError> {
    let mut due = time::interval(report::EVERY);
    let mut closed = pin!(closed(closing));
    loop {
        tokio::select! {
            _ = due.tick() => {}
            () = &mut closed => return Ok(()),
        }
        tokio::select! {
            () = press.free() => {}
            () = &mut closed => return Ok(()),
        }
        let store = store.clone();
        match task::spawn_blocking(move || report::render(&store)).await {
            Ok(Ok(report)) => drop(publish.send_replace(Sheet::new(report))),
            Ok(Err(error)) => journal.log(format_args!("no report: {error}")),
            Err(panicked) => journal.log(format_args!("no report: {panicked}")),
        }
    }
}

impl Watched {
    fn spawn(
        name: &'static str,
        journal: &Arc<Journal>,
        task: impl Future<Output = Result<(), BoxError>> + Send + 'static,
    ) -> Self {
        let running = tokio::spawn(task);
        let task = running.abort_handle();
        let journal = journal.clone();
        journal.started(name);
        let logged = tokio::spawn(async move {
            match running.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => journal.crashed(format_args!("{name} failed: {error}")),
                // The panic hook has counted it.
                Err(ended) if ended.is_panic() => journal.log(format_args!("{name}: {ended}")),
                Err(ended) => journal.crashed(format_args!("{name}: {ended}")),
            }
        });
        Self { task, logged }
    }
}
