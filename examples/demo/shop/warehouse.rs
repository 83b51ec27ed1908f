//! Whether things are in stock: known to an old system that answers over a few lines, which all of the shop shares.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time;

use super::class::Class;

/// Questions that it works on at a time.
const LINES: usize = 8;

/// How long somebody waits for a line. Whoever gets none by then does without an answer.
const PATIENCE: Duration = Duration::from_millis(300);

/// What is asked before an order is taken, for a page, and for the stock list under a report.
fn takes(class: Class) -> Duration {
    Duration::from_millis(match class {
        Class::Checkout => 4,
        Class::Pages => 8,
        Class::Reports => 80,
    })
}

/// The lines, first come, first served.
#[derive(Clone, Debug)]
pub(crate) struct Warehouse {
    lines: Arc<Semaphore>,
}

/// All lines are taken, and have been for some time.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no line to the warehouse is free")]
pub(crate) struct Busy;

impl Warehouse {
    pub(crate) fn new() -> Self {
        let lines = Arc::new(Semaphore::new(LINES));
        Self { lines }
    }

    /// Asks what a request of this class wants to know.
    ///
    /// Nothing is looked up: it takes its time, and one of the lines.
    pub(crate) async fn ask(&self, class: Class) -> Result<(), Busy> {
        let line = time::timeout(PATIENCE, self.lines.acquire()).await;
        let _line = line.map_err(|_| Busy)?.map_err(|_| Busy)?;
        time::sleep(takes(class)).await;
        Ok(())
    }
}
