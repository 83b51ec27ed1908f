//! Dead letters that are sent again, and items that are taken out of a delivery.

mod common;

use std::time::Duration;

use common::{ByHand, builder, queue};
use seaworthy_queue::{LeaseOver, Overload, Queue};

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Sends these, and has each of them dead.
fn bury(queue: &Queue<u32>, items: &[u32]) {
    let (tx, rx) = (queue.sender(), queue.receiver());
    for item in items {
        tx.try_send(*item).expect("room");
        let delivery = rx.try_recv_delivery().expect("it was sent");
        delivery.bury().expect("in time");
    }
}

#[test]
fn they_come_behind_those_that_wait_and_have_all_their_attempts() {
    let queue = queue(|config| config.deliveries.max_attempts = 2);
    bury(&queue, &[1, 2, 3]);
    let rx = queue.receiver();
    queue.sender().try_send(9).expect("room");
    assert_eq!(queue.resend_dead_letters(2), 2);
    assert_eq!((queue.len(), queue.dead_letters()), (3, 1));
    assert_eq!(rx.try_recv(), Ok(9));
    for attempt in [1, 2] {
        let delivery = rx.try_recv_delivery().expect("it waits");
        assert_eq!((*delivery, delivery.attempt()), (1, attempt));
    }
    assert_eq!(rx.try_recv(), Ok(2));
    let dead = std::iter::from_fn(|| queue.take_dead_letter());
    let dead: Vec<_> = dead.map(|it| (*it.item(), it.attempts())).collect();
    assert_eq!(dead, [(3, 1), (1, 2)]);
}

#[test]
fn as_many_as_there_is_room_for_and_no_others() {
    let queue = queue(|config| config.capacity = 2);
    bury(&queue, &[1, 2, 3]);
    queue.sender().try_send(9).expect("room");
    assert_eq!(queue.resend_dead_letters(usize::MAX), 1);
    assert_eq!((queue.len(), queue.dead_letters()), (2, 2));
    assert_eq!(queue.sender().capacity(), 0);
    let rx = queue.receiver();
    let got: Vec<_> = std::iter::from_fn(|| rx.try_recv().ok()).collect();
    assert_eq!(got, [9, 1]);
    assert_eq!(queue.resend_dead_letters(usize::MAX), 2);
    queue.close();
    bury_what_waits(&queue);
    assert_eq!(queue.resend_dead_letters(usize::MAX), 0, "it is closed");
    assert_eq!(queue.dead_letters(), 2);
}

fn bury_what_waits(queue: &Queue<u32>) {
    let rx = queue.receiver();
    while let Ok(delivery) = rx.try_recv_delivery() {
        delivery.bury().expect("in time");
    }
}

#[test]
fn who_waits_for_an_item_is_called() {
    let queue = queue(|_| {});
    bury(&queue, &[1, 2]);
    let rx = queue.receiver();
    let mut waiting = [(); 2].map(|()| ByHand::waiting(rx.recv()));
    assert_eq!(queue.resend_dead_letters(usize::MAX), 2);
    assert_eq!(waiting.each_mut().map(ByHand::done), [Some(1), Some(2)]);
}

/// One that weighs little would fit in, but somebody waits for room for one that does not.
#[test]
fn nobody_who_waits_for_room_is_overtaken() {
    let queue: Queue<u32> = builder(|config| config.overload = Overload::Wait)
        .weight(10, |item| *item)
        .build()
        .expect("allowed");
    bury(&queue, &[1]);
    let tx = queue.sender();
    tx.try_send(8).expect("room");
    let heavy = ByHand::waiting(tx.send(5));
    assert_eq!(queue.resend_dead_letters(usize::MAX), 0);
    drop(heavy);
    assert_eq!(queue.resend_dead_letters(usize::MAX), 1);
    assert!(tx.try_reserve_weight(2).is_err());
    let room = tx.try_reserve_weight(1).expect("8 and 1 are in");
    assert!(tx.try_reserve_weight(1).is_err());
    drop(room);
    assert!(tx.try_reserve_weight(1).is_ok());
}

#[tokio::test(start_paused = true)]
async fn that_they_were_of_use_for_some_time_is_over() {
    let builder = builder(|config| config.deliveries.max_attempts = 1);
    let builder = builder.useful_for(|_| Some(secs(1)));
    let queue: Queue<u32> = builder.build().expect("allowed");
    bury(&queue, &[1]);
    tokio::time::advance(secs(2)).await;
    assert_eq!(queue.resend_dead_letters(1), 1);
    assert_eq!(queue.receiver().try_recv(), Ok(1));
}

#[tokio::test(start_paused = true)]
async fn an_item_is_taken_out_of_its_delivery_in_time_or_not_at_all() {
    let queue: Queue<u32> = queue(|config| config.deliveries.lease = Some(secs(1)));
    let (tx, rx) = (queue.sender(), queue.receiver());
    tx.try_send(1).expect("room");
    let late = rx.try_recv_delivery().expect("there is one");
    tokio::time::advance(secs(2)).await;
    assert_eq!(late.into_inner(), Err(LeaseOver));
    let mut again = rx.try_recv_delivery().expect("it comes again");
    *again += 41;
    assert_eq!(again.into_inner(), Ok(42));
    assert_eq!(tx.capacity(), tx.max_capacity());
}
