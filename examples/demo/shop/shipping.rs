//! What shipping costs: worked out by a native helper, a process of its own, and the shop's fourth bug.
//!
//! The helper stands for a library in another language that was built into a program of its own, so that
//! it cannot take the shop down with it. It is this very program, started with [`DESK`]: it reads a weight
//! in grams from each line of its stdin, and writes the price in cents.

use std::io::{self, BufRead, Write};
use std::time::Duration;

use seaworthy_core::BoxError;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::{mpsc, oneshot};
use tokio::time;

/// The argument with which this program is the helper.
pub(crate) const DESK: &str = "--shipping-desk";

/// The weight that crashes the helper: see [`price`].
pub(crate) const CURSED_WEIGHT: u32 = 1_313_131;

/// Whether there are helpers here: they are ended as Unix ends processes.
pub(crate) const EXISTS: bool = cfg!(unix);

/// Questions that may wait.
const QUEUE: usize = 256;

/// How long a customer waits for a price.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the helper does until its stdin ends.
pub(crate) fn work() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let answer = line.trim().parse().map_or_else(
            |_| format!("`{line}` is no weight in grams"),
            |grams| price(grams).to_string(),
        );
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

/// The bug: native code does not panic when an assertion fails, it aborts.
fn price(grams: u32) -> u32 {
    if grams == CURSED_WEIGHT {
        std::process::abort();
    }
    490 + grams / 10
}

/// A question on its way to the helper.
pub(crate) struct Question {
    grams: u32,
    answer: oneshot::Sender<u32>,
}

/// The helper's end of the queue.
pub(crate) type Questions = mpsc::Receiver<Question>;

/// The handlers' end of the queue.
#[derive(Clone)]
pub(crate) struct Quotes {
    questions: mpsc::Sender<Question>,
}

impl Quotes {
    pub(crate) fn open() -> (Self, Questions) {
        let (questions, queue) = mpsc::channel(QUEUE);
        (Self { questions }, queue)
    }

    /// What it costs to ship so much, in cents; `None` if nobody can say.
    pub(crate) async fn ask(&self, grams: u32) -> Option<u32> {
        let (answer, answered) = oneshot::channel();
        let told = async {
            self.questions.send(Question { grams, answer }).await.ok()?;
            answered.await.ok()
        };
        time::timeout(PATIENCE, told).await.ok()?
    }
}

/// Takes questions to the helper, one after the other, until there are no more, or the helper is gone.
pub(crate) async fn attend(
    stdin: impl AsyncWrite + Unpin,
    stdout: impl AsyncRead + Unpin,
    questions: &mut Questions,
) -> Result<(), BoxError> {
    let (mut stdin, mut lines) = (stdin, BufReader::new(stdout).lines());
    while let Some(Question { grams, answer }) = questions.recv().await {
        stdin.write_all(format!("{grams}\n").as_bytes()).await?;
        stdin.flush().await?;
        let line = lines.next_line().await?.ok_or("the helper hung up")?;
        // The customer may have gone.
        let _ = answer.send(line.parse()?);
    }
    Ok(())
}
