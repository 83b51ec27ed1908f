//! Reports on their way to the press: of those that wait, the newest is what counts.

use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::component::Registry;
use seaworthy_core::{BoxError, ConfigError};
use seaworthy_queue::{Overload, Queue, Receiver, Why};
use seaworthy_supervisor::{Child, ChildResult, Context, Init};
use tokio::sync::watch;
use tokio::time;

use crate::journal::Journal;
use crate::shop::report::{self, Press, Sheet};

/// How long the press may be silent.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// The queue, which outlives those who render and those who print. A newer sheet takes the place of one that nobody has
/// printed yet.
pub(super) fn queue(
    journal: &Arc<Journal>,
    registry: &Registry,
) -> Result<Queue<Sheet>, ConfigError> {
    let journal = Arc::clone(journal);
    Queue::builder("sheets")
        .capacity(1)
        .overload(Overload::DropOldest)
        .on_drop(move |dropped| {
            if dropped.why == Why::Evicted {
                journal.sheet_dropped();
            }
        })
        .registry(registry)
        .build()
}

/// Prints the sheets, and has to send heartbeats.
pub(super) fn press(sheets: Queue<Sheet>, publish: watch::Sender<Sheet>, press: Press) -> Child {
    let child = Child::init("press", move |cx| {
        open(cx, sheets.receiver(), publish.clone(), press.clone())
    });
    child.heartbeat(HEARTBEAT)
}

/// First prints what is there, so that there always is a report; then whatever comes.
async fn open(
    cx: Context,
    sheets: Receiver<Sheet>,
    publish: watch::Sender<Sheet>,
    press: Press,
) -> Result<Init<impl Future<Output = ChildResult>>, BoxError> {
    if let Ok(sheet) = sheets.try_recv() {
        publish.send_replace(sheet);
    }
    Ok(Init::Run(async move {
        loop {
            // That nothing is to be printed is no reason to be silent.
            if let Ok(sheet) = time::timeout(report::EVERY, sheets.recv()).await {
                let sheet = sheet.ok_or("nothing will ever be printed again")?;
                press.free().await;
                publish.send_replace(sheet);
            }
            cx.heartbeat();
        }
    }))
}
