//! Orders on their way to the database: a channel, and an answer for each.

use std::sync::Arc;

use seaworthy_core::BoxError;
use tokio::sync::{mpsc, oneshot};
use tower::service_fn;

use crate::journal::Journal;
use crate::shop::database::{self, BATCH};
use crate::shop::store::Store;
use crate::shop::till::{self, Ticket, Till, Unconfirmed};

/// Orders that may wait for the database; who comes after them waits too, for as long as he likes.
const QUEUE: usize = 1024;

/// An order on its way to the database.
pub(super) struct Job {
    ticket: Ticket,
    /// Takes the order's id, once the order is on disk and not before.
    confirm: oneshot::Sender<u64>,
}

/// A till, and the queue of orders that are waiting to be stored.
pub(super) fn open(journal: &Arc<Journal>) -> (Till, mpsc::Receiver<Job>) {
    let (jobs, queue) = mpsc::channel(QUEUE);
    let journal = Arc::clone(journal);
    let till = till::open(service_fn(move |ticket| {
        let (jobs, journal) = (jobs.clone(), Arc::clone(&journal));
        async move {
            let (confirm, confirmed) = oneshot::channel();
            let sent = jobs.send(Job { ticket, confirm }).await;
            sent.map_err(|_| Unconfirmed::Gone)?;
            journal.orders.queued(jobs.max_capacity() - jobs.capacity());
            confirmed.await.map_err(|_| Unconfirmed::Crashed)
        }
    }));
    (till, queue)
}

/// Stores orders until all tills are closed.
///
/// An order that has been taken out of the queue is confirmed after its commit, or not at all.
pub(super) async fn serve(
    store: Arc<Store>,
    mut jobs: mpsc::Receiver<Job>,
) -> Result<(), BoxError> {
    let mut batch = Vec::with_capacity(BATCH);
    while jobs.recv_many(&mut batch, BATCH).await > 0 {
        let tickets: Vec<Ticket> = batch.iter().map(|job: &Job| job.ticket).collect();
        let ids = database::keep(&store, &tickets).await?;
        for (id, job) in ids.into_iter().zip(batch.drain(..)) {
            // The customer may have gone; the order stands.
            let _ = job.confirm.send(id);
        }
    }
    Ok(())
}
