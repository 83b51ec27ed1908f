//! Code of the user that uses the queue by which it is called: it never runs under the lock, so nothing hangs.

mod common;

use std::pin::pin;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use common::{builder, queue};
use seaworthy_core::{Executed, Reason};
use seaworthy_queue::{Dropped, Overload, Queue, Sent};

/// Fails, instead of hanging, if `act` does.
fn soon(act: impl FnOnce() + Send + 'static) {
    let (done, told) = channel();
    let thread = std::thread::spawn(move || {
        act();
        done.send(())
    });
    match told.recv_timeout(Duration::from_secs(20)) {
        Ok(()) => {}
        Err(RecvTimeoutError::Timeout) => panic!("it hangs"),
        Err(RecvTimeoutError::Disconnected) => panic!("{:?}", thread.join().map(drop)),
    }
}

/// A waker that looks at the queue when it wakes, and when it is dropped.
struct Nosy<T>(Queue<T>);

impl<T: Send + 'static> Wake for Nosy<T> {
    fn wake(self: Arc<Self>) {
        assert!(self.0.len() < 10);
    }
}

impl<T> Drop for Nosy<T> {
    fn drop(&mut self) {
        assert!(self.0.len() < 10);
    }
}

/// Polls twice, with two wakers of which the queue has the last reference.
fn poll_twice<T: Send + 'static>(queue: &Queue<T>, future: impl Future) {
    let mut future = pin!(future);
    for _ in 0..2 {
        let waker = Waker::from(Arc::new(Nosy(queue.clone())));
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
    }
}

#[test]
fn wakers_that_are_replaced_and_dropped() {
    soon(|| {
        let queue = queue(|config| config.capacity = 1);
        let (tx, rx) = (queue.sender(), queue.receiver());
        poll_twice(&queue, rx.recv());
        poll_twice(&queue, rx.recv_delivery());
        poll_twice(&queue, tx.closed());
        tx.try_send(1).expect("room");
        poll_twice(&queue, tx.send(2));
        poll_twice(&queue, tx.reserve());
    });
}

#[test]
fn wakers_that_are_woken() {
    soon(|| {
        let queue = queue(|config| config.capacity = 1);
        let (tx, rx) = (queue.sender(), queue.receiver());
        let waker = Waker::from(Arc::new(Nosy(queue.clone())));
        let cx = &mut Context::from_waker(&waker);
        let (mut take, mut board) = (pin!(rx.recv()), pin!(rx.recv_delivery()));
        assert!(take.as_mut().poll(cx).is_pending());
        assert!(board.as_mut().poll(cx).is_pending());
        tx.try_send(1).expect("room");
        let (mut send, mut closed) = (pin!(tx.send(2)), pin!(tx.closed()));
        assert!(send.as_mut().poll(cx).is_pending());
        assert!(closed.as_mut().poll(cx).is_pending());
        assert_eq!(rx.try_recv(), Ok(1));
        queue.close();
        assert!(send.as_mut().poll(cx).is_ready() && closed.as_mut().poll(cx).is_ready());
    });
}

/// An item that looks at its queue when it is copied, and when it is dropped.
struct Homesick(Queue<Homesick>);

impl Clone for Homesick {
    fn clone(&self) -> Self {
        assert!(self.0.len() < 10);
        Self(self.0.clone())
    }
}

impl Drop for Homesick {
    fn drop(&mut self) {
        assert!(self.0.len() < 10);
    }
}

#[test]
fn items_that_are_copied_and_dropped() {
    soon(|| {
        let queue: Queue<Homesick> = queue(|config| {
            config.capacity = 1;
            config.overload = Overload::DropOldest;
            config.deliveries.max_attempts = 1;
            config.deliveries.dead_letters = 1;
        });
        let item = || Homesick(queue.clone());
        let (tx, rx) = (queue.sender(), queue.receiver());
        assert_eq!(tx.try_send(item()).ok(), Some(Sent::Queued));
        assert_eq!(tx.try_send(item()).ok(), Some(Sent::Evicting));
        rx.try_recv_delivery().expect("one").ack().expect("in time");
        for _ in 0..2 {
            tx.try_send(item()).expect("room");
            drop(rx.try_recv_delivery().expect("one"));
        }
        assert_eq!(queue.dead_letters(), 1);
        tx.try_send(item()).expect("room");
        // Otherwise it would keep itself alive.
        drop((queue.take_dead_letter(), rx.try_recv()));
    });
}

#[test]
fn functions_and_hooks() {
    soon(|| {
        let slot: Arc<OnceLock<Queue<u32>>> = Arc::default();
        let look = |slot: &Arc<OnceLock<Queue<u32>>>| {
            let slot = Arc::clone(slot);
            move || slot.get().map_or(0, Queue::len)
        };
        let builder = builder(|config| {
            config.capacity = 1;
            config.overload = Overload::DropOldest;
        });
        let (class, weight, key, time) = (look(&slot), look(&slot), look(&slot), look(&slot));
        let builder = builder.classes(2, move |_| 1 - (class() as u8 & 1));
        let builder = builder.weight(10, move |_| weight() as u32 & 1);
        let builder = builder.fair_by(move |_| key() & 1);
        let builder = builder.useful_for(move |_| Some(Duration::from_secs(1 + time() as u64)));
        let hook = Arc::clone(&slot);
        let builder = builder.on_drop(move |dropped| {
            // Room is made first: otherwise this would never end.
            let queue = hook.get().expect("it is made");
            assert_eq!(queue.receiver().try_recv(), Ok(2));
            queue.sender().try_send(dropped.item + 10).expect("room");
        });
        let queue = builder.build().expect("allowed");
        slot.set(queue.clone()).expect("once");
        queue.sender().try_send(1).expect("room");
        assert_eq!(queue.sender().try_send(2), Ok(Sent::Evicting));
        assert_eq!(queue.receiver().try_recv(), Ok(11));
    });
}

/// Whoever waits for what comes of an item is told whether something may have.
#[tokio::test(start_paused = true)]
async fn the_hook_knows_what_was_with_a_worker() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let builder = builder(|_| {}).useful_for(|_| Some(Duration::from_secs(1)));
    let hook = move |dropped: Dropped<u32>| {
        let rejected = dropped.to_rejected("q");
        let told = (rejected.reason(), rejected.executed());
        log.lock()
            .expect("no panic")
            .push((dropped.item, dropped.attempts, told));
    };
    let queue = builder.on_drop(hook).build().expect("allowed");
    let (tx, rx) = (queue.sender(), queue.receiver());
    tx.try_send(1).expect("room");
    tx.try_send(2).expect("room");
    drop(rx.try_recv_delivery().expect("there is one"));
    tokio::time::advance(Duration::from_secs(2)).await;
    assert!(rx.try_recv().is_err());
    let expired = |executed| (Reason::Expired, executed);
    assert_eq!(
        *seen.lock().expect("no panic"),
        [
            (1, 1, expired(Executed::Maybe)),
            (2, 0, expired(Executed::No))
        ]
    );
}
