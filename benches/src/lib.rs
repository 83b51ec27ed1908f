//! What the benches share: the clock, the probe that times restarts, the crowd that is counted
//! while it starts and stops, the children, the calls of breakers and queues, Seaworthy's own side of each scenario, and the floors.
//!
//! The bin `compare` sets Seaworthy beside bare tokio code and beside its peers; the criterion
//! bench `supervision` watches the same scenarios for regressions.

pub mod breaker;
pub mod bulkhead;
pub mod child;
pub mod clock;
pub mod crowd;
pub mod fallback;
pub mod floor;
pub mod ours;
pub mod probe;
pub mod queue;
pub mod service;

/// What went wrong in a scenario, for a person to read.
pub type Failure = String;
