//! What another configuration changes, what it leaves alone, and who may ask for it.

use std::sync::mpsc;
use std::thread;

use seaworthy::retry::RetryConfig;

use super::*;

/// What an observer of the stack does when it hears of a change has to come to an end.
#[test]
fn who_hears_of_a_change_may_ask_and_change_it_again() {
    let stack = builder().build().unwrap();
    let times = |config: &Config| (config.total_timeout, config.attempt_timeout);
    let (heard, hears) = mpsc::channel();
    let observed = stack.clone();
    let observer = stack.events().observe(move |_| {
        let mut config = observed.config();
        config.attempt_timeout = Some(3 * SECOND);
        config.total_timeout = Some(5 * SECOND);
        observed.reconfigure(config).unwrap();
        let _ = heard.send(());
    });
    let (done, is_done) = mpsc::channel();
    let changed = stack.clone();
    let changes = thread::spawn(move || {
        let mut config = changed.config();
        config.total_timeout = Some(9 * SECOND);
        config.attempt_timeout = Some(2 * SECOND);
        changed.reconfigure(config).unwrap();
        let _ = done.send(());
    });
    let patience = 20 * SECOND;
    assert_eq!(is_done.recv_timeout(patience), Ok(()), "it hangs");
    assert_eq!(hears.try_recv(), Ok(()));
    changes.join().unwrap();
    drop(observer);
    // All of them go by what was said last.
    let last = (Some(5 * SECOND), Some(3 * SECOND));
    assert_eq!(times(&stack.config()), last);
    let stages = [stack.total_timeout(), stack.attempt_timeout()];
    assert_eq!(stages.map(|it| it.config().after), [last.0, last.1]);
    assert_eq!(stack.retry().config().within, last.0);
}

#[test]
fn what_is_left_as_it_was_keeps_what_it_was_told_by_hand() {
    let stack = builder().fallback(|it| it.value(0)).build().unwrap();
    stack.bulkhead().set_limit(7).unwrap();
    stack.fallback().disable();
    let mut breaker = stack.circuit_breaker().config();
    breaker.consecutive_failures = Some(77);
    let _ = stack.circuit_breaker().reconfigure(breaker).unwrap();
    let mut config = stack.config();
    let look = || {
        let failures = stack.circuit_breaker().config().consecutive_failures;
        let is_on = stack.fallback().config().enabled;
        (stack.bulkhead().view().limit, failures, is_on)
    };

    config.retry.as_mut().unwrap().attempts = 2;
    stack.reconfigure(config.clone()).unwrap();
    assert_eq!(stack.retry().view().attempts, 2);
    assert_eq!(look(), (7, Some(77), false));

    config.bulkhead.as_mut().unwrap().limit = Limit::from(8);
    config.fallback.as_mut().unwrap().max_concurrent = 8;
    let breaker = config.circuit_breaker.as_mut().unwrap();
    breaker.consecutive_failures = Some(8);
    stack.reconfigure(config).unwrap();
    assert_eq!(look(), (8, Some(8), true));
}

/// What of a stage depends on another one changes with that.
#[test]
fn retries_end_with_the_total_time_and_a_trial_after_an_attempt() {
    let lease_and_within = |stack: &Stack| {
        let lease = stack.circuit_breaker().config().half_open.lease;
        (lease, stack.retry().config().within)
    };
    let mut config = Config::default();
    let stack = builder().config(config.clone()).build().unwrap();
    let whole = RetryConfig::default().within;
    assert_eq!(lease_and_within(&stack), (Some(11 * SECOND), whole));

    (config.total_timeout, config.attempt_timeout) = (Some(25 * SECOND), Some(20 * SECOND));
    let both = (Some(21 * SECOND), Some(25 * SECOND));
    stack.reconfigure(config.clone()).unwrap();
    assert_eq!(lease_and_within(&stack), both);
    let other = builder().config(config.clone()).build().unwrap();
    assert_eq!(lease_and_within(&other), both);

    config.attempt_timeout = None;
    let total = (Some(26 * SECOND), Some(25 * SECOND));
    stack.reconfigure(config.clone()).unwrap();
    assert_eq!(lease_and_within(&stack), total, "an attempt may take all");

    config.total_timeout = None;
    stack.reconfigure(config).unwrap();
    assert_eq!(lease_and_within(&stack), (Some(10 * SECOND), whole));
}
