//! Items for which there is no room.

use std::hint::black_box;

use crate::Failure;
use crate::breaker::{Ask, Caller, Came, Failures, Hammered, Load, hammer};

/// The end of a queue by which items come in, for whoever does not wait.
pub trait Offer: Clone + Send + Sync + 'static {
    /// Offers an item.
    fn offer(&self, item: u64) -> Offered;
}

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It is in the queue.
    In,
    /// There is no room, and here it is again.
    Back(u64),
    /// There is no room, and it is gone.
    Lost,
    /// The queue is closed.
    Closed,
}

/// What a round asks for.
#[derive(Clone, Copy, Debug)]
pub struct Offers {
    /// How many tasks offer at the same time, each on a worker of its own.
    pub workers: usize,
    /// How many items each of them offers.
    pub items: u64,
    /// Tells how many allocations there were.
    pub allocations: fn() -> usize,
}

/// Offers items to a queue that has no room for any. A figure is of one offer, for each of those who make them.
///
/// # Errors
///
/// When not each of them is refused.
pub async fn offer_in_vain(queue: impl Offer, offers: Offers) -> Result<Hammered, Failure> {
    let load = Load {
        workers: offers.workers,
        calls: offers.items.div_ceil(BATCH),
        failures: Failures::None,
        rejected: true,
        allocations: offers.allocations,
    };
    let Hammered { nanos, allocations } = hammer(Offering(queue), load).await?;
    Ok(Hammered {
        nanos: nanos / BATCH as f64,
        allocations: allocations / BATCH as f64,
    })
}

/// So many at once: a future for each would cost more than what is measured.
const BATCH: u64 = 100;

#[derive(Clone, Debug)]
struct Offering<Q>(Q);

impl<Q: Offer> Caller for Offering<Q> {
    async fn call(&mut self, _: Ask) -> Came {
        let mut refused = true;
        for item in 0..BATCH {
            // All of it is looked at, so that nobody saves making it.
            refused &= match black_box(self.0.offer(black_box(item))) {
                Offered::Back(back) => back == item,
                Offered::Lost => true,
                Offered::In | Offered::Closed => false,
            };
        }
        if refused {
            Came::Rejection
        } else {
            Came::Failure
        }
    }
}

/// Offers as many items as there is room for.
///
/// # Errors
///
/// When there is room for less or more.
pub fn fill(queue: &impl Offer, capacity: usize) -> Result<(), Failure> {
    for number in 0..capacity as u64 {
        let offered = queue.offer(number);
        if offered != Offered::In {
            return Err(format!("item {number}: {offered:?}"));
        }
    }
    match queue.offer(0) {
        Offered::Back(0) | Offered::Lost => Ok(()),
        other => Err(format!("one too many: {other:?}")),
    }
}
