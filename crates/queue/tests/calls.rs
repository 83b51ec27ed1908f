//! Who waits for an item is called when there is one, whatever becomes of the others who wait.

mod common;

use std::time::Duration;

use common::{ByHand, queue};
use seaworthy_queue::Queue;
use tokio::time::{Instant, advance, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

fn one_in_flight(lease: Option<Duration>, max_attempts: u32) -> Queue<u32> {
    queue(|config| {
        config.deliveries.max_in_flight = Some(1);
        config.deliveries.lease = lease;
        config.deliveries.max_attempts = max_attempts;
    })
}

#[test]
fn one_item_calls_one_receiver() {
    let queue = queue(|_| {});
    let (tx, rx) = (queue.sender(), queue.receiver());
    let mut waiting = [(); 3].map(|()| ByHand::waiting(rx.recv()));
    tx.try_send(1).expect("room");
    assert_eq!(waiting.each_ref().map(ByHand::wakes), [1, 0, 0]);
    assert_eq!(waiting[0].done(), Some(1));
    tx.try_send(2).expect("room");
    tx.try_send(3).expect("room");
    assert_eq!(waiting[1].done(), Some(2));
    assert_eq!(waiting[2].done(), Some(3));
}

#[test]
fn a_called_receiver_that_is_dropped_calls_the_next() {
    let queue = queue(|_| {});
    let (tx, rx) = (queue.sender(), queue.receiver());
    let first = ByHand::waiting(rx.recv());
    let second = ByHand::waiting(rx.recv_delivery());
    let mut third = ByHand::waiting(rx.recv());
    tx.try_send(1).expect("room");
    drop((first, second));
    assert_eq!(third.done(), Some(1));
}

/// A future that was woken and is then polled no more: its item is there for others, and theirs calls them.
#[test]
fn a_called_receiver_that_does_not_come_holds_nobody_up() {
    let queue = queue(|_| {});
    let (tx, rx) = (queue.sender(), queue.receiver());
    let stuck = ByHand::waiting(rx.recv());
    tx.try_send(1).expect("room");
    assert_eq!((stuck.wakes(), rx.try_recv()), (1, Ok(1)));
    let mut other = ByHand::waiting(rx.recv());
    tx.try_send(2).expect("room");
    assert_eq!(other.done(), Some(2));
    drop(stuck);
}

#[test]
fn who_finds_nothing_waits_again() {
    let queue = queue(|_| {});
    let (tx, rx) = (queue.sender(), queue.receiver());
    let mut waiting = ByHand::waiting(rx.recv());
    tx.try_send(1).expect("room");
    assert_eq!(rx.try_recv(), Ok(1));
    assert!(waiting.poll().is_pending());
    tx.try_send(2).expect("room");
    assert_eq!((waiting.wakes(), waiting.done()), (2, Some(2)));
}

#[test]
fn takers_and_workers_have_their_turn() {
    let queue = queue(|_| {});
    let (tx, rx) = (queue.sender(), queue.receiver());
    let takers = [(); 2].map(|()| ByHand::waiting(rx.recv()));
    let workers = [(); 2].map(|()| ByHand::waiting(rx.recv_delivery()));
    tx.try_send(1).expect("room");
    tx.try_send(2).expect("room");
    let called = takers.iter().filter(|it| it.wakes() > 0).count();
    assert_eq!(called, 1);
    let called = workers.iter().filter(|it| it.wakes() > 0).count();
    assert_eq!(called, 1);
}

#[test]
fn a_taker_is_called_when_no_more_may_be_delivered() {
    let queue = one_in_flight(None, 5);
    let (tx, rx) = (queue.sender(), queue.receiver());
    tx.try_send(1).expect("room");
    let delivery = rx.try_recv_delivery().expect("there is one");
    let worker = ByHand::waiting(rx.recv_delivery());
    let mut taker = ByHand::waiting(rx.recv());
    tx.try_send(2).expect("room");
    assert_eq!(taker.done(), Some(2));
    assert_eq!(worker.wakes(), 0);
    delivery.ack().expect("no lease");
}

#[test]
fn workers_are_called_one_by_one_as_deliveries_end() {
    let queue = one_in_flight(None, 5);
    let (tx, rx) = (queue.sender(), queue.receiver());
    for item in 1..=3 {
        tx.try_send(item).expect("room");
    }
    let delivery = rx.try_recv_delivery().expect("there is one");
    let mut waiting = [(); 2].map(|()| ByHand::waiting(rx.recv_delivery()));
    delivery.ack().expect("no lease");
    assert_eq!(waiting.each_ref().map(ByHand::wakes), [1, 0]);
    let second = waiting[0].done().expect("there is one");
    assert_eq!((*second, waiting[1].wakes()), (2, 0));
    drop(second);
    let again = waiting[1].done().expect("it comes again");
    assert_eq!((*again, again.attempt()), (2, 2));
}

#[test]
fn workers_are_called_when_more_may_be_delivered() {
    let queue = one_in_flight(None, 5);
    let (tx, rx) = (queue.sender(), queue.receiver());
    for item in 1..=3 {
        tx.try_send(item).expect("room");
    }
    let _first = rx.try_recv_delivery().expect("there is one");
    let mut waiting = [(); 2].map(|()| ByHand::waiting(rx.recv_delivery()));
    let mut config = queue.config();
    config.deliveries.max_in_flight = Some(3);
    queue.reconfigure(config).expect("allowed");
    let got = waiting
        .each_mut()
        .map(|it| it.done().expect("there is one"));
    assert_eq!(got.each_ref().map(|it| **it), [2, 3]);
}

/// The one who was called when an item came has been dropped, and there is no room for it on board: nobody else would
/// be called before the lease is over, which somebody has to see.
#[tokio::test(start_paused = true)]
async fn somebody_looks_when_a_lease_is_over() {
    let queue = one_in_flight(Some(SECOND), 5);
    let (tx, rx) = (queue.sender(), queue.receiver());
    let mut first = ByHand::waiting(rx.recv_delivery());
    let second = ByHand::waiting(rx.recv_delivery());
    let third = tokio::spawn({
        let rx = rx.clone();
        async move { rx.recv_delivery().await.map(|it| (*it, it.attempt())) }
    });
    tokio::task::yield_now().await;
    tx.try_send(1).expect("room");
    tx.try_send(2).expect("room");
    let hung = first.done().expect("there is one");
    drop(second);
    let got = timeout(2 * SECOND, third).await.expect("it is called");
    assert_eq!(got.expect("no panic"), Some((1, 2)));
    assert!(hung.ack().is_err(), "too late");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_ends_in_a_dead_letter_makes_room_on_board() {
    let queue = one_in_flight(Some(SECOND), 1);
    let (tx, rx) = (queue.sender(), queue.receiver());
    tx.try_send(1).expect("room");
    tx.try_send(2).expect("room");
    let _hung = rx.recv_delivery().await;
    let next = timeout(2 * SECOND, rx.recv_delivery()).await;
    let next = next.expect("it is called").expect("there is one");
    assert_eq!((*next, next.attempt()), (2, 1));
    assert_eq!(queue.dead_letters(), 1);
}

#[tokio::test(start_paused = true)]
async fn when_the_keeper_goes_another_one_looks() {
    let queue: Queue<u32> = queue(|_| {});
    let (tx, rx) = (queue.sender(), queue.receiver());
    tx.try_send(1).expect("room");
    let begun = Instant::now();
    let delivery = rx.recv_delivery().await.expect("there is one");
    delivery.nack(SECOND).expect("in time");
    let keeper = ByHand::waiting(rx.recv());
    let other = tokio::spawn({
        let rx = rx.clone();
        async move { rx.recv().await }
    });
    tokio::task::yield_now().await;
    drop(keeper);
    let got = timeout(2 * SECOND, other).await.expect("it is called");
    assert_eq!(got.expect("no panic"), Some(1));
    assert!(begun.elapsed() >= SECOND, "not before it is due");
}

/// The keeper waits for something an hour away when something comes that is due in a second.
#[tokio::test(start_paused = true)]
async fn the_keeper_looks_earlier_if_need_be() {
    let queue: Queue<u32> = queue(|config| config.deliveries.lease = None);
    let (tx, rx) = (queue.sender(), queue.receiver());
    tx.try_send(1).expect("room");
    tx.try_send(2).expect("room");
    let (first, second) = (rx.recv_delivery().await, rx.recv_delivery().await);
    let waiting = tokio::spawn({
        let rx = rx.clone();
        async move { (rx.recv().await, rx.recv().await) }
    });
    tokio::task::yield_now().await;
    let begun = Instant::now();
    first.expect("one").nack(3600 * SECOND).expect("in time");
    tokio::task::yield_now().await;
    second.expect("two").nack(SECOND).expect("in time");
    assert_eq!(waiting.await.expect("no panic"), (Some(2), Some(1)));
    let time = begun.elapsed();
    assert!(time >= 3600 * SECOND && time < 3601 * SECOND, "{time:?}");
}

/// With a lease under way one of those who wait has a timer; the others are called for items, so that it keeps it.
#[tokio::test(start_paused = true)]
async fn the_keeper_is_spared() {
    let queue: Queue<u32> = queue(|_| {});
    let (tx, rx) = (queue.sender(), queue.receiver());
    tx.try_send(1).expect("room");
    let delivery = rx.recv_delivery().await;
    let keeper = ByHand::waiting(rx.recv());
    for item in 2..10 {
        let mut other = ByHand::waiting(rx.recv());
        tx.try_send(item).expect("room");
        assert_eq!(other.done(), Some(item));
    }
    assert_eq!(keeper.wakes(), 0);
    drop(delivery);
    assert_eq!(keeper.wakes(), 1);
}

#[tokio::test(start_paused = true)]
async fn all_are_called_at_the_end() {
    let queue: Queue<u32> = queue(|config| config.deliveries.lease = None);
    let (tx, rx) = (queue.sender(), queue.receiver());
    tx.try_send(1).expect("room");
    let delivery = rx.recv_delivery().await.expect("there is one");
    let mut taker = ByHand::waiting(rx.recv());
    let mut worker = ByHand::waiting(rx.recv_delivery());
    let mut drainer = ByHand::waiting(queue.drain(SECOND));
    advance(SECOND / 2).await;
    assert!(taker.poll().is_pending(), "it may come back");
    delivery.ack().expect("no lease");
    assert_eq!(taker.done(), None);
    assert!(worker.done().is_none());
    let drained = drainer.done();
    assert_eq!(
        (drained.there, drained.dropped, drained.in_flight),
        (1, 0, 0)
    );
    sleep(SECOND).await;
}

/// As many letters as there are call as many of those who wait for them.
#[test]
fn each_dead_letter_calls_one_who_waits_for_it() {
    let queue = queue(|config| config.deliveries.max_attempts = 1);
    let (tx, rx) = (queue.sender(), queue.receiver());
    let mut waiting = [(); 3].map(|()| ByHand::waiting(queue.recv_dead_letter()));
    for item in [1, 2] {
        tx.try_send(item).expect("room");
        drop(rx.try_recv_delivery());
    }
    assert_eq!(waiting.each_ref().map(ByHand::wakes), [1, 1, 0]);
    let letter = waiting[1].done().expect("there is one");
    assert_eq!(letter.into_item(), 1, "whoever comes first");
    let [first, _, mut third] = waiting;
    drop(first);
    assert_eq!(
        third.done().map(seaworthy_queue::DeadLetter::into_item),
        Some(2)
    );
}
