//! How other breakers fail, a test for each, named after what goes wrong. Here it does not.

mod config;
mod controls;
mod events;
mod evidence;
mod half_open;
mod hanging;
mod idle_keys;
mod orders;
mod readiness;
mod reservations;
mod shared;
mod times;
mod windows;

use std::time::Duration;

use seaworthy_circuit_breaker::{
    CircuitBreaker, Config, HalfOpen, JudgedBy, OpenFor, Permit, Permits, State, Window,
};
use seaworthy_core::component::Registry;
use seaworthy_core::{Cause, Rejected};
use tokio::time::advance;

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const NANO: Duration = Duration::from_nanos(1);

/// Opens for exactly five seconds after two failures in a row; one probe at a time, and one success closes it.
fn config() -> Config {
    let mut config = Config::default();
    config.consecutive_failures = Some(2);
    config.open = OpenFor::fixed(secs(5));
    config.half_open = trial(Permits::AtOnce(1), JudgedBy::Successes(1));
    config
}

fn trial(permits: Permits, judged_by: JudgedBy) -> HalfOpen {
    let mut half_open = HalfOpen::default();
    (half_open.permits, half_open.judged_by) = (permits, judged_by);
    half_open
}

/// Only the failure rate, over so many calls.
fn by_rate(window: Window, minimum: u32, rate: f64) -> Config {
    let mut config = config();
    config.consecutive_failures = None;
    (config.window, config.minimum_calls) = (window, minimum);
    config.failure_rate = Some(rate);
    config
}

fn breaker(config: Config) -> CircuitBreaker {
    let builder = CircuitBreaker::builder("b").config(config);
    let builder = builder.registry(&Registry::new());
    builder.build().expect("it is allowed")
}

fn admitted(breaker: &CircuitBreaker) -> Permit {
    breaker.try_acquire().expect("it is let in")
}

fn rejected(breaker: &CircuitBreaker) -> Rejected {
    breaker.try_acquire().expect_err("it is turned away")
}

fn succeed(breaker: &CircuitBreaker, calls: u32) {
    (0..calls).for_each(|_| admitted(breaker).success());
}

fn fail(breaker: &CircuitBreaker, calls: u32) {
    (0..calls).for_each(|_| admitted(breaker).failure());
}

/// Opens it, and lets the time pass for which it is open.
async fn until_it_may_be_tried(breaker: &CircuitBreaker) {
    for _ in 0..10_000 {
        if breaker.state() == State::Open {
            break;
        }
        fail(breaker, 1);
    }
    let delay = rejected(breaker).retry_after().expect("it is known");
    advance(delay).await;
}

fn cause(breaker: &CircuitBreaker) -> Cause {
    rejected(breaker).cause().expect("it is told")
}
