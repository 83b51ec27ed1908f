//! Whatever waits may be dropped at every await: nothing is lost by it, and whoever is next has its turn.

#[path = "../common/mod.rs"]
mod common;
mod service;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::queue;
use futures_util::{SinkExt, StreamExt};
use seaworthy_queue::{Config, DeadLetter, Queue, Receiver, Sender};
use seaworthy_testkit::{Ending, async_functions, at_every_await};
use tokio::time::sleep;

/// What is tested here, by source file. A new async function has to come with a test.
const TESTED: [(&str, fn()); 16] = [
    ("future.rs: ResponseFuture", service::call),
    ("queue.rs: drain", drain),
    ("queue.rs: recv_dead_letter", recv_dead_letter),
    ("receiver.rs: recv", recv),
    ("receiver.rs: recv_deliveries", recv_deliveries),
    ("receiver.rs: recv_delivery", recv_delivery),
    ("receiver.rs: recv_many", recv_many),
    ("receiver.rs: recv_with_span", recv_with_span),
    ("requests.rs: drain", service::drain),
    ("requests.rs: serve", service::serve),
    ("requests.rs: serve_until", service::serve_until),
    ("sender.rs: closed", closed),
    ("sender.rs: reserve", reserve),
    ("sender.rs: reserve_owned", reserve_owned),
    ("sender.rs: reserve_weight", reserve_weight),
    ("sending.rs: Sending", send),
];

#[test]
fn no_async_function_is_left_out() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    assert_eq!(async_functions(&sources), TESTED.map(|(name, _)| name));
}

const MILLI: Duration = Duration::from_millis(1);

/// A queue in which something happens five milliseconds from now, and somebody who waits for the same thing, second in
/// line.
struct World {
    queue: Queue<u32>,
    tx: Sender<u32>,
    rx: Receiver<u32>,
    /// What the other one got, and with which attempt.
    others: Arc<Mutex<Vec<(u32, u32)>>>,
}

impl World {
    fn new(change: impl FnOnce(&mut Config)) -> Self {
        let queue = queue(change);
        Self {
            tx: queue.sender(),
            rx: queue.receiver(),
            queue,
            others: Arc::default(),
        }
    }

    /// An item comes, and another one waits for it in the same line.
    async fn with_an_item_to_come(takes: bool) -> Self {
        let world = Self::new(|_| {});
        let (tx, rx) = (world.tx.clone(), world.rx.clone());
        let others = Arc::clone(&world.others);
        tokio::spawn(async move {
            sleep(MILLI).await;
            let got = if takes {
                (rx.recv().await.expect("nothing is closed"), 1)
            } else {
                let delivery = rx.recv_delivery().await.expect("nothing is closed");
                let got = (*delivery, delivery.attempt());
                delivery.ack().expect("in time");
                got
            };
            others.lock().expect("no panic").push(got);
        });
        tokio::spawn(async move {
            sleep(5 * MILLI).await;
            tx.try_send(1).expect("room");
        });
        world
    }

    /// It is received here, or by the other one, once.
    async fn received_once<T>(&mut self, ending: Ending<T>) {
        let completed = matches!(ending, Ending::Completed(_));
        let others = self.others.lock().expect("no panic").len();
        assert_eq!(others, if completed { 0 } else { 1 });
        assert_eq!((self.queue.len(), self.queue.in_flight()), (0, 0));
        // It goes on.
        self.tx.try_send(2).expect("room");
        if completed {
            sleep(MILLI).await;
            assert_eq!(*self.others.lock().expect("no panic"), [(2, 1)]);
        } else {
            assert_eq!(self.rx.try_recv(), Ok(2));
        }
    }

    /// There is room for one more, and another one waits for it who sends 2.
    async fn with_room_to_come() -> Self {
        let world = Self::new(|config| config.capacity = 1);
        world.tx.try_send(0).expect("room");
        let (tx, rx) = (world.tx.clone(), world.rx.clone());
        tokio::spawn(async move {
            sleep(MILLI).await;
            tx.send(2).await.expect("nothing is closed");
        });
        tokio::spawn(async move {
            sleep(5 * MILLI).await;
            assert_eq!(rx.recv().await, Some(0));
        });
        world
    }

