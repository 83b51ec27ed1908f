//! Seaworthy's queue, as its documentation shows it.

use seaworthy_queue::service::{self, Client};
use seaworthy_queue::{Queue, Receiver, SendError, Sender};

use super::{CAPACITY, Get, Give, Offer, Offered};
use crate::Failure;
use crate::breaker::{Ask, Desk, Fault, Tower};

/// A client of a service in a task of its own, which ends when the last of its clones is gone.
///
/// # Errors
///
/// When the configuration is not allowed.
pub fn client() -> Result<Tower<Client<Ask, u64, Fault>>, Failure> {
    let built = service::builder("bench").capacity(CAPACITY).build();
    let (client, requests) = built.map_err(|error| error.to_string())?;
    tokio::spawn(requests.serve(Desk));
    Ok(Tower(client))
}

/// A queue of so many items, with both ends of it.
///
/// # Errors
///
/// When the configuration is not allowed.
pub fn queue() -> Result<(Sender<u64>, Receiver<u64>), Failure> {
    let built = Queue::builder("bench").capacity(CAPACITY).build();
    let queue: Queue<u64> = built.map_err(|error| error.to_string())?;
    Ok((queue.sender(), queue.receiver()))
}

impl Give for Sender<u64> {
    #[inline]
    async fn give(&self, item: u64) -> bool {
        self.send(item).await.is_ok()
    }
}

impl Get for Receiver<u64> {
    #[inline]
    async fn get(&mut self) -> Option<u64> {
        self.recv().await
    }
}

impl Offer for Sender<u64> {
    #[inline]
    fn offer(&self, item: u64) -> Offered {
        match self.try_send(item) {
            Ok(_) => Offered::In,
            Err(SendError::Full(item)) => Offered::Back(item),
            Err(_) => Offered::Closed,
        }
    }
}
