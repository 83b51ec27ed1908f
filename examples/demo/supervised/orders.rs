//! Orders on their way to the database, and what becomes of those that it had in hand when it crashed.
//!
//! ```text
//! till -> queue: bounded, no wait for room -> deliveries -> database worker -> acknowledged -> customer told
//! ```
//!
//! An order stays in the queue until it is on disk. The one that had it may crash: the next one gets it, finds it by its
//! token if it is on disk already, and tells the customer, who has only waited. What no worker can stomach becomes a dead
//! letter.

#[cfg(test)]
mod tests;

use std::iter;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::component::Registry;
use seaworthy_core::{BoxError, ConfigError, Executed};
use seaworthy_queue::{Codel, Dropped, Overload, Queue};
use tokio::sync::mpsc;
use tower::service_fn;

use crate::journal::Journal;
use crate::shop::database::{self, BATCH};
use crate::shop::store::Store;
use crate::shop::till::{self, PATIENCE, Ticket, Till, Unconfirmed};

const NAME: &str = "orders";

/// What the database stores in a quarter of a second. A longer queue would only make more of them late.
const CAPACITY: usize = 48;

/// When all have waited for longer than one transaction takes, for several in a row, it is no burst any more.
fn no_burst() -> Codel {
    let mut codel = Codel::default();
    codel.target = Duration::from_millis(25);
    codel
}

/// An innocent order is delivered three times at most: together with a cursed one; then alone, to one who is killed
/// after it is on disk; then to one who finds it there, and acknowledges it before anybody can kill him.
const ATTEMPTS: u32 = 3;

/// An order, and who wants to know what becomes of it.
#[derive(Clone)]
pub(super) struct Parcel {
    ticket: Ticket,
    answer: mpsc::Sender<Result<u64, Unconfirmed>>,
}

impl Parcel {
    fn tell(&self, outcome: Result<u64, Unconfirmed>) {
        // The customer may have gone.
        let _ = self.answer.try_send(outcome);
    }
}

/// The queue, which outlives the workers.
pub(super) type Orders = Queue<Parcel>;

/// A till, and the queue of orders that are waiting to be stored.
pub(super) fn open(
    journal: &Arc<Journal>,
    registry: &Registry,
) -> Result<(Till, Orders), ConfigError> {
    let book = Arc::clone(journal);
    let queue = Queue::builder(NAME)
        .capacity(CAPACITY)
        .overload(Overload::Reject)
        .useful_for(|_: &Parcel| Some(PATIENCE))
        .codel(no_burst())
        .max_attempts(ATTEMPTS)
        .on_drop(move |dropped: Dropped<Parcel>| {
            book.orders.dropped(dropped.why);
            dropped.item.tell(Err(too_late(&dropped)));
        })
        .registry(registry)
        .build()?;
    let (sender, journal) = (queue.sender(), Arc::clone(journal));
    let till = till::open(service_fn(move |ticket| {
        let (answer, mut told) = mpsc::channel(1);
        let sent = sender.try_send(Parcel { ticket, answer });
        match &sent {
            Ok(_) => journal.orders.queued(sender.len()),
            Err(_) => journal.orders.rejected(),
        }
        async move {
            sent.map_err(|full| Unconfirmed::TurnedAway(full.to_rejected(NAME)))?;
            // Nobody says anything only if the queue is gone.
            told.recv().await.unwrap_or(Err(Unconfirmed::Gone))
        }
    }));
    Ok((till, queue))
}

/// What a customer is told whose order was dropped when it was its turn.
fn too_late(dropped: &Dropped<Parcel>) -> Unconfirmed {
    let rejected = dropped.to_rejected(NAME);
    match rejected.executed() {
        // It was never with a worker.
        Executed::No => Unconfirmed::TurnedAway(rejected),
        Executed::Maybe => Unconfirmed::TooLate,
    }
}

/// Stores orders for ever.
pub(super) async fn serve(
    store: &Store,
    orders: &Orders,
    journal: &Journal,
) -> Result<(), BoxError> {
    put_aside(orders, journal);
    // What the one before put on disk, and nowhere else.
    database::copy().await;
    let receiver = orders.receiver();
    while let Some(first) = receiver.recv_delivery().await {
        let mut batch = vec![first];
        if batch[0].attempt() == 1 {
            // Those that come again go before all others: here are none of them.
            let more = iter::from_fn(|| receiver.try_recv_delivery().ok());
            batch.extend(more.take(BATCH - 1));
        } else {
            // It may be the one that crashes workers. Alone, it takes no other one with it.
            journal.orders.redelivered();
        }
        let tickets: Vec<Ticket> = batch.iter().map(|delivery| delivery.ticket).collect();
        let ids = database::keep(store, &tickets).await?;
        for (delivery, id) in batch.into_iter().zip(ids) {
            let parcel = delivery.clone();
            delivery.ack()?;
            parcel.tell(Ok(id));
        }
    }
    Ok(())
}

/// An order becomes a dead letter when it has crashed a worker once too often: the next worker says so.
fn put_aside(orders: &Orders, journal: &Journal) {
    while let Some(letter) = orders.take_dead_letter() {
        let (attempts, last) = (letter.attempts(), letter.last_failure());
        let order = letter.item().ticket.order;
        journal.orders.dead_lettered();
        journal.log(format_args!(
            "put aside: {order:?} after {attempts}: {last}"
        ));
        letter.item().tell(Err(Unconfirmed::GivenUp(attempts)));
    }
}
