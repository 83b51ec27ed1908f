//! A queue ends: what is in it is received, or seen by the hook, and whoever waits for it is told.

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{ByHand, builder, queue};
use seaworthy_queue::{Config, Queue, SendError, Sent, TryRecvError, Why};

type Seen = Arc<Mutex<Vec<(u32, Why)>>>;

fn seen_by_hook(change: impl FnOnce(&mut Config)) -> (Queue<u32>, Seen) {
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    let builder = builder(change).on_drop(move |dropped| {
        let seen = (dropped.item, dropped.why);
        log.lock().expect("no panic").push(seen);
    });
    (builder.build().expect("allowed"), seen)
}

fn take(seen: &Seen) -> Vec<(u32, Why)> {
    std::mem::take(&mut *seen.lock().expect("no panic"))
}

#[test]
fn when_all_senders_are_gone_the_rest_is_received() {
    let queue = queue(|_| {});
    let (tx, rx) = (queue.sender(), queue.receiver());
    let weak = tx.downgrade();
    tx.try_send(1).expect("room");
    drop(tx);
    weak.upgrade()
        .expect("there is the queue")
        .try_send(2)
        .expect("room");
    let (one, two) = (rx.try_recv(), rx.try_recv());
    assert_eq!(
        (one, two, rx.try_recv()),
        (Ok(1), Ok(2), Err(TryRecvError::Empty))
    );
    let mut waiting = ByHand::waiting(rx.recv());
    drop(queue);
    assert_eq!(waiting.done(), None);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    assert!(weak.upgrade().is_none() && rx.is_closed());
}

/// Who has sent them may wait for an answer and hold a sender meanwhile: they are let go of at once.
#[test]
fn when_all_receivers_are_gone_the_rest_is_abandoned() {
    let (queue, seen) = seen_by_hook(|config| config.capacity = 4);
    let (tx, rx) = (queue.sender(), queue.receiver());
    for item in 1..=3 {
        tx.try_send(item).expect("room");
    }
    let delivery = rx.try_recv_delivery().expect("there is one");
    let permit = tx.try_reserve().expect("room");
    let mut closed = ByHand::waiting(tx.closed());
    let mut waiting = ByHand::waiting(tx.send(9));
    drop(rx);
    assert!(!tx.is_closed(), "the queue may still make one");
    drop(queue);
    assert_eq!(take(&seen), [(2, Why::Abandoned), (3, Why::Abandoned)]);
    closed.done();
    // Room was made by that, but nobody comes in any more.
    assert_eq!(waiting.done(), Err(SendError::Closed(9)));
    assert_eq!(tx.try_send(8), Err(SendError::Closed(8)));
    // What comes in or back from now on goes the same way.
    drop(delivery);
    assert_eq!(take(&seen), [(1, Why::Abandoned)]);
    permit.send(4);
    assert_eq!(take(&seen), [(4, Why::Abandoned)]);
}

#[test]
fn room_that_was_given_before_the_last_receiver_went() {
    let (queue, seen) = seen_by_hook(|config| config.capacity = 1);
    let (tx, rx) = (queue.sender(), queue.receiver());
    drop(queue);
    tx.try_send(1).expect("room");
    let mut waiting = ByHand::waiting(tx.send(2));
    assert_eq!(rx.try_recv(), Ok(1));
    drop(rx);
    assert_eq!(waiting.done(), Ok(Sent::Queued), "it had its place before");
    assert_eq!(take(&seen), [(2, Why::Abandoned)]);
}

#[test]
fn dead_letters_do_not_vanish_either() {
    let (queue, seen) = seen_by_hook(|_| {});
    queue.sender().try_send(1).expect("room");
    let delivery = queue.receiver().try_recv_delivery().expect("there is one");
    delivery.bury().expect("in time");
    drop(queue);
    assert_eq!(take(&seen), [(1, Why::Abandoned)]);
}

