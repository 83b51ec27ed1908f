//! What a database worker does: it stores the orders of some customers at once.
//!
//! Making an order durable costs a flush of the disk and a copy elsewhere, whether one order is stored or four. So
//! the orders queue for a single worker, which takes some that are waiting and commits them together.

use std::time::Duration;

use seaworthy_core::BoxError;
use tokio::{task, time};

use super::catalogue;
use super::store::{Record, Sale, Store};
use super::till::{Order, Ticket};

/// Orders in one transaction.
pub(crate) const BATCH: usize = 4;

/// What a copy takes: see [`copy`].
const COPY: Duration = Duration::from_millis(20);

/// A quantity that crashes the database worker: see [`price`].
pub(crate) const CURSED_QUANTITY: u64 = u64::MAX;

/// Stores the orders, and returns their ids. Those that are known by their tokens have the ids that they had.
///
/// Dropped in the middle it leaves them on disk, with nobody told.
pub(crate) async fn keep(store: &Store, tickets: &[Ticket]) -> Result<Vec<u64>, BoxError> {
    let record = |ticket: &Ticket| Record {
        sale: price(ticket.order),
        token: ticket.token,
    };
    let records: Vec<Record> = tickets.iter().map(record).collect();
    // The commit blocks for as long as the disk takes. It stays inside this task, where
    // `spawn_blocking` would leave it running on its own should the task be dropped.
    let stored = task::block_in_place(|| store.commit(&records))?;
    // What was there when the worker came is copied already.
    if stored.iter().any(|stored| stored.is_new) {
        copy().await;
    }
    Ok(stored.iter().map(|stored| stored.id).collect())
}

/// Brings a second site up to date with what is on disk. Before that nobody is told that an order is safe, and a worker
/// that is new begins with it.
///
/// Nothing is copied here: it takes its time and does nothing. This is what limits the orders in a second, on any
/// machine, and when a worker can be killed with orders in its hands that are on disk.
pub(crate) async fn copy() {
    time::sleep(COPY).await;
}

/// What an order costs.
///
/// The bug: the handler lets any quantity pass, and here it is too late to be polite about it.
pub(crate) fn price(Order { product, quantity }: Order) -> Sale {
    let product = catalogue::find(product).expect("the handler looked the product up");
    let total = product
        .price
        .checked_mul(quantity)
        .expect("no order is that large");
    Sale {
        product: product.id,
        quantity,
        total,
    }
}
