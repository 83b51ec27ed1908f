//! The database and what reads from it: a chain in which the second depends on the first.
//!
//! The report keeps the file open through the store that the database opened. If the database crashes,
//! a file that is still open could not be opened again. Rest for one is the answer: the report, started
//! after the database, is stopped before the database comes back, and started again after it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use seaworthy_core::BoxError;
use seaworthy_supervisor::{Builder, Child, ChildResult, Context, Init, Strategy, Supervisor};
use tokio::sync::watch;
use tokio::task::block_in_place;
use tokio::time;

use crate::shop::report::{Press, Sheet};
use crate::shop::store::Store;
use crate::shop::till::Jobs;
use crate::shop::{database, report};

/// The queue of orders, which outlives its readers: whoever is the database right now holds the lock.
type Queue = Arc<tokio::sync::Mutex<Jobs>>;

/// How long the report writer may be silent.
const HEARTBEAT: Duration = Duration::from_millis(400);

pub(super) fn supervisor(
    file: PathBuf,
    jobs: Jobs,
    publish: watch::Sender<Sheet>,
    press: Press,
) -> Builder {
    let queue = Queue::new(jobs.into());
    let shelf = Shelf::default();
    let lender = shelf.clone();
    Supervisor::builder("storage")
        .strategy(Strategy::RestForOne)
        .child(Child::init("database", move |_cx| {
            open_database(file.clone(), queue.clone(), lender.clone())
        }))
        .child(
            Child::init("report", move |cx| {
                open_report(cx, shelf.clone(), publish.clone(), press.clone())
            })
            .heartbeat(HEARTBEAT),
        )
}

/// First opens the file; the report is started only when that is done.
async fn open_database(
    file: PathBuf,
    queue: Queue,
    shelf: Shelf,
) -> Result<Init<impl Future<Output = ChildResult>>, BoxError> {
    let store = Arc::new(block_in_place(|| Store::open(&file))?);
    shelf.put(&store);
    Ok(Init::Run(async move {
        let mut jobs = queue.lock().await;
        database::serve(&store, &mut jobs).await
    }))
}

/// First writes one report, so that there always is one; then a new one every so often.
async fn open_report(
    cx: Context,
    shelf: Shelf,
    publish: watch::Sender<Sheet>,
    press: Press,
) -> Result<Init<impl Future<Output = ChildResult>>, BoxError> {
    let store = shelf.take().ok_or("there is no database")?;
    let write = move || {
        let report = block_in_place(|| report::render(&store))?;
        publish.send_replace(Sheet::new(report));
        Ok::<(), BoxError>(())
    };
    write()?;
    Ok(Init::Run(async move {
        let mut due = time::interval(report::EVERY);
        loop {
            due.tick().await;
            press.free().await;
            write()?;
            cx.heartbeat();
        }
    }))
}

/// Where the database leaves its open store for those that come after it. The shelf itself does not
/// keep it open.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<Weak<Store>>>);

impl Shelf {
    fn put(&self, store: &Arc<Store>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(store);
    }

    fn take(&self) -> Option<Arc<Store>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .upgrade()
    }
}