    /// Either sends 1, or gives its room to the other one.
    async fn sent_once<T>(&mut self, ending: Ending<T>) {
        let completed = matches!(ending, Ending::Completed(_));
        if completed {
            assert_eq!(self.rx.try_recv(), Ok(1));
            sleep(MILLI).await;
        }
        assert_eq!(self.rx.try_recv(), Ok(2));
        assert_eq!(self.tx.capacity(), 1);
    }
}

#[test]
fn recv() {
    let received = at_every_await(
        8,
        async || World::with_an_item_to_come(true).await,
        async |world| assert_eq!(world.rx.recv().await, Some(1)),
        World::received_once,
    );
    assert_eq!(received, 1);
}

#[test]
#[cfg(feature = "tracing")]
fn recv_with_span() {
    let received = at_every_await(
        8,
        async || World::with_an_item_to_come(true).await,
        async |world| {
            let received = world.rx.recv_with_span().await;
            assert_eq!(received.map(|(item, _)| item), Some(1));
        },
        World::received_once,
    );
    assert_eq!(received, 1);
}

/// It is there with the feature only.
#[cfg(not(feature = "tracing"))]
fn recv_with_span() {}

#[test]
fn recv_many() {
    let received = at_every_await(
        8,
        async || World::with_an_item_to_come(true).await,
        async |world| {
            let mut buffer = Vec::new();
            assert_eq!(world.rx.recv_many(&mut buffer, 5).await, 1);
        },
        World::received_once,
    );
    assert_eq!(received, 1);
}

#[test]
fn recv_deliveries() {
    let received = at_every_await(
        8,
        async || World::with_an_item_to_come(false).await,
        async |world| {
            let mut buffer = Vec::new();
            assert_eq!(world.rx.recv_deliveries(&mut buffer, 5).await, 1);
            let delivery = buffer.remove(0);
            assert_eq!((*delivery, delivery.attempt()), (1, 1));
            delivery.ack().expect("in time");
        },
        World::received_once,
    );
    assert_eq!(received, 1);
}

#[test]
fn recv_delivery() {
    let received = at_every_await(
        8,
        async || World::with_an_item_to_come(false).await,
        async |world| {
            let delivery = world.rx.recv_delivery().await.expect("one comes");
            assert_eq!((*delivery, delivery.attempt()), (1, 1));
            delivery.ack().expect("in time");
        },
        World::received_once,
    );
    assert_eq!(received, 1);
}

#[test]
fn a_stream() {
    let received = at_every_await(
        8,
        async || World::with_an_item_to_come(true).await,
        async |world| {
            let mut items = world.rx.clone().into_stream();
            assert_eq!(items.next().await, Some(1));
        },
        World::received_once,
    );
    assert_eq!(received, 1);
}

/// Nobody else wakes it, and whoever drops it leaves the timer to the other one.
#[test]
fn waiting_for_the_end_of_a_lease() {
    let fixture = async || {
        let world = World::new(|config| config.deliveries.lease = Some(5 * MILLI));
        world.tx.try_send(1).expect("room");
        let mut hung = world.rx.recv_delivery().await.expect("there is one");
        *hung += 1;
        let (rx, others) = (world.rx.clone(), Arc::clone(&world.others));
        tokio::spawn(async move {
            sleep(MILLI).await;
            let delivery = rx.recv_delivery().await.expect("it comes again");
            others
                .lock()
                .expect("no panic")
                .push((*delivery, delivery.attempt()));
            delivery.ack().expect("in time");
            hung.ack().expect_err("too late");
        });
        world
    };
    let check = async |world: &mut World, ending: Ending<()>| {
        let others = world.others.lock().expect("no panic").clone();
        match ending {
            Ending::Completed(()) => assert_eq!(others, []),
            _ => assert_eq!(others, [(1, 2)]),
        }
    };
    let recv = async |world: &mut World| {
        let delivery = world.rx.recv_delivery().await.expect("it comes again");
        assert_eq!((*delivery, delivery.attempt()), (1, 2));
        delivery.ack().expect("in time");
    };
    assert_eq!(at_every_await(8, fixture, recv, check), 1);
}

