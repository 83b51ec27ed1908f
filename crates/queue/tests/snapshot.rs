//! What dashboards show of a queue: how it is, and what has happened so far.

mod common;

use std::time::Duration;

use common::{ByHand, builder};
use seaworthy_core::component::{Registry, Snapshot, Status, Value};
use seaworthy_core::{Reason, Rejected};
#[cfg(feature = "metrics")]
use seaworthy_queue::SendError;
use seaworthy_queue::service::{Client, builder as service};
use seaworthy_queue::{Overload, Queue, Sent};
use tokio::time::advance;
use tower::Service;

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn count(snapshot: &Snapshot, field: &str) -> u64 {
    let found = snapshot.fields.iter().find(|(name, _)| *name == field);
    match found {
        Some((_, Value::U64(count))) => *count,
        other => panic!("{field}: {other:?}"),
    }
}

/// All figures that are not zero and say what has happened.
fn so_far(snapshot: &Snapshot) -> Vec<(&str, u64)> {
    let names = snapshot.fields.iter().map(|(name, _)| *name);
    let totals = names.filter(|name| name.ends_with("_total"));
    let figures = totals.map(|name| (name, count(snapshot, name)));
    figures.filter(|(_, count)| *count > 0).collect()
}

/// A different number of each, so that none is taken for another.
#[tokio::test(start_paused = true)]
async fn what_has_happened() {
    let builder = builder(|config| {
        config.capacity = 4;
        config.overload = Overload::DropOldest;
        config.deliveries.max_attempts = 2;
        config.deliveries.lease = Some(secs(10));
    });
    let queue: Queue<u32> = builder
        .useful_for(|item| (*item >= 100).then_some(secs(1)))
        .build()
        .expect("allowed");
    let (tx, rx) = (queue.sender(), queue.receiver());
    for item in 0..11 {
        tx.try_send(item).expect("room is made");
    }
    // Seven were evicted: 7 to 10 are left.
    assert_eq!(rx.try_recv(), Ok(7));
    for _ in 0..2 {
        drop(rx.try_recv_delivery().expect("it is delivered twice"));
    }
    let hangs = rx.try_recv_delivery().expect("there is one");
    advance(secs(10)).await;
    assert!(hangs.ack().is_err(), "its lease is over");
    let done = rx.try_recv_delivery().expect("it comes again");
    assert_eq!(done.ack(), Ok(()));
    for item in 100..103 {
        tx.try_send(item).expect("room");
    }
    advance(secs(2)).await;
    assert_eq!(rx.try_recv(), Ok(10));
    assert!(rx.try_recv().is_err(), "they were of use for a second");

    let snapshot = queue.snapshot();
    let expected = [
        ("sent_total", 14),
        ("received_total", 6),
        ("redelivered_total", 2),
        ("acknowledged_total", 1),
        ("leases_over_total", 1),
        ("dead_letters_total", 1),
        ("dropped_total", 10),
        ("expired_total", 3),
    ];
    assert_eq!(so_far(&snapshot), expected);
    assert_eq!(count(&snapshot, "dead_letters"), 1);
    drop(queue.take_dead_letter());
    let snapshot = queue.snapshot();
    assert_eq!(count(&snapshot, "dead_letters"), 0, "there are none");
    assert_eq!(so_far(&snapshot), expected, "and this has happened");
}

/// Each way to be handed an item back counts once, whoever tells.
#[cfg(feature = "metrics")]
#[tokio::test(start_paused = true)]
async fn who_was_rejected() {
    let builder = builder(|config| config.capacity = 1);
    let queue: Queue<u32> = builder.weight(10, |item| *item).build().expect("allowed");
    let tx = queue.sender();
    let rejected = || count(&queue.snapshot(), "rejected_total");
    tx.try_send(1).expect("room");
    assert_eq!(rejected(), 0);

    assert_eq!(tx.try_send(1), Err(SendError::Full(1)));
    assert!(tx.try_reserve().is_err() && tx.clone().try_reserve_owned().is_err());
    assert_eq!(rejected(), 3);
    let in_vain = tx.send_timeout(1, secs(1)).await;
    assert_eq!((in_vain, rejected()), (Err(SendError::Full(1)), 4));
    assert_eq!(tx.send(11).await, Err(SendError::TooHeavy(11)));
    assert!(tx.reserve_weight(11).await.is_err());
    assert_eq!(tx.blocking_send(11), Err(SendError::TooHeavy(11)));
    assert_eq!(rejected(), 7);
    let mut waits = ByHand::waiting(tx.send(1));
    queue.close();
    assert_eq!((waits.done(), rejected()), (Err(SendError::Closed(1)), 8));
    assert_eq!(tx.try_send(1), Err(SendError::Closed(1)));
    assert!(tx.reserve().await.is_err());
    assert_eq!(rejected(), 10);
    assert_eq!(count(&queue.snapshot(), "withdrawn_total"), 0);
}

