//! How a handler hands an order to the database, and what it tells the customer if that fails.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use tokio::time;

/// Orders that may wait for the database; who comes after them waits too, up to [`PATIENCE`].
const QUEUE: usize = 1024;

/// How long a customer waits for a confirmation.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a customer wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Order {
    pub(crate) product: u16,
    pub(crate) quantity: u64,
}

/// An order on its way to the database.
pub(crate) struct Job {
    pub(crate) order: Order,
    /// Takes the order's id, once the order is on disk and not before.
    pub(crate) confirm: oneshot::Sender<u64>,
}

/// The database's end of the queue.
pub(crate) type Jobs = mpsc::Receiver<Job>;

/// The handlers' end of the queue.
#[derive(Clone)]
pub(crate) struct Till {
    jobs: mpsc::Sender<Job>,
}

/// Why an order was not confirmed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unconfirmed {
    #[error("the database is gone")]
    Gone,
    #[error("the database crashed with this order in hand; it may or may not be on disk")]
    Crashed,
    #[error("the database did not answer in time; the order may or may not be on disk")]
    TooLate,
}

impl Till {
    /// A till, and the queue of orders that are waiting to be stored.
    pub(crate) fn open() -> (Self, Jobs) {
        let (jobs, queue) = mpsc::channel(QUEUE);
        (Self { jobs }, queue)
    }

    /// Waits until the order is on disk, and returns its id.
    pub(crate) async fn check_out(&self, order: Order) -> Result<u64, Unconfirmed> {
        let (confirm, confirmed) = oneshot::channel();
        let stored = async {
            self.jobs
                .send(Job { order, confirm })
                .await
                .map_err(|_| Unconfirmed::Gone)?;
            confirmed.await.map_err(|_| Unconfirmed::Crashed)
        };
        time::timeout(PATIENCE, stored)
            .await
            .map_err(|_| Unconfirmed::TooLate)?
    }
}
