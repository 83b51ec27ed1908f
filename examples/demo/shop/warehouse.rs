//! Whether things are in stock: known to an old system that answers over a few lines, which all of the shop shares.
//!
//! It is somebody else's, so it has a thread and a runtime of its own: how long it takes for an answer, and for how long a
//! line is taken, does not depend on how busy the shop is.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time;

use super::class::Class;

/// Questions that it works on at a time.
const LINES: usize = 8;

/// How long somebody waits for a line. Whoever gets none by then does without an answer.
const PATIENCE: Duration = Duration::from_millis(300);

/// Questions on their way to it.
const WIRE: usize = 1024;

/// What is asked before an order is taken, for a page, and for the stock list under a report.
fn takes(class: Class) -> Duration {
    Duration::from_millis(match class {
        Class::Checkout => 4,
        Class::Pages => 8,
        Class::Reports => 80,
    })
}

/// The shop's end of the wire; with the last one the thread ends.
#[derive(Clone)]
pub(crate) struct Warehouse {
    questions: mpsc::Sender<Question>,
}

/// A question, and where the answer is to go.
struct Question {
    class: Class,
    answer: oneshot::Sender<()>,
}

/// All lines are taken, and have been for some time.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no line to the warehouse is free")]
pub(crate) struct Busy;

impl Warehouse {
    pub(crate) fn open() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_time().build()?;
        let (questions, asked) = mpsc::channel(WIRE);
        thread::Builder::new().spawn(move || runtime.block_on(answer(asked)))?;
        Ok(Self { questions })
    }

    /// Asks what a request of this class wants to know.
    pub(crate) async fn ask(&self, class: Class) -> Result<(), Busy> {
        let (answer, answered) = oneshot::channel();
        let question = Question { class, answer };
        self.questions.send(question).await.map_err(|_| Busy)?;
        answered.await.map_err(|_| Busy)
    }
}

/// Answers all questions, first come, first served. A question that gets no line in time is dropped.
async fn answer(mut asked: mpsc::Receiver<Question>) {
    let lines = Arc::new(Semaphore::new(LINES));
    while let Some(Question { class, answer }) = asked.recv().await {
        let lines = Arc::clone(&lines);
        tokio::spawn(async move {
            if let Ok(Ok(_line)) = time::timeout(PATIENCE, lines.acquire()).await {
                // Nothing is looked up: it takes its time, and one of the lines.
                time::sleep(takes(class)).await;
                // The customer may have gone.
                let _ = answer.send(());
            }
        });
    }
}