#[test]
fn who_gives_up() {
    let queue: Queue<u32> = builder(|config| config.capacity = 1)
        .build()
        .expect("allowed");
    let tx = queue.sender();
    tx.try_send(1).expect("room");
    drop(ByHand::waiting(tx.send(2)));
    drop(ByHand::waiting(tx.reserve()));
    drop(tx.send(3));
    let snapshot = queue.snapshot();
    let expected = [("sent_total", 1), ("withdrawn_total", 2)];
    assert_eq!(so_far(&snapshot), expected, "who never asked is nobody");
}

#[derive(Debug, PartialEq)]
struct Error(Reason);

impl From<Rejected> for Error {
    fn from(rejected: Rejected) -> Self {
        Self(rejected.reason())
    }
}

/// A client, those who might serve and do not, and where it is shown.
fn calls(overload: Overload) -> (Client<u32, u32, Error>, impl Sized, Registry) {
    let registry = Registry::new();
    let builder = service("q").capacity(1).overload(overload);
    let (client, requests) = builder.registry(&registry).build().expect("allowed");
    (client, requests, registry)
}

#[tokio::test(start_paused = true)]
async fn callers_who_give_up_or_are_turned_away() {
    let (mut client, _requests, registry) = calls(Overload::Wait);
    let mut first = ByHand::waiting(client.call(1));
    let second = ByHand::waiting(client.call(2));
    drop(second);
    assert!(first.poll().is_pending());
    drop(first);
    let snapshot = &registry.snapshot()[0];
    let expected = [("sent_total", 1), ("withdrawn_total", 2)];
    assert_eq!(so_far(snapshot), expected);

    for (overload, sent, rejected) in [
        (Overload::Reject, 1, 1),
        (Overload::WaitFor(secs(1)), 1, 1),
        (Overload::DropNewest, 1, 0),
    ] {
        let (mut client, _requests, registry) = calls(overload);
        let _first = ByHand::waiting(client.call(1));
        let refused = client.call(2).await;
        assert_eq!(refused, Err(Error(Reason::QueueFull)), "{overload:?}");
        let snapshot = &registry.snapshot()[0];
        let figures = ["sent_total", "dropped_total"].map(|it| count(snapshot, it));
        assert_eq!(figures, [sent, 1 - rejected], "{overload:?}");
        if cfg!(feature = "metrics") {
            assert_eq!(count(snapshot, "rejected_total"), rejected);
        }
    }
}

#[test]
fn how_it_is() {
    let queue: Queue<u32> = builder(|config| config.capacity = 1)
        .build()
        .expect("allowed");
    let state = || {
        let snapshot = queue.snapshot();
        (snapshot.state, snapshot.status)
    };
    assert_eq!(state(), ("open".to_owned(), Status::Healthy));
    assert_eq!(queue.sender().try_send(1), Ok(Sent::Queued));
    assert_eq!(state(), ("full".to_owned(), Status::Degraded));
    queue.close();
    assert_eq!(state(), ("closed".to_owned(), Status::Healthy));
}

/// Whatever it is that there is too much of.
#[test]
fn a_queue_that_can_carry_no_more_is_full() {
    let builder = builder(|_| {}).weight(10, |item: &u32| *item);
    let queue = builder.build().expect("allowed");
    let state = || queue.snapshot().state;
    queue.sender().try_send(9).expect("room");
    assert_eq!(state(), "open");
    queue.sender().try_send(1).expect("room");
    assert_eq!(state(), "full");
}
