//! What the tests of the Seaworthy crates share.
//!
//! * [`at_every_await`]: a future may be dropped at any await point, and nothing leaks.
//! * [`panic_at_every_poll`]: a panic may come out of any poll, and nothing leaks.
//! * [`Live`]: how many of something are alive, and how many ever were at once.
//! * [`seeds`]: random schedules that can be replayed.
//! * [`block_on_paused`]: a test in virtual time.
//! * [`async_functions`]: what has to be dropped at every await, so that nothing is left out.
//! * [`measured`]: what a story leaves in the metrics.
//!
//! Not published: use it as a dev-dependency by path, in `tests/` folders. In unit tests of a crate
//! that this one depended on, there would be two copies of that crate; so this one depends on none.

mod drop_after;
mod ending;
mod every_await;
mod every_poll;
mod fuse;
mod live;
mod measured;
mod paused;
mod round;
mod seeds;
mod sources;

pub use drop_after::{DropAfter, drop_after, drop_once_woken};
pub use ending::Ending;
pub use every_await::at_every_await;
pub use every_poll::panic_at_every_poll;
pub use fuse::{Fuse, Fused};
pub use live::{Live, LiveGuard};
pub use measured::measured;
pub use paused::block_on_paused;
pub use seeds::{Rng, Seed, Seeds, seeds};
pub use sources::async_functions;
