//! Who waits for room has it in the order of coming, and gives it on when it goes.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::{ByHand, builder, queue};
use seaworthy_queue::{Overload, Queue, SendError, Sent};

/// Items that weigh what they say, ten in all.
fn weighed(overload: Overload) -> Queue<u32> {
    let builder = builder(|config| config.overload = overload);
    builder.weight(10, |item| *item).build().expect("allowed")
}

#[test]
fn first_come_first_served() {
    let queue = queue(|config| config.capacity = 1);
    let (tx, rx) = (queue.sender(), queue.receiver());
    tx.try_send(0).expect("room");
    let mut second = ByHand::waiting(tx.send(1));
    let mut third = ByHand::waiting(tx.reserve());
    assert_eq!(tx.try_send(9), Err(SendError::Full(9)));
    assert_eq!(rx.try_recv(), Ok(0));
    assert_eq!(tx.try_send(9), Err(SendError::Full(9)), "it is given away");
    assert_eq!((second.done(), third.wakes()), (Ok(Sent::Queued), 0));
    assert_eq!(rx.try_recv(), Ok(1));
    third.done().expect("room").send(2);
    assert_eq!(rx.try_recv(), Ok(2));
}

#[test]
fn who_was_given_room_and_goes_gives_it_on() {
    let queue = queue(|config| config.capacity = 1);
    let (tx, rx) = (queue.sender(), queue.receiver());
    tx.try_send(0).expect("room");
    let (one, two) = (ByHand::waiting(tx.send(1)), ByHand::waiting(tx.reserve()));
    let mut three = ByHand::waiting(tx.send(3));
    assert_eq!(rx.try_recv(), Ok(0));
    drop(one);
    assert_eq!((two.wakes(), three.wakes()), (1, 0));
    drop(two);
    assert_eq!(three.done(), Ok(Sent::Queued));
    assert_eq!((rx.try_recv(), tx.capacity()), (Ok(3), 1));
}

#[test]
fn a_permit_that_is_dropped_gives_its_room_back() {
    let queue = queue(|config| config.capacity = 2);
    let (tx, rx) = (queue.sender(), queue.receiver());
    let owned = tx.clone().try_reserve_owned().expect("room");
    let permit = tx.try_reserve().expect("room");
    assert_eq!((tx.capacity(), tx.max_capacity()), (0, 2));
    assert_eq!(tx.try_send(1), Err(SendError::Full(1)));
    let refused = tx.clone().try_reserve_owned().expect_err("no room");
    refused.into_item().try_send(1).expect_err("it is a sender");
    drop(permit);
    tx.try_send(2).expect("room");
    owned.release().try_send(3).expect("room");
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(2), Ok(3)));
    assert_eq!(rx.capacity(), 2);
}

/// One that is heavy waits for much room; who is light does not slip past, and has its turn when it goes.
#[test]
fn nobody_is_overtaken() {
    let queue = weighed(Overload::Wait);
    let (tx, rx) = (queue.sender(), queue.receiver());
    tx.try_send(5).expect("room");
    let heavy = ByHand::waiting(tx.send(8));
    assert_eq!(tx.try_send(1), Err(SendError::Full(1)));
    assert_eq!(tx.try_send(11), Err(SendError::TooHeavy(11)));
    let mut light = ByHand::waiting(tx.send(1));
    drop(heavy);
    assert_eq!(light.done(), Ok(Sent::Queued));
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(5), Ok(1)));
}

#[test]
fn who_reserves_is_not_overtaken_by_who_does_not_wait() {
    let queue = weighed(Overload::Reject);
    let (tx, rx) = (queue.sender(), queue.receiver());
    tx.try_send(5).expect("room");
    let mut heavy = ByHand::waiting(tx.reserve_weight(8));
    assert_eq!(tx.try_send(1), Err(SendError::Full(1)));
    assert_eq!(rx.try_recv(), Ok(5));
    heavy.done().expect("room").send(8);
    assert_eq!(rx.try_recv(), Ok(8));
}

