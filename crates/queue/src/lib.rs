//! Bounded queues from which nothing vanishes.
//!
//! ```
//! use seaworthy_queue::Queue;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let orders: Queue<u32> = Queue::builder("orders").capacity(100).build()?;
//! let (tx, rx) = (orders.sender(), orders.receiver());
//! tx.send(1).await?;
//! tx.try_send(2)?;
//!
//! // Gone from the queue.
//! assert_eq!(rx.recv().await, Some(1));
//!
//! // There until it is acknowledged: a worker that panics here does not take it away.
//! let delivery = rx.recv_delivery().await.expect("there is one");
//! assert_eq!((*delivery, delivery.attempt()), (2, 1));
//! drop(delivery);
//! let again = rx.recv_delivery().await.expect("it comes again");
//! assert_eq!((*again, again.attempt()), (2, 2));
//! again.ack()?;
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! * `metrics`: what goes in, out and overboard is counted through the `metrics` facade.
//! * `tracing`: items carry the span of whoever sends them, requests are served in it, and trouble is logged.
//! * `serde`: configurations can be read from files.
//! * `load`: clients tell tower's balancers how much they have to do.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod alarm;
mod blocking;
mod builder;
mod carried;
mod config;
mod delivery;
mod dropped;
mod error;
mod functions;
mod letter;
mod log;
#[cfg(all(test, seaworthy_loom))]
mod loom_tests;
mod metrics;
mod permit;
mod places;
mod queue;
mod receipts;
mod receiver;
mod receiving;
mod report;
mod sender;
mod sending;
pub mod service;
mod shared;
mod sink;
mod snapshot;
mod store;
mod stream;
mod wakers;
mod why;

/// The examples of the guide, compiled and run.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../../docs/queue.md")]
    struct Queue;
}

pub use builder::QueueBuilder;
pub use config::{Codel, Config, Deliveries, Order, Overload};
pub use delivery::Delivery;
pub use dropped::Dropped;
pub use error::{LeaseOver, SendError, TryRecvError};
pub use letter::{DeadLetter, Failure};
pub use permit::{OwnedPermit, Permit};
pub use queue::{Drained, Queue};
pub use receiver::Receiver;
pub use sender::{Sender, Sent, WeakSender};
pub use sending::Sending;
pub use sink::SendSink;
pub use stream::{DeliveryStream, ItemStream};
pub use why::Why;
