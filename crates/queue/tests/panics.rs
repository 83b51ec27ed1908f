//! Code of the user panics: nothing is lost by it, and nobody is stopped.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use common::{ByHand, builder, queue};
use futures_util::StreamExt;
use seaworthy_core::panic::drop_quietly;
use seaworthy_queue::{Failure, Overload, Queue, Receiver, Sent};

/// A copy of it can be made only after so many tries.
struct Obstinate(Arc<AtomicU32>);

impl Clone for Obstinate {
    fn clone(&self) -> Self {
        let left = self.0.load(Ordering::SeqCst);
        self.0.store(left.saturating_sub(1), Ordering::SeqCst);
        assert!(left == 0, "cannot be copied");
        Self(Arc::clone(&self.0))
    }
}

fn caught<R>(act: impl FnOnce() -> R) {
    let caught = catch_unwind(AssertUnwindSafe(act));
    assert!(caught.is_err(), "it panics");
}

fn obstinate(tries: u32) -> Queue<Obstinate> {
    let queue = queue(|config| config.deliveries.max_attempts = 4);
    let item = Obstinate(Arc::new(AtomicU32::new(tries)));
    queue.sender().try_send(item).expect("room");
    queue
}

#[test]
fn a_copy_that_cannot_be_made_is_tried_again() {
    let queue = obstinate(3);
    let rx: Receiver<Obstinate> = queue.receiver();
    caught(|| rx.try_recv_delivery());
    caught(|| rx.blocking_recv_delivery());
    caught(|| ByHand::new(rx.clone().into_deliveries().next()).poll());
    assert_eq!((queue.len(), queue.in_flight()), (1, 0));
    let delivery = rx.try_recv_delivery().expect("there is one");
    assert_eq!(delivery.attempt(), 4);
    delivery.ack().expect("in time");
    assert_eq!(queue.sender().capacity(), queue.config().capacity);
}

/// Whoever was in line and panicked is in line no more: the next one is called.
#[test]
fn who_panics_leaves_the_line() {
    let queue: Queue<Obstinate> = queue(|_| {});
    let (tx, rx) = (queue.sender(), queue.receiver());
    let mut first = ByHand::waiting(rx.recv_delivery());
    let mut second = ByHand::waiting(rx.recv_delivery());
    tx.try_send(Obstinate(Arc::new(AtomicU32::new(1))))
        .expect("room");
    caught(|| first.poll());
    assert_eq!(second.done().expect("it comes again").attempt(), 2);
    drop(first);
    assert_eq!(queue.len(), 1);
}

#[test]
fn a_blocked_thread_that_panics_leaves_the_line() {
    let queue: Queue<Obstinate> = queue(|_| {});
    let (tx, rx) = (queue.sender(), queue.receiver());
    let thread = std::thread::spawn({
        let rx = rx.clone();
        move || caught(|| rx.blocking_recv_delivery())
    });
    // Somebody is called, whether the thread is in line by then or not.
    tx.try_send(Obstinate(Arc::new(AtomicU32::new(1))))
        .expect("room");
    thread.join().expect("it has caught that");
    let again = rx.try_recv_delivery().expect("it comes again");
    assert_eq!((again.attempt(), again.ack()), (2, Ok(())));
    let mut waiting = ByHand::waiting(rx.recv());
    tx.try_send(Obstinate(Arc::default())).expect("room");
    assert!(waiting.done().is_some());
}

#[test]
fn the_dead_letter_knows_why_no_copy_could_be_made() {
    let queue = obstinate(4);
    for _ in 0..4 {
        caught(|| queue.receiver().try_recv_delivery());
    }
    let letter = queue.take_dead_letter().expect("it is dead");
    assert_eq!(letter.attempts(), 4);
    let Failure::Panicked(Some(panicked)) = letter.last_failure() else {
        panic!("{:?}", letter.last_failure());
    };
    assert_eq!(panicked.message, "cannot be copied");
}

#[test]
fn the_dead_letter_knows_why_the_worker_panicked() {
    let queue: Queue<u32> = queue(|config| config.deliveries.max_attempts = 1);
    queue.sender().try_send(1).expect("room");
    caught(|| {
        let _delivery = queue.receiver().try_recv_delivery().expect("there is one");
        panic!("out of paper");
    });
    let letter = queue.take_dead_letter().expect("it is dead");
    assert_eq!(
        letter.last_failure().to_string(),
        "the worker panicked: out of paper"
    );
}

fn panics<R>(_: &u32) -> R {
    panic!("on purpose")
}