/// The one in front cannot get in any more, by a new configuration: it is told so, and the others go on.
#[test]
fn who_waits_in_vain_is_told_so() {
    let queue = weighed(Overload::Wait);
    let (tx, rx) = (queue.sender(), queue.receiver());
    tx.try_send(6).expect("room");
    let mut send = ByHand::waiting(tx.send(7));
    let mut reserve = ByHand::waiting(tx.reserve_weight(7));
    let mut light = ByHand::waiting(tx.send(2));
    let mut config = queue.config();
    config.max_weight = Some(6);
    queue.reconfigure(config).expect("allowed");
    assert_eq!(send.done(), Err(SendError::TooHeavy(7)));
    assert_eq!(
        reserve.done().expect_err("in vain"),
        SendError::TooHeavy(())
    );
    assert_eq!(rx.try_recv(), Ok(6));
    assert_eq!(light.done(), Ok(Sent::Queued));
}

/// Its weight is taken when it is sent: one that changes its mind while it waits does not upset the sums.
#[test]
fn functions_are_asked_once_for_each_item() {
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let builder = builder(|_| {});
    let builder = builder.weight(10, move |_| 4 + count.fetch_add(1, Ordering::SeqCst));
    let queue: Queue<&str> = builder.build().expect("allowed");
    let (tx, rx) = (queue.sender(), queue.receiver());
    tx.try_send("weighs 4").expect("room");
    tx.try_send("weighs 5").expect("room");
    let mut waiting = ByHand::waiting(tx.send("weighs 6"));
    for _ in 0..3 {
        assert!(waiting.poll().is_pending());
    }
    assert_eq!((rx.try_recv(), rx.len()), (Ok("weighs 4"), 1));
    assert!(waiting.poll().is_pending(), "5 and 6 are too much");
    assert_eq!(rx.try_recv(), Ok("weighs 5"));
    assert_eq!(waiting.done(), Ok(Sent::Queued));
    assert_eq!(rx.try_recv(), Ok("weighs 6"));
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    drop(tx.try_reserve().expect("all is free"));
}

/// Nobody needs the lock to know that it is full, and who has just made room knows that it is not.
#[test]
fn who_makes_room_finds_it() {
    let queue = queue(|config| config.capacity = 1);
    let (tx, rx) = (queue.sender(), queue.receiver());
    for item in 0..100 {
        tx.try_send(item).expect("room");
        assert_eq!(tx.try_send(item), Err(SendError::Full(item)));
        if item % 2 == 0 {
            assert_eq!(rx.try_recv(), Ok(item));
        } else {
            let delivery = rx.try_recv_delivery().expect("there is one");
            assert_eq!(tx.try_send(item), Err(SendError::Full(item)));
            delivery.ack().expect("in time");
        }
    }
}

#[test]
fn demand_is_room() {
    let queue = queue(|config| config.on_demand = true);
    let (tx, rx) = (queue.sender(), queue.receiver());
    let mut waiting = ByHand::waiting(tx.send(1));
    rx.demand(2);
    assert_eq!(waiting.done(), Ok(Sent::Queued));
    tx.try_send(2).expect("asked for");
    assert_eq!(tx.try_send(3), Err(SendError::Full(3)));
}

#[tokio::test(start_paused = true)]
async fn patience_ends() {
    let second = Duration::from_secs(1);
    let queue = queue(|config| {
        config.capacity = 1;
        config.overload = Overload::WaitFor(second);
    });
    let (tx, rx) = (queue.sender(), queue.receiver());
    tx.send(0).await.expect("room");
    let begun = tokio::time::Instant::now();
    assert_eq!(tx.send(1).await, Err(SendError::Full(1)));
    assert_eq!(begun.elapsed().as_secs(), 1);
    // Given up before it is dropped, the room goes to the next.
    let mut kept = Box::pin(tx.send_timeout(2, 3 * second));
    assert_eq!(kept.as_mut().await, Err(SendError::Full(2)));
    assert_eq!(
        begun.elapsed().as_secs(),
        4,
        "what is configured does not count"
    );
    assert_eq!(rx.try_recv(), Ok(0));
    tx.try_send(3).expect("room");
    drop(kept);
    assert_eq!(rx.try_recv(), Ok(3));
}
