//! The database and what reads from it: a chain in which each depends on those before it.
//!
//! The report keeps the file open through the store that the database opened. If the database crashes,
//! a file that is still open could not be opened again. Rest for one is the answer: the report, started
//! after the database, is stopped before the database comes back, and started again after it. The press, which may
//! hang, is the last: it comes and goes without the others.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use seaworthy_core::BoxError;
use seaworthy_queue::{Queue, Sender};
use seaworthy_supervisor::{Builder, Child, ChildResult, Init, Strategy, Supervisor};
use tokio::sync::watch;
use tokio::task::block_in_place;
use tokio::time;

use super::orders::{self, Orders};
use super::reports;
use crate::journal::Journal;
use crate::shop::report::{self, Press, Sheet};
use crate::shop::store::Store;

/// One cursed order alone makes for [three](orders) crashes.
const CRASHES: u32 = 10;

pub(super) fn supervisor(
    file: PathBuf,
    orders: Orders,
    journal: Arc<Journal>,
    sheets: Queue<Sheet>,
    publish: watch::Sender<Sheet>,
    press: Press,
) -> Builder {
    let shelf = Shelf::default();
    let lender = shelf.clone();
    let rendered = sheets.clone();
    Supervisor::builder("storage")
        .strategy(Strategy::RestForOne)
        .intensity(CRASHES, Duration::from_secs(5))
        .child(Child::init("database", move |_cx| {
            let journal = Arc::clone(&journal);
            open_database(file.clone(), orders.clone(), journal, lender.clone())
        }))
        .child(Child::init("report", move |_cx| {
            open_report(shelf.clone(), rendered.sender())
        }))
        .child(reports::press(sheets, publish, press))
}

/// First opens the file; the report is started only when that is done.
async fn open_database(
    file: PathBuf,
    orders: Orders,
    journal: Arc<Journal>,
    shelf: Shelf,
) -> Result<Init<impl Future<Output = ChildResult>>, BoxError> {
    let store = Arc::new(block_in_place(|| Store::open(&file))?);
    shelf.put(&store);
    Ok(Init::Run(async move {
        orders::serve(&store, &orders, &journal).await
    }))
}

/// First renders one report, so that the press has something to print; then a new one every so often.
async fn open_report(
    shelf: Shelf,
    sheets: Sender<Sheet>,
) -> Result<Init<impl Future<Output = ChildResult>>, BoxError> {
    let store = shelf.take().ok_or("there is no database")?;
    let render = move || {
        let report = block_in_place(|| report::render(&store))?;
        sheets.try_send(Sheet::new(report))?;
        Ok::<(), BoxError>(())
    };
    render()?;
    Ok(Init::Run(async move {
        let mut due = time::interval(report::EVERY);
        // The first one is rendered.
        due.reset();
        loop {
            due.tick().await;
            render()?;
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