#[test]
fn send() {
    let sent = at_every_await(
        8,
        World::with_room_to_come,
        async |world| world.tx.send(1).await.expect("there will be room"),
        World::sent_once,
    );
    assert_eq!(sent, 1);
    let sent = at_every_await(
        8,
        World::with_room_to_come,
        async |world| {
            let sent = world.tx.send_timeout(1, 10 * MILLI).await;
            sent.expect("there will be room");
        },
        World::sent_once,
    );
    assert_eq!(sent, 1);
}

#[test]
fn a_sink() {
    let sent = at_every_await(
        8,
        World::with_room_to_come,
        async |world| {
            let mut sink = world.tx.clone().into_sink();
            sink.send(1).await.expect("there will be room");
        },
        World::sent_once,
    );
    assert_eq!(sent, 1);
}

#[test]
fn reserve() {
    let sent = at_every_await(
        8,
        World::with_room_to_come,
        async |world| world.tx.reserve().await.expect("there will be").send(1),
        World::sent_once,
    );
    assert_eq!(sent, 1);
}

#[test]
fn reserve_weight() {
    let sent = at_every_await(
        8,
        World::with_room_to_come,
        async |world| {
            let permit = world.tx.reserve_weight(3).await;
            permit.expect("there will be").send(1);
        },
        World::sent_once,
    );
    assert_eq!(sent, 1);
}

#[test]
fn reserve_owned() {
    let sent = at_every_await(
        8,
        World::with_room_to_come,
        async |world| {
            let permit = world.tx.clone().reserve_owned().await;
            permit.expect("there will be").send(1);
        },
        World::sent_once,
    );
    assert_eq!(sent, 1);
}

/// The queue is closed in a while, and ends when its only item is taken, a while after that.
async fn ending() -> World {
    let world = World::new(|_| {});
    world.tx.try_send(1).expect("room");
    let (queue, rx) = (world.queue.clone(), world.rx.clone());
    tokio::spawn(async move {
        sleep(5 * MILLI).await;
        queue.close();
        sleep(5 * MILLI).await;
        assert_eq!(rx.recv().await, Some(1));
    });
    world
}

async fn ended<T>(world: &mut World, _: Ending<T>) {
    assert!(world.tx.is_closed());
    assert_eq!(world.rx.recv().await, None);
    // Others can wait for the same things.
    world.tx.closed().await;
    assert_eq!(world.queue.drain(MILLI).await.there, 0);
}

#[test]
fn closed() {
    let closes = async |world: &mut World| world.tx.closed().await;
    assert_eq!(at_every_await(8, ending, closes, ended), 1);
}

#[test]
fn drain() {
    let drains = async |world: &mut World| {
        let drained = world.queue.drain(1000 * MILLI).await;
        assert_eq!((drained.there, drained.dropped), (1, 0));
    };
    assert_eq!(at_every_await(8, ending, drains, ended), 1);
}

/// A letter comes while somebody else waits behind it: one of the two has it.
#[test]
fn recv_dead_letter() {
    let start = async || {
        let world = World::new(|config| config.deliveries.max_attempts = 1);
        let (queue, others) = (world.queue.clone(), Arc::clone(&world.others));
        tokio::spawn(async move {
            sleep(MILLI).await;
            let letter = queue.recv_dead_letter().await.expect("nothing is closed");
            let attempts = letter.attempts();
            others
                .lock()
                .expect("no panic")
                .push((letter.into_item(), attempts));
        });
        let (tx, rx) = (world.tx.clone(), world.rx.clone());
        tokio::spawn(async move {
            sleep(5 * MILLI).await;
            tx.try_send(1).expect("room");
            drop(rx.recv_delivery().await);
        });
        world
    };
    let received = at_every_await(
        8,
        start,
        async |world| {
            let letter = world.queue.recv_dead_letter().await;
            assert_eq!(letter.map(DeadLetter::into_item), Some(1));
        },
        async |world, ending| {
            let others = world.others.lock().expect("no panic").clone();
            let completed = matches!(ending, Ending::Completed(()));
            assert_eq!(others, if completed { vec![] } else { vec![(1, 1)] });
            assert_eq!(world.queue.dead_letters(), 0);
        },
    );
    assert_eq!(received, 1);
}
