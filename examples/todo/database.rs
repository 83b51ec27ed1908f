//! The database workers: a supervised pool over one queue.
//!
//! An entry stays in the queue until it is on disk. A worker that crashes with it in its hands does not take it away:
//! another worker gets it. One that kills three workers is put aside, so that it cannot kill all of them for ever.

use std::sync::Arc;
use std::time::Duration;

use seaworthy::core::ConfigError;
use seaworthy::queue::{Deliveries, Overload, Queue, Receiver};
use seaworthy::supervisor::{Child, ChildResult, Supervisor};
use tokio::sync::mpsc;
use tokio::task::block_in_place;
use tokio::time;

use crate::store::{Store, Written};

const WORKERS: usize = 3;

/// An entry on its way to disk.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) user: String,
    pub(crate) number: u64,
    pub(crate) text: String,
    /// Who wants to know. When all copies of the entry are gone without a word, it is known as well.
    pub(crate) done: mpsc::Sender<Written>,
}

/// The pool, and the queue that it works on. The queue outlives the pool: what is in it when all workers are killed is
/// there for the next ones.
pub(crate) fn pool(store: &Arc<Store>) -> Result<(Child, Queue<Write>), ConfigError> {
    let mut deliveries = Deliveries::default();
    deliveries.max_attempts = 3;
    let writes = Queue::builder("writes")
        .capacity(100)
        .overload(Overload::WaitFor(Duration::from_secs(1)))
        .deliveries(deliveries)
        .build()?;
    let workers = (1..=WORKERS).map(|number| {
        let (writes, store) = (writes.clone(), Arc::clone(store));
        Child::task(format!("worker-{number}"), move |_cx| {
            work(writes.receiver(), Arc::clone(&store))
        })
    });
    let dead = writes.clone();
    // Crashes of single workers are nothing to worry about: an entry that causes them is put aside soon.
    let pool = Supervisor::builder("database")
        .intensity(20, Duration::from_secs(5))
        .children(workers)
        .child(Child::task("dead-letters", move |_cx| bury(dead.clone())));
    Ok((Child::supervisor(pool), writes))
}

async fn work(writes: Receiver<Write>, store: Arc<Store>) -> ChildResult {
    while let Some(delivery) = writes.recv_delivery().await {
        // Two bugs, so that you can see what they do: one that strikes once, and one that always does.
        if delivery.text.contains("bug") && delivery.attempt() == 1 {
            return Err("a bug, with an entry in hand".into());
        }
        assert!(delivery.text != "poison", "no worker can stomach this");

        let Write {
            user, number, text, ..
        } = &*delivery;
        // Let it crash: an entry that cannot be written now comes again, to a worker that may fare better.
        let written = block_in_place(|| store.write(user, *number, text))?;
        let done = delivery.done.clone();
        delivery.ack()?;
        // Whoever asked may be gone.
        let _ = done.try_send(written);
    }
    Ok(())
}

/// Says which entries were put aside, and lets go of them, by which whoever waits for one is told.
async fn bury(writes: Queue<Write>) -> ChildResult {
    let mut round = time::interval(Duration::from_millis(50));
    loop {
        round.tick().await;
        while let Some(letter) = writes.take_dead_letter() {
            let Write { user, text, .. } = letter.item();
            let (times, last) = (letter.attempts(), letter.last_failure());
            println!("  put aside after {times} attempts: `{text}` of {user} ({last})");
        }
    }
}
