//! What a bulkhead counts, and what it tells.
#![cfg(feature = "metrics")]

use std::num::NonZeroUsize;
use std::time::Duration;

use seaworthy_bulkhead::{Bulkhead, BulkheadEvent, Partition};
use seaworthy_core::event::Events;
use seaworthy_testkit::measured;
use tokio::time::advance;

const PREFIX: &str = "seaworthy_bulkhead_";

#[test]
fn who_was_let_in_who_waited_and_who_was_turned_away() {
    let lines = measured(PREFIX, async {
        let b = Bulkhead::builder("b")
            .max_concurrent(2)
            .max_waiting(1)
            .max_wait(Duration::from_secs(1))
            .partition(Partition::new("all"))
            .build()
            .expect("allowed");
        b.try_acquire().expect("free").success();
        let held = b.try_acquire_many(2).expect("free");
        let mut waiting = Box::pin(b.acquire());
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
        b.acquire().await.expect_err("as many wait as may");
        drop(held);
        let permit = waiting.await.expect("its turn");
        b.set_limit(3).expect("allowed");
        // Under way until the end of all things.
        Box::leak(Box::new(permit));
    });
    let expected = [
        "admitted_total{name=b,partition=all} 3",
        "in_flight{name=b,partition=all} 1",
        "limit{name=b} 3",
        "rejected_total{name=b,partition=all} 1",
        "wait_seconds{name=b,partition=all} 1 in 0",
        "waiting{name=b,partition=all} 0",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_limit_is_shown_with_the_first_call() {
    let lines = measured(PREFIX, async {
        let b = Bulkhead::builder("b").max_concurrent(7).build();
        drop(b.expect("allowed").try_acquire());
    });
    assert!(lines.contains(&"limit{name=b} 7".to_owned()), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn it_tells_when_it_begins_to_turn_calls_away() {
    let events = Events::new();
    let mut log = events.subscribe(NonZeroUsize::new(9).expect("not zero"));
    let b = Bulkhead::builder("b").max_concurrent(1).events(&events);
    let b = b.build().expect("allowed");
    let _held = b.try_acquire();
    for seconds in [0, 9, 9, 11] {
        advance(Duration::from_secs(seconds)).await;
        b.try_acquire().expect_err("full");
    }
    b.set_limit(7).expect("allowed");
    let told = std::iter::from_fn(|| log.try_recv());
    let told: Vec<_> = told
        .map(|it| *it.detail::<BulkheadEvent>().expect("one of ours"))
        .collect();
    let turns_away = BulkheadEvent::TurnsAway {
        in_flight: 1,
        limit: 1,
    };
    let set = BulkheadEvent::LimitSet { from: 1, to: 7 };
    assert_eq!(told, [turns_away, turns_away, set]);
}