#[test]
fn functions_that_panic_lose_nothing() {
    let builder = builder(|config| {
        config.capacity = 2;
        config.overload = Overload::DropOldest;
    });
    let builder = builder.fair_by(panics::<u32>).classes(3, panics);
    let builder = builder.weight(100, panics).useful_for(panics);
    let queue = builder
        .on_drop(|dropped| panics(&dropped.item))
        .build()
        .expect("allowed");
    let (tx, rx) = (queue.sender(), queue.receiver());
    assert_eq!(tx.try_send(1), Ok(Sent::Queued));
    assert_eq!(tx.try_send(2), Ok(Sent::Queued));
    assert_eq!(
        tx.try_send(3),
        Ok(Sent::Evicting),
        "the hook panics, and that is all"
    );
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(2), Ok(3)));
    tx.try_reserve().expect("room").send(4);
    assert_eq!(rx.try_recv(), Ok(4));
}

/// An item whose drop panics, without a hook to see it.
#[derive(Clone)]
struct Spiteful(bool);

impl Drop for Spiteful {
    fn drop(&mut self) {
        assert!(!self.0, "one last word");
    }
}

#[test]
fn items_that_panic_when_dropped_stop_nobody() {
    let queue = queue(|config| {
        config.capacity = 1;
        config.overload = Overload::DropOldest;
    });
    let (tx, rx) = (queue.sender(), queue.receiver());
    assert_eq!(tx.try_send(Spiteful(true)).ok(), Some(Sent::Queued));
    assert_eq!(tx.try_send(Spiteful(true)).ok(), Some(Sent::Evicting));
    let delivery = rx.try_recv_delivery().expect("there is one");
    // Its own copy is dropped by the worker, after the item is done.
    caught(|| delivery.ack());
    assert_eq!((queue.in_flight(), tx.capacity()), (0, 1));
    drop_quietly(tx.try_send(Spiteful(true)));
    drop((tx, rx));
    drop(queue);
}

struct Alarming;

impl Wake for Alarming {
    fn wake(self: Arc<Self>) {
        panic!("not now");
    }
}

#[tokio::test(start_paused = true)]
async fn wakers_that_panic_keep_nobody_waiting() {
    let queue: Queue<u32> = queue(|config| config.capacity = 1);
    let (tx, rx) = (queue.sender(), queue.receiver());
    let waker = Waker::from(Arc::new(Alarming));
    let cx = &mut Context::from_waker(&waker);
    let mut first = Box::pin(rx.recv());
    assert!(first.as_mut().poll(cx).is_pending());
    let mut second = ByHand::waiting(rx.recv());
    tx.try_send(1).expect("the waker panics, and that is all");
    drop(first);
    assert_eq!(second.done(), Some(1));
    let mut first = Box::pin(rx.recv());
    assert!(first.as_mut().poll(cx).is_pending());
    let mut second = ByHand::waiting(rx.recv());
    let drained = queue.drain(Duration::from_secs(1)).await;
    assert_eq!(drained.there, 0);
    assert_eq!(second.done(), None);
}

/// A waker that cannot even be dropped.
struct Clinging;

impl Wake for Clinging {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Clinging {
    fn drop(&mut self) {
        panic!("not dropped");
    }
}

/// Whoever gets an item has a waker in line that is of no use any more.
#[test]
fn wakers_whose_drop_panics_lose_nothing() {
    let queue: Queue<u32> = queue(|_| {});
    let (tx, rx) = (queue.sender(), queue.receiver());
    for delivers in [false, true] {
        // Called for the item, so that the other one is still in line when it finds that.
        let takes = (!delivers).then(|| ByHand::waiting(rx.recv()));
        let boards = delivers.then(|| ByHand::waiting(rx.recv_delivery()));
        let waker = Waker::from(Arc::new(Clinging));
        let mut waits = Box::pin(async {
            if delivers {
                let delivery = rx.recv_delivery().await.expect("there is one");
                let item = *delivery;
                delivery.ack().expect("in time");
                item
            } else {
                rx.recv().await.expect("there is one")
            }
        });
        assert!(
            waits
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        // The last of it is in line.
        drop_quietly(waker);
        tx.try_send(1).expect("room");
        let noop = &mut Context::from_waker(Waker::noop());
        assert_eq!(waits.as_mut().poll(noop), std::task::Poll::Ready(1));
        drop_quietly(waits);
        drop((takes, boards));
        assert_eq!((queue.len(), queue.in_flight()), (0, 0));
    }
}
