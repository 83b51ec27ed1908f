//! What a breaker counts, under which names.
#![cfg(feature = "metrics")]

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use seaworthy_circuit_breaker::{CircuitBreaker, CircuitBreakers, State};
use seaworthy_core::{Rejected, Verdict};
use seaworthy_testkit::measured;

const PREFIX: &str = "seaworthy_circuit_breaker_";

fn used(lines: Vec<String>) -> Vec<String> {
    let used = |line: &String| !line.ends_with(" 0");
    lines.into_iter().filter(used).collect()
}

#[test]
fn calls_by_outcome_rejections_and_openings() {
    let lines = measured(PREFIX, async {
        let b = CircuitBreaker::builder("b").build().expect("it is allowed");
        let permit = || b.try_acquire().expect("let through");
        (0..30).for_each(|_| permit().success());
        permit().record(Verdict::Ignored);
        permit().record(Verdict::Overload);
        drop(permit());
        (0..4).for_each(|_| permit().failure());
        assert!(b.try_acquire().is_err());
        let cancelled = permit_later(&b).await;
        drop(cancelled);
    });
    let expected = [
        "calls_total{name=b,outcome=cancelled} 2",
        "calls_total{name=b,outcome=failure} 4",
        "calls_total{name=b,outcome=ignored} 1",
        "calls_total{name=b,outcome=overload} 1",
        "calls_total{name=b,outcome=success} 30",
        "opened_total{name=b} 1",
        "rejected_total{name=b} 1",
        "state{name=b,state=half_open} 1",
    ];
    assert_eq!(used(lines), expected);
}

/// A probe of a breaker that is open.
async fn permit_later(b: &CircuitBreaker) -> seaworthy_circuit_breaker::Permit {
    tokio::time::advance(Duration::from_secs(60)).await;
    b.try_acquire().expect("a probe")
}

/// What goes wrong besides: a panic, a probe that is lost, and what a breaker would do if it did more than count.
#[test]
fn panics_lost_probes_and_openings_that_would_be() {
    let lines = measured(PREFIX, async {
        let b = CircuitBreaker::builder("b").build().expect("it is allowed");
        (0..4).for_each(|_| panicked(&b));
        b.try_acquire().expect("closed").failure();
        let lost = permit_later(&b).await;
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(b.state(), State::Open, "its lease is over");
        lost.success();
        b.metrics_only();
        (0..7).for_each(|_| b.try_acquire().expect("let through").failure());
    });
    let expected = [
        "calls_total{name=b,outcome=failure} 8",
        "calls_total{name=b,outcome=panicked} 4",
        "calls_total{name=b,outcome=success} 1",
        "opened_total{name=b} 2",
        "probes_overdue_total{name=b} 1",
        "state{name=b,state=metrics_only} 1",
        "would_open_total{name=b} 1",
    ];
    assert_eq!(used(lines), expected);
}

/// A call of which nothing but a panic comes.
fn panicked(b: &CircuitBreaker) {
    let mut call = Box::pin(b.call(async {
        if true {
            panic!("on purpose");
        }
        Ok::<(), Rejected>(())
    }));
    let cx = &mut std::task::Context::from_waker(std::task::Waker::noop());
    let polled = std::panic::catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx)));
    assert!(polled.is_err());
}

/// After a whole round, one of the gauges is 1 and all others are 0, and no other series says that it is the state.
#[test]
fn exactly_one_state_at_a_time() {
    let lines = measured(PREFIX, async {
        let b = CircuitBreaker::builder("b").build().expect("it is allowed");
        (0..5).for_each(|_| b.try_acquire().expect("closed").failure());
        for _ in 0..3 {
            permit_later(&b).await.success();
        }
    });
    let states = lines.iter().filter(|line| line.starts_with("state{"));
    let states: Vec<_> = states
        .map(|line| line.rsplit_once(' ').expect("a value"))
        .collect();
    assert_eq!(states.len(), 7);
    for (series, value) in states {
        let expected = if series.contains("state=closed") {
            "1"
        } else {
            "0"
        };
        assert_eq!(value, expected, "{series}");
    }
}

/// It is told with the first call: whoever installed a recorder before that sees it.
#[test]
fn a_closed_breaker_says_that_it_is_closed() {
    let b = CircuitBreaker::builder("b").build().expect("it is allowed");
    let lines = measured(PREFIX, async { b.try_acquire().expect("closed").success() });
    assert!(
        lines.contains(&"state{name=b,state=closed} 1".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn keys_are_no_labels() {
    let lines = measured(PREFIX, async {
        let all: CircuitBreakers<u32> = CircuitBreakers::builder("all")
            .build()
            .expect("it is allowed");
        for key in 0..100_u32 {
            all.get(key).try_acquire().expect("closed").failure();
        }
    });
    assert_eq!(used(lines), ["calls_total{name=all,outcome=failure} 100"]);
}
