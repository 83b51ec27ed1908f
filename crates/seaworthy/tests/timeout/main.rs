//! What may take a time, and no longer.

mod bad_input;
mod cancel;
mod deadlines;
mod ends;
mod live;
mod told;

use std::time::Duration;

use seaworthy::core::component::Registry;
use seaworthy::core::{BoxError, Rejected};
use seaworthy::timeout::Timeout;

const MILLI: Duration = Duration::from_millis(1);

/// One that nobody else sees.
fn timeout(after: impl Into<Option<Duration>>) -> Timeout {
    let builder = Timeout::builder("t")
        .after(after)
        .registry(&Registry::new());
    builder.build().expect("allowed")
}

fn rejected(error: &BoxError) -> Rejected {
    *Rejected::find_in(error.as_ref()).expect("turned away")
}
