//! Throttles: what they hold back, and what they let through again.

mod bad_input;
mod cancel;
mod handles;
mod overload;
mod services;

use seaworthy_bulkhead::{Throttle, ThrottleBuilder};
use seaworthy_core::component::Registry;

/// One that no other test sees, and that does the same each time.
fn builder() -> ThrottleBuilder {
    Throttle::builder("t").registry(&Registry::new()).seed(1)
}

fn throttle() -> Throttle {
    builder().build().expect("the defaults are allowed")
}

/// Of so many calls, how many were sent; `overloaded` says which of them are too much.
fn send(throttle: &Throttle, calls: u32, overloaded: impl Fn(u32) -> bool) -> u32 {
    let mut sent = 0;
    for call in 0..calls {
        let Ok(permit) = throttle.try_acquire() else {
            continue;
        };
        sent += 1;
        if overloaded(call) {
            permit.overload();
        } else {
            permit.accepted();
        }
    }
    sent
}
