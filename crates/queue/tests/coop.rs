//! A task that always finds what it asks for lets others run.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::queue;
use futures_util::{SinkExt, StreamExt};
use seaworthy_queue::Queue;

/// True if another task has run meanwhile.
async fn lets_others_run(act: impl AsyncFn()) -> bool {
    let ran = Arc::new(AtomicBool::new(false));
    let other = Arc::clone(&ran);
    tokio::spawn(async move { other.store(true, Ordering::SeqCst) });
    for _ in 0..1000 {
        act().await;
    }
    ran.load(Ordering::SeqCst)
}

fn filled() -> Queue<u32> {
    let queue = queue(|config| config.capacity = 2);
    queue.sender().try_send(0).expect("room");
    queue
}

#[tokio::test]
async fn who_receives() {
    let queue = filled();
    let (tx, rx) = (queue.sender(), queue.receiver());
    let receives = async || {
        rx.recv().await;
        tx.try_send(0).expect("room");
    };
    assert!(lets_others_run(receives).await);
    let receives = async || {
        let delivery = rx.recv_delivery().await.expect("there is one");
        delivery.nack(Duration::ZERO).expect("in time");
    };
    let mut config = queue.config();
    config.deliveries.max_attempts = u32::MAX;
    queue.reconfigure(config).expect("allowed");
    assert!(lets_others_run(receives).await);
    let receives = async || {
        let mut items = rx.clone().into_stream();
        items.next().await;
        tx.try_send(0).expect("room");
    };
    assert!(lets_others_run(receives).await);
}

#[tokio::test]
async fn who_sends() {
    let queue = filled();
    let (tx, rx) = (queue.sender(), queue.receiver());
    let sends = async || {
        tx.send(1).await.expect("room");
        rx.try_recv().expect("there is one");
    };
    assert!(lets_others_run(sends).await);
    let reserves = async || drop(tx.reserve().await);
    assert!(lets_others_run(reserves).await);
    let flushes = async || {
        tx.clone().into_sink().send(1).await.expect("room");
        rx.try_recv().expect("there is one");
    };
    assert!(lets_others_run(flushes).await);
}
