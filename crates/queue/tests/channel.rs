//! What a channel has: a stream, a sink, numbers, batches.

mod common;

use common::{ByHand, queue};
use futures_util::{SinkExt, StreamExt, future, stream};
use seaworthy_queue::{Overload, Queue, SendError};

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_the_queue() {
    let queue: Queue<u32> = queue(|_| {});
    let (tx, rx) = (queue.sender(), queue.receiver());
    drop(queue);
    let producer = tokio::spawn(async move {
        for item in 0..100 {
            tx.send(item).await.expect("somebody receives");
            tokio::task::yield_now().await;
        }
    });
    let items: Vec<u32> = rx.into_stream().collect().await;
    assert_eq!(items, (0..100).collect::<Vec<_>>());
    producer.await.expect("no panic");
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_deliveries() {
    let queue: Queue<u32> = queue(|_| {});
    let tx = queue.sender();
    for item in 1..=3 {
        tx.try_send(item).expect("room");
    }
    queue.close();
    let mut deliveries = queue.receiver().into_deliveries();
    let mut done = Vec::new();
    while let Some(delivery) = deliveries.next().await {
        if *delivery == 2 && delivery.attempt() == 1 {
            continue;
        }
        done.push((*delivery, delivery.attempt()));
        delivery.ack().expect("in time");
    }
    assert_eq!(done, [(1, 1), (2, 2), (3, 1)]);
}

/// It stands in line between polls, like a receiver that waits, and passes its call on when it goes.
#[test]
fn a_stream_that_is_dropped_calls_the_next() {
    let queue = queue(|_| {});
    let (tx, rx) = (queue.sender(), queue.receiver());
    let mut items = rx.clone().into_stream();
    let mut next = ByHand::waiting(items.next());
    let mut other = ByHand::waiting(rx.recv());
    tx.try_send(1).expect("room");
    assert_eq!(next.done(), Some(1));
    drop(next);
    let next = ByHand::waiting(items.next());
    tx.try_send(2).expect("room");
    assert_eq!(other.done(), Some(2));
    let mut other = ByHand::waiting(rx.recv());
    tx.try_send(3).expect("room");
    drop(next);
    assert_eq!(other.wakes(), 0, "the stream is called, and still there");
    drop(items);
    assert_eq!(other.done(), Some(3));
}

#[tokio::test(start_paused = true)]
async fn a_sink_waits_for_room() {
    let queue: Queue<u32> = queue(|config| config.capacity = 2);
    let (tx, rx) = (queue.sender(), queue.receiver());
    drop(queue);
    let items = stream::iter(0..100).map(Ok);
    let sent = tokio::spawn(items.forward(tx.into_sink()));
    // `forward` closes the sink, which ends the queue.
    let received: Vec<u32> = rx.into_stream().collect().await;
    assert_eq!(received, (0..100).collect::<Vec<_>>());
    assert_eq!(sent.await.expect("no panic"), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_sink_hands_back_what_is_refused() {
    let queue: Queue<u32> = queue(|config| {
        config.capacity = 1;
        config.overload = Overload::Reject;
    });
    let mut sink = queue.sender().into_sink();
    sink.send(1).await.expect("room");
    assert_eq!(sink.send(2).await, Err(SendError::Full(2)));
    assert_eq!(queue.receiver().recv().await, Some(1));
    sink.send(3).await.expect("room");
    sink.close().await.expect("all is flushed");
    assert_eq!(sink.send(4).await, Err(SendError::Closed(4)));
}

/// With its place in line, too.
#[test]
fn a_sink_that_is_dropped_drops_what_waits_in_it() {
    let queue = queue(|config| config.capacity = 1);
    let (tx, rx) = (queue.sender(), queue.receiver());
    let mut sink = tx.clone().into_sink();
    tx.try_send(1).expect("room");
    let waiting = ByHand::waiting(sink.send(2));
    let mut other = ByHand::waiting(tx.send(3));
    drop(waiting);
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(other.wakes(), 0, "the room is the sink's");
    drop(sink);
    other.done().expect("room");
    assert_eq!(rx.try_recv(), Ok(3));
}

#[tokio::test(start_paused = true)]
async fn batches() {
    let queue: Queue<u32> = queue(|_| {});
    let (tx, rx) = (queue.sender(), queue.receiver());
    let mut buffer = vec![0];
    assert_eq!(rx.recv_many(&mut buffer, 0).await, 0);
    for item in 1..=5 {
        tx.try_send(item).expect("room");
    }
    assert_eq!(rx.recv_many(&mut buffer, 3).await, 3);
    assert_eq!(rx.blocking_recv_many(&mut buffer, 3), 2);
    assert_eq!(buffer, [0, 1, 2, 3, 4, 5]);
    let (count, ()) = future::join(rx.recv_many(&mut buffer, 3), async {
        tx.try_send(6).expect("room");
        queue.close();
    })
    .await;
    assert_eq!((count, rx.recv_many(&mut buffer, 3).await), (1, 0));
}

#[test]
fn numbers() {
    let queue = queue(|config| config.capacity = 3);
    let (tx, rx) = (queue.sender(), queue.receiver());
    let permit = tx.try_reserve().expect("room");
    tx.try_send(1).expect("room");
    assert_eq!((tx.capacity(), tx.max_capacity(), tx.len()), (1, 3, 1));
    let delivery = rx.try_recv_delivery().expect("there is one");
    assert_eq!((rx.capacity(), rx.max_capacity(), rx.len()), (1, 3, 0));
    drop(permit);
    delivery.ack().expect("in time");
    assert_eq!(tx.capacity(), 3);
    let mut config = queue.config();
    config.capacity = 1;
    queue.reconfigure(config).expect("allowed");
    assert_eq!((tx.capacity(), rx.max_capacity()), (1, 1));
    let closed = ByHand::waiting(tx.closed());
    rx.close();
    assert_eq!((closed.wakes(), tx.is_closed()), (1, true));
}

#[tokio::test]
async fn as_many_deliveries_as_there_are() {
    let queue = queue(|config| config.deliveries.max_in_flight = Some(4));
    let (tx, rx) = (queue.sender(), queue.receiver());
    for item in 1..=6 {
        tx.try_send(item).expect("room");
    }
    let mut buffer = Vec::new();
    assert_eq!(rx.recv_deliveries(&mut buffer, 0).await, 0);
    for (most, more) in [(3, 3), (3, 1)] {
        assert_eq!(rx.recv_deliveries(&mut buffer, most).await, more);
    }
    assert_eq!(queue.in_flight(), 4, "as many as may be under way");
    for (delivery, item) in buffer.drain(..).zip(1..) {
        assert_eq!(*delivery, item);
        delivery.ack().expect("in time");
    }
    queue.close();
    assert_eq!(rx.recv_deliveries(&mut buffer, 9).await, 2);
    buffer
        .drain(..)
        .for_each(|delivery| delivery.ack().expect("in time"));
    assert_eq!(rx.recv_deliveries(&mut buffer, 9).await, 0);
}
