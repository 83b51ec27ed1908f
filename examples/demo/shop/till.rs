//! How a handler hands an order to the database, and what it tells the customer if that fails.

use std::time::Duration;

use seaworthy_core::Rejected;
use serde::{Deserialize, Serialize};
use tokio::time;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt, service_fn};

/// How long a customer waits for a confirmation. Tests are not about that, and may be slow.
pub(crate) const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 60 } else { 1 });

/// What a customer wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Order {
    pub(crate) product: u16,
    pub(crate) quantity: u64,
}

/// An order that can be told from any other, of the same customer or another one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    pub(crate) order: Order,
    /// Kept with the order: who is handed it a second time knows it by that.
    pub(crate) token: Token,
}

/// Drawn at random, for each order.
pub(crate) type Token = u128;

/// Takes an order, and answers with its id once it is on disk, and not before.
pub(crate) type Till = BoxCloneSyncService<Order, u64, Unconfirmed>;

/// Why an order was not confirmed.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Unconfirmed {
    #[error("the database is gone")]
    Gone,
    #[error("the database crashed with this order in hand; it may or may not be on disk")]
    Crashed,
    #[error("the database did not answer in time; the order may or may not be on disk")]
    TooLate,
    #[error("nobody can say whether it is in stock; this order was not stored")]
    NoLine,
    #[error("too many want to order now; this order was not stored ({0})")]
    TurnedAway(Rejected),
    #[error("this order cannot be stored: it was tried {0} times")]
    GivenUp(u32),
}

/// What an [`Unconfirmed`] comes down to, in a word for programs.
pub(crate) const TURNED_AWAY: &str = "turned-away";
pub(crate) const GIVEN_UP: &str = "given-up";
pub(crate) const UNSURE: &str = "unsure";
pub(crate) const GONE: &str = "gone";
pub(crate) const NO_LINE: &str = "no-line";

impl Unconfirmed {
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::TurnedAway(_) => TURNED_AWAY,
            Self::GivenUp(_) => GIVEN_UP,
            Self::Crashed | Self::TooLate => UNSURE,
            Self::Gone => GONE,
            Self::NoLine => NO_LINE,
        }
    }
}

/// The same in both builds, around what brings the tickets to the database.
pub(crate) fn open<S>(orders: S) -> Till
where
    S: Service<Ticket, Response = u64, Error = Unconfirmed, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
{
    BoxCloneSyncService::new(service_fn(move |order| {
        let token = fastrand::u128(..);
        let stored = orders.clone().oneshot(Ticket { order, token });
        async {
            let in_time = time::timeout(PATIENCE, stored).await;
            in_time.map_err(|_| Unconfirmed::TooLate)?
        }
    }))
}
