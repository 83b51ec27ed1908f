//! The database worker: one writer that stores the orders of many customers at once.
//!
//! Making an order durable costs a flush of the disk, whether one order is flushed or fifty. So the
//! orders queue for a single writer which takes all that are waiting and commits them together.

use seaworthy_core::BoxError;
use tokio::task;

use super::catalogue;
use super::store::{Record, Store};
use super::till::{Jobs, Order};

/// Orders in one transaction.
const BATCH: usize = 64;

/// A quantity that crashes the database worker: see [`price`].
pub(crate) const CURSED_QUANTITY: u64 = u64::MAX;

/// Stores orders until all tills are closed.
///
/// An order that has not been taken out of the queue stays there if this is dropped. An order that has
/// been taken is confirmed after its commit, or not at all.
pub(crate) async fn serve(store: &Store, jobs: &mut Jobs) -> Result<(), BoxError> {
    let mut batch = Vec::with_capacity(BATCH);
    while jobs.recv_many(&mut batch, BATCH).await > 0 {
        let records: Vec<Record> = batch.iter().map(|job| price(job.order)).collect();
        // The commit blocks for as long as the disk takes. It stays inside this task, where
        // `spawn_blocking` would leave it running on its own should the task be dropped.
        let first = task::block_in_place(|| store.commit(&records))?;
        for (id, job) in (first..).zip(batch.drain(..)) {
            // The customer may have gone; the order stands.
            let _ = job.confirm.send(id);
        }
    }
    Ok(())
}

/// What an order costs.
///
/// The bug: the handler lets any quantity pass, and here it is too late to be polite about it.
pub(crate) fn price(Order { product, quantity }: Order) -> Record {
    let product = catalogue::find(product).expect("the handler looked the product up");
    let total = product
        .price
        .checked_mul(quantity)
        .expect("no order is that large");
    Record {
        product: product.id,
        quantity,
        total,
    }
}
