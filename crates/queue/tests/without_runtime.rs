//! No runtime is needed: by threads that block, or by any executor; in real time.

mod common;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use common::queue;
use seaworthy_queue::{Config, Overload, Queue, SendError};

const TIME: Duration = Duration::from_millis(30);

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

fn small(overload: Overload) -> impl FnOnce(&mut Config) {
    move |config| {
        config.capacity = 1;
        config.overload = overload;
        config.deliveries.lease = Some(TIME);
    }
}

#[test]
fn a_lease_ends_by_itself() {
    let queue = queue(small(Overload::Wait));
    queue.sender().try_send(1).expect("room");
    let rx = queue.receiver();
    let _hung = rx.blocking_recv_delivery();
    let hung = block_on(rx.recv_delivery()).expect("it comes again");
    assert_eq!(hung.attempt(), 2);
    let again = rx.blocking_recv_delivery().expect("and again");
    assert_eq!(again.attempt(), 3);
    again.ack().expect("in time");
    queue.close();
    assert_eq!(rx.blocking_recv(), None);
}

#[test]
fn patience_ends_by_itself() {
    let queue = queue(small(Overload::WaitFor(TIME)));
    let tx = queue.sender();
    tx.blocking_send(1).expect("room");
    assert_eq!(tx.blocking_send(2), Err(SendError::Full(2)));
    assert_eq!(block_on(tx.send(3)), Err(SendError::Full(3)));
    assert_eq!(
        block_on(tx.send_timeout(4, TIME / 2)),
        Err(SendError::Full(4))
    );
    let drained = block_on(queue.drain(TIME));
    assert_eq!((drained.there, drained.dropped), (1, 1));
}

#[test]
fn threads_hand_each_other_items() {
    let queue: Queue<u32> = queue(small(Overload::Wait));
    let (tx, rx) = (queue.sender(), queue.receiver());
    drop(queue);
    let producer = thread::spawn(move || {
        for item in 0..1000 {
            tx.blocking_send(item).expect("somebody receives");
        }
    });
    for item in 0..1000 {
        let got = if item % 2 == 0 {
            rx.blocking_recv()
        } else {
            block_on(rx.recv())
        };
        assert_eq!(got, Some(item));
    }
    assert_eq!(rx.blocking_recv(), None);
    producer.join().expect("no panic");
}