#[test]
fn permits_outlast_the_end() {
    let queue = queue(|_| {});
    let (tx, rx) = (queue.sender(), queue.receiver());
    let (one, two) = (
        tx.try_reserve().expect("room"),
        tx.try_reserve().expect("room"),
    );
    let mut waiting = ByHand::waiting(rx.recv());
    queue.close();
    assert_eq!(tx.try_send(0), Err(SendError::Closed(0)));
    assert_eq!(waiting.wakes(), 0, "something may come of the permits");
    one.send(1);
    assert_eq!(waiting.done(), Some(1));
    let mut waiting = ByHand::waiting(rx.recv());
    drop(two);
    assert_eq!(waiting.done(), None);
}

#[test]
fn whoever_waits_for_room_is_told() {
    let queue = queue(|config| config.capacity = 1);
    let (tx, rx) = (queue.sender(), queue.receiver());
    tx.try_send(0).expect("room");
    let mut send = ByHand::waiting(tx.send(1));
    let mut reserve = ByHand::waiting(tx.reserve());
    rx.close();
    assert_eq!(send.done(), Err(SendError::Closed(1)));
    assert_eq!(reserve.done().expect_err("closed"), SendError::Closed(()));
    assert_eq!(
        (rx.try_recv(), rx.try_recv()),
        (Ok(0), Err(TryRecvError::Closed))
    );
}

/// A delivery that comes back while the queue is drained is made again.
#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_deliveries() {
    let queue: Queue<u32> = queue(|_| {});
    let (tx, rx) = (queue.sender(), queue.receiver());
    for item in 1..=2 {
        tx.try_send(item).expect("room");
    }
    let delivery = rx.try_recv_delivery().expect("there is one");
    let worker = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        delivery.nack(Duration::from_secs(1)).expect("in time");
        let mut got = Vec::new();
        while let Some(delivery) = rx.recv_delivery().await {
            got.push((*delivery, delivery.attempt()));
            delivery.ack().expect("in time");
        }
        got
    });
    let drained = queue.drain(Duration::from_secs(10)).await;
    assert_eq!(
        (drained.there, drained.dropped, drained.in_flight),
        (2, 0, 0)
    );
    assert_eq!(worker.await.expect("no panic"), [(2, 1), (1, 2)]);
}

#[tokio::test(start_paused = true)]
async fn a_drain_does_not_wait_for_ever() {
    let (queue, seen) = seen_by_hook(|_| {});
    let (tx, rx) = (queue.sender(), queue.receiver());
    for item in 1..=3 {
        tx.try_send(item).expect("room");
    }
    let hung = rx.try_recv_delivery().expect("there is one");
    let later = rx.try_recv_delivery().expect("there is one");
    later.nack(Duration::from_secs(60)).expect("in time");
    let drained = queue.drain(Duration::from_secs(10)).await;
    assert_eq!(
        (drained.there, drained.dropped, drained.in_flight),
        (3, 2, 1)
    );
    assert_eq!(take(&seen), [(3, Why::Drained), (2, Why::Drained)]);
    hung.ack().expect("it is theirs");
    assert_eq!(rx.recv().await, None);
}

/// A place that nobody has filled is no item; the end waits for it all the same.
#[tokio::test(start_paused = true)]
async fn a_reserved_place_is_waited_for_and_not_counted() {
    let queue = queue(|_| {});
    let tx = queue.sender();
    let permit = tx.try_reserve().expect("room");
    let drained = queue.drain(Duration::from_secs(1)).await;
    assert_eq!(
        (drained.there, drained.dropped, drained.in_flight),
        (0, 0, 0)
    );
    permit.send(1);
    let drained = queue.drain(Duration::from_secs(1)).await;
    assert_eq!((drained.there, drained.dropped), (1, 1));
}

/// However long somebody wants an item to rest.
#[tokio::test(start_paused = true)]
async fn an_item_comes_again_within_a_year() {
    let queue = queue(|_| {});
    let (tx, rx) = (queue.sender(), queue.receiver());
    tx.try_send(1).expect("room");
    let delivery = rx.try_recv_delivery().expect("there is one");
    delivery.nack(Duration::MAX).expect("in time");
    tokio::time::advance(Duration::from_secs(366 * 86_400)).await;
    assert_eq!(rx.try_recv(), Ok(1));
}
