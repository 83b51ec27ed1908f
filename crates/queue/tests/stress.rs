//! Many producers and consumers on two threads, of all kinds, who give up and come back: each item is handled once.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::queue;
use futures_util::StreamExt;
use seaworthy_queue::{Queue, Receiver, SendError, Sender};
use seaworthy_testkit::{Rng, seeds};
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;

const PRODUCERS: u32 = 8;
const ITEMS: u32 = 2_000;

/// How often each item was handled.
type Handled = Arc<Vec<AtomicU32>>;

fn handle(handled: &Handled, item: u32) {
    handled[item as usize].fetch_add(1, Ordering::Relaxed);
}

fn rng(number: usize) -> Rng {
    let seed = seeds(1000).nth(number).expect("there are more");
    seed.rng()
}

/// Sends one item in one of the ways there are.
async fn send(tx: &Sender<u32>, rng: &mut Rng, item: u32) {
    let short = Duration::from_micros(rng.range(0..300));
    match rng.range(0..5) {
        0 => drop(tx.send(item).await.expect("open")),
        1 => {
            // Given up and tried again.
            let permit = loop {
                match timeout(short, tx.reserve()).await {
                    Ok(permit) => break permit.expect("open"),
                    Err(_) => yield_now().await,
                }
            };
            permit.send(item);
        }
        2 => {
            let permit = tx.clone().reserve_owned().await.expect("open");
            if item.is_multiple_of(2) {
                permit.send(item);
            } else {
                permit.release().send(item).await.expect("open");
            }
        }
        3 => {
            while let Err(error) = tx.send_timeout(item, short).await {
                assert_eq!(error, SendError::Full(item));
            }
        }
        _ => {
            while let Err(error) = tx.try_send(item) {
                assert_eq!(error, SendError::Full(item));
                yield_now().await;
            }
        }
    }
}

async fn worker(rx: Receiver<u32>, mut rng: Rng, handled: Handled) {
    while let Some(delivery) = rx.recv_delivery().await {
        match rng.range(0..6) {
            0 => drop(delivery),
            1 => delivery.nack(Duration::ZERO).expect("in time"),
            2 => delivery.nack(Duration::from_millis(1)).expect("in time"),
            _ => {
                if rng.range(0..2) == 0 {
                    yield_now().await;
                }
                let item = *delivery;
                delivery.ack().expect("in time");
                handle(&handled, item);
            }
        }
    }
}

/// Asks and gives up at once, which calls others.
async fn fickle(rx: Receiver<u32>, mut rng: Rng, handled: Handled) {
    loop {
        let short = Duration::from_micros(rng.range(0..1500));
        let received = tokio::select! {
            biased;
            received = rx.recv() => received,
            () = yield_now() => continue,
            () = tokio::time::sleep(short) => continue,
        };
        match received {
            Some(item) => handle(&handled, item),
            None => return,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_item_is_handled_once() {
    let queue: Queue<u32> = queue(|config| {
        config.capacity = 16;
        config.deliveries.max_in_flight = Some(3);
        config.deliveries.max_attempts = u32::MAX;
    });
    let handled: Handled = Arc::new((0..PRODUCERS * ITEMS).map(|_| AtomicU32::new(0)).collect());
    let (mut producers, mut consumers) = (JoinSet::new(), JoinSet::new());
    for number in 0..PRODUCERS {
        let tx = queue.sender();
        let mut rng = rng(number as usize);
        producers.spawn(async move {
            for item in 0..ITEMS {
                send(&tx, &mut rng, number * ITEMS + item).await;
            }
        });
    }
    for number in 0..4 {
        let rng = || rng(100 + number);
        consumers.spawn(worker(queue.receiver(), rng(), Arc::clone(&handled)));
        consumers.spawn(fickle(queue.receiver(), rng(), Arc::clone(&handled)));
    }
    let (rx, counted) = (queue.receiver(), Arc::clone(&handled));
    consumers.spawn(async move {
        let mut batch = Vec::new();
        while rx.recv_many(&mut batch, 5).await > 0 {
            batch.drain(..).for_each(|item| handle(&counted, item));
        }
    });
    let (items, counted) = (queue.receiver().into_stream(), Arc::clone(&handled));
    consumers.spawn(async move {
        items.for_each(async |item| handle(&counted, item)).await;
    });
    producers.join_all().await;
    queue.close();
    let ended = timeout(Duration::from_secs(60), consumers.join_all()).await;
    ended.expect("nobody waits for ever");
    let counts = handled.iter().map(|count| count.load(Ordering::Relaxed));
    let wrong: Vec<_> = counts
        .enumerate()
        .filter(|(_, count)| *count != 1)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!(
        (queue.in_flight(), queue.len(), queue.dead_letters()),
        (0, 0, 0)
    );
    assert_eq!(queue.sender().capacity(), 16, "no place has leaked");
}

/// Order is promised for each producer and consumer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_consumer_sees_each_producer_in_order() {
    let queue: Queue<(usize, u32)> = queue(|config| config.capacity = 8);
    let mut tasks = JoinSet::new();
    for number in 0..PRODUCERS as usize {
        let tx = queue.sender();
        tasks.spawn(async move {
            for item in 1..=ITEMS {
                tx.send((number, item)).await.expect("open");
            }
            0
        });
    }
    for _ in 0..3 {
        let rx = queue.receiver();
        tasks.spawn(async move {
            let (mut last, mut count) = ([0; PRODUCERS as usize], 0);
            while let Some((producer, item)) = rx.recv().await {
                assert!(
                    last[producer] < item,
                    "{producer}: {item} after {}",
                    last[producer]
                );
                last[producer] = item;
                count += 1;
            }
            count
        });
    }
    drop(queue);
    let received: u32 = tasks.join_all().await.into_iter().sum();
    assert_eq!(received, PRODUCERS * ITEMS);
}
