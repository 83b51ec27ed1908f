//! Which calls are made again, when, and what for.

mod bad_input;
mod cancel;
mod copies;
#[cfg(feature = "http")]
mod http;
mod live;
mod model;
mod panics;
mod rules;
mod script;
mod told;
mod tower_contract;
mod without_tower;

use std::time::Duration;

use seaworthy::core::backoff::{Backoff, Jitter};
use seaworthy::core::component::Registry;
use seaworthy::core::{BoxError, Reason, Rejected};
use seaworthy::retry::{Retry, RetryBuilder};

const MILLI: Duration = Duration::from_millis(1);

/// Waits 100 ms before the first retry, twice as long before each other, up to a second. Nobody else sees it.
fn builder() -> RetryBuilder {
    let backoff = Backoff::exponential(100 * MILLI, 1000 * MILLI);
    let backoff = backoff.jitter(Jitter::None).build().expect("allowed");
    let registry = Registry::new();
    Retry::builder("r").backoff(backoff).registry(&registry)
}

fn retry(attempts: u32) -> Retry {
    builder().attempts(attempts).build().expect("allowed")
}

/// It may have been executed.
fn broken() -> BoxError {
    "broken".into()
}

/// It was turned away for this.
fn turned_away(reason: Reason) -> Rejected {
    Rejected::new(reason, "b")
}
