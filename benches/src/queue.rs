//! A service behind a queue, and queues by themselves: what is asked of whoever does that, and the barest code that does.

mod callers;
pub mod floor;
mod full;
mod hand_off;
pub mod ours;
mod stretch;

pub use callers::{Calls, round_trip};
pub use full::{Offer, Offered, Offers, fill, offer_in_vain};
pub use hand_off::{Get, Give, Items, hand_off};

/// How many items a queue holds, or requests.
pub const CAPACITY: usize = 1024;
