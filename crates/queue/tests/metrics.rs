//! What a queue counts, under which names; and that who records it is kept apart from who uses the queue.
#![cfg(feature = "metrics")]

mod common;

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use common::{ByHand, builder, queue};
use futures_util::FutureExt;
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit, with_local_recorder,
};
use seaworthy_core::component::Registry;
use seaworthy_queue::service::{Client, Requests, builder as service};
use seaworthy_queue::{Overload, Queue, SendError};
use seaworthy_testkit::{block_on_paused, measured};
use tokio::time::{advance, sleep};
use tower::{BoxError, Service, service_fn};

const PREFIX: &str = "seaworthy_queue_";

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// What was told of the only queue that there was, without its name; nothing of what came to nothing.
fn told<F: Future<Output = ()>>(story: F) -> Vec<String> {
    let lines = measured(PREFIX, story);
    assert!(
        lines.iter().all(|line| line.contains("{name=q")),
        "{lines:?}"
    );
    let short = |line: String| line.replace("{name=q}", "").replace("name=q,", "");
    let lines = lines.into_iter().map(short);
    lines.filter(|line| !line.ends_with(" 0")).collect()
}

#[test]
fn items_that_come_and_go() {
    let queue: Queue<u32> = queue(|config| config.capacity = 100);
    let mut kept = None;
    let lines = told(async {
        let (tx, rx) = (queue.sender(), queue.receiver());
        for item in 0..10 {
            tx.try_send(item).expect("room");
            advance(secs(1)).await;
        }
        assert_eq!(rx.try_recv(), Ok(0));
        assert_eq!(rx.recv().await, Some(1));
        // Sent at three different times.
        assert_eq!(rx.recv_many(&mut Vec::new(), 3).await, 3);
        rx.recv_delivery()
            .await
            .expect("one")
            .ack()
            .expect("in time");
        drop(rx.recv_delivery().await);
        let again = rx.try_recv_delivery().expect("it comes again");
        let other = rx.try_recv_delivery().expect("another one");
        let snapshot = queue.snapshot().to_string();
        assert!(
            snapshot.contains("queued 2, capacity 100, in_flight 2"),
            "{snapshot}"
        );
        kept = Some((again, other));
    });
    let expected = [
        "acknowledged_total 1",
        "in_flight 2",
        "received_total 9",
        "redelivered_total 1",
        "sent_total 10",
        "waited_seconds 8 in 52",
        "waiting 2",
    ];
    assert_eq!(lines, expected);
}

/// The gauges follow what is there, and are zero when the queue is gone.
#[test]
fn what_is_dropped_and_why() {
    let lines = told(async {
        let of_age = |item: &u32| (*item > 99).then_some(secs(1));
        let builder = builder(|config| {
            config.capacity = 4;
            config.overload = Overload::DropOldest;
            config.deliveries.max_attempts = 1;
            config.deliveries.dead_letters = 1;
            config.deliveries.lease = Some(secs(5));
        });
        let queue = builder.useful_for(of_age).build().expect("allowed");
        let (tx, rx) = (queue.sender(), queue.receiver());
        for item in 0..9 {
            tx.try_send(item).expect("room is made");
        }
        for _ in 0..2 {
            drop(rx.try_recv_delivery().expect("one"));
        }
        let hangs = rx.try_recv_delivery().expect("one");
        advance(secs(5)).await;
        assert!(hangs.ack().is_err(), "its lease is over");
        tx.try_send(100).expect("room");
        advance(secs(2)).await;
        assert_eq!(rx.try_recv(), Ok(8));
        assert!(rx.try_recv().is_err());
        for item in 10..13 {
            tx.try_send(item).expect("room");
        }
        queue.drain(secs(1)).await;
        assert_eq!(tx.try_send(1), Err(SendError::Closed(1)));
    });
    let expected = [
        "dead_letters_total 3",
        "dropped_total{reason=abandoned} 1",
        "dropped_total{reason=drained} 3",
        "dropped_total{reason=evicted} 5",
        "dropped_total{reason=expired} 1",
        "dropped_total{reason=no_room_for_dead_letters} 2",
        "leases_over_total 1",
        "received_total 4",
        "rejected_total{reason=closed} 1",
        "sent_total 13",
        "waited_seconds 4 in 7",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn who_is_turned_away_and_who_gives_up() {
    let lines = told(async {
        let builder = builder(|config| config.capacity = 1);
        let queue: Queue<u32> = builder.weight(9, |item| *item).build().expect("allowed");
        let tx = queue.sender();
        tx.try_send(1).expect("room");
        for _ in 0..3 {
            assert!(tx.try_send(1).is_err());
        }
        assert!(tx.send_timeout(1, secs(1)).await.is_err());
        assert!(tx.send(10).await.is_err());
        assert!(tx.try_reserve().is_err());
        for _ in 0..2 {
            drop(ByHand::waiting(tx.send(1)));
        }
    });
    let expected = [
        "dropped_total{reason=abandoned} 1",
        "rejected_total{reason=full} 5",
        "rejected_total{reason=too_heavy} 1",
        "sent_total 1",
        "withdrawn_total{from=line} 2",
    ];
    assert_eq!(lines, expected);
}

type Ends = (Client<u32, u32, BoxError>, Requests<u32, u32, BoxError>);

fn ends(redeliver: bool) -> Ends {
    let builder = service("q").registry(&Registry::new());
    let builder = if redeliver {
        builder.redeliver(3, |request| *request)
    } else {
        builder
    };
    builder.build().expect("allowed")
}

async fn serve(seconds: u32) -> Result<u32, BoxError> {
    assert!(seconds > 0, "crashes");
    sleep(secs(seconds.into())).await;
    Ok(seconds)
}

/// Requests that were begun are in flight, whether they are in the queue or not.
#[test]
fn services() {
    for redeliver in [false, true] {
        let mut kept: Vec<Box<dyn Send>> = Vec::new();
        let mut lines = told(async {
            let (mut client, requests) = ends(redeliver);
            drop(ByHand::waiting(client.call(7)));
            let (slow, quick) = (client.call(100), client.call(2));
            let requests = requests.concurrency(NonZeroUsize::MIN.saturating_add(4));
            let mut worker = ByHand::waiting(requests.serve(service_fn(serve)));
            advance(secs(2)).await;
            assert!(worker.poll().is_pending());
            assert_eq!(quick.await.expect("served"), 2);
            kept.push(Box::new((worker, slow, client)));
        });
        if redeliver {
            assert_eq!(lines.remove(0), "acknowledged_total 1");
        }
        let expected = [
            "in_flight 1",
            "received_total 2",
            "sent_total 3",
            "served_seconds 1 in 2",
            "withdrawn_total{from=queue} 1",
        ];
        assert_eq!(lines, expected);
    }
}

/// One of several crashes, when another one was done a moment ago: none of them is in flight any more.
#[test]
fn a_worker_that_crashes_has_nothing_in_flight() {
    for redeliver in [false, true] {
        for concurrency in [1, 2, 5] {
            let lines = told(async {
                let (mut client, requests) = ends(redeliver);
                let concurrency = NonZeroUsize::new(concurrency).expect("some");
                let mut calls: Vec<_> = [1, 1, 50].map(|it| Box::pin(client.call(it))).into();
                calls.push(Box::pin(client.call(0)));
                let served = requests.clone().concurrency(concurrency);
                let serve = service_fn(async |seconds: u32| {
                    sleep(secs(1)).await;
                    serve(seconds.saturating_sub(1)).await
                });
                let served = tokio::spawn(served.serve(serve));
                assert!(served.await.is_err(), "it crashes");
                drop(calls);
                let drained = requests.drain(secs(1)).await;
                assert_eq!(drained.in_flight, 0);
            });
            let in_flight = lines.iter().find(|line| line.starts_with("in_flight"));
            assert_eq!(in_flight, None, "{concurrency} {redeliver}");
        }
    }
}

/// Two queues of one name add up.
#[test]
fn queues_of_the_same_name() {
    let queues: [Queue<u32>; 3] = std::array::from_fn(|_| queue(|_| {}));
    let mut kept = None;
    let lines = told(async {
        for queue in &queues {
            queue.sender().try_send(1).expect("room");
        }
        let [first, second, third] = queues;
        drop(first);
        kept = Some((second, third));
    });
    assert!(lines.contains(&"waiting 2".to_owned()), "{lines:?}");
}

/// What a recorder does whenever it is told something.
#[derive(Clone)]
struct Meddler(Arc<dyn Fn() + Send + Sync>);

impl CounterFn for Meddler {
    fn increment(&self, _: u64) {
        (self.0)();
    }
    fn absolute(&self, _: u64) {}
}

impl GaugeFn for Meddler {
    fn increment(&self, _: f64) {
        (self.0)();
    }
    fn decrement(&self, _: f64) {}
    fn set(&self, _: f64) {}
}

impl HistogramFn for Meddler {
    fn record(&self, _: f64) {
        (self.0)();
    }
}

impl Recorder for Meddler {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        (self.0)();
        Counter::from_arc(Arc::new(self.clone()))
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        (self.0)();
        Gauge::from_arc(Arc::new(self.clone()))
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        (self.0)();
        Histogram::from_arc(Arc::new(self.clone()))
    }
}

/// Everything that is told is told in here. What was dropped.
fn everything(queue: impl FnOnce(Arc<Mutex<Vec<u32>>>) -> Queue<u32>) -> Vec<u32> {
    let dropped: Arc<Mutex<Vec<u32>>> = Arc::default();
    let queue = queue(Arc::clone(&dropped));
    let (tx, rx) = (queue.sender(), queue.receiver());
    tx.try_send(1).expect("room");
    assert!(tx.try_send(2).is_err());
    drop(ByHand::waiting(tx.send(3)));
    assert_eq!(rx.try_recv(), Ok(1));
    tx.try_send(4).expect("room");
    let mut items = Vec::new();
    assert_eq!(rx.recv_many(&mut items, 9).now_or_never(), Some(1));
    assert_eq!(items, [4]);
    tx.try_send(5).expect("room");
    for attempt in 1..=2 {
        let delivery = rx.try_recv_delivery().expect("it comes again");
        assert_eq!((*delivery, delivery.attempt()), (5, attempt));
    }
    tx.try_send(6).expect("room");
    rx.try_recv_delivery().expect("one").ack().expect("in time");
    tx.try_send(7).expect("room");
    let mut waits = ByHand::waiting(tx.send(8));
    assert_eq!(rx.try_recv(), Ok(7));
    waits.done().expect("room");
    drop(waits);
    drop((tx, rx, queue));
    std::mem::take(&mut *dropped.lock().unwrap())
}

fn lossless(dropped: Arc<Mutex<Vec<u32>>>) -> Queue<u32> {
    let builder = builder(|config| {
        config.capacity = 1;
        config.deliveries.max_attempts = 2;
        config.deliveries.dead_letters = 0;
    });
    let hook = move |it: seaworthy_queue::Dropped<u32>| dropped.lock().unwrap().push(it.item);
    builder.on_drop(hook).build().expect("allowed")
}

#[test]
fn a_recorder_that_panics_loses_nothing() {
    let told = Arc::new(Mutex::new(0));
    let panics = {
        let told = Arc::clone(&told);
        Meddler(Arc::new(move || {
            *told.lock().unwrap() += 1;
            panic!("on purpose");
        }))
    };
    let dropped = with_local_recorder(&panics, || everything(lossless));
    assert_eq!(dropped, [5, 8]);
    assert!(*told.lock().unwrap() > 30, "each handle was tried again");
}

/// And not while it registers either.
#[test]
fn a_service_goes_on_with_a_recorder_that_panics() {
    let panics = Meddler(Arc::new(|| panic!("on purpose")));
    with_local_recorder(&panics, || {
        block_on_paused(async {
            let (mut client, requests) = ends(false);
            tokio::spawn(requests.serve(service_fn(serve)));
            for seconds in [1, 2] {
                assert_eq!(client.call(seconds).await.expect("served"), seconds);
            }
        });
    });
}

/// A recorder that looks at the queue, and even sends, takes the lock: so it is told nothing under it.
#[test]
fn a_recorder_may_use_the_queue() {
    let (done, finished) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let slot: Arc<OnceLock<Queue<u32>>> = Arc::default();
        let looks = Arc::new(Mutex::new(0));
        let nosy = {
            let (slot, looks) = (Arc::clone(&slot), Arc::clone(&looks));
            Meddler(Arc::new(move || {
                let queue = slot.get().expect("it is made");
                assert!(queue.len() < 9 && !queue.snapshot().name.is_empty());
                *looks.lock().unwrap() += 1;
            }))
        };
        with_local_recorder(&nosy, || {
            everything(|dropped| {
                let queue = lossless(dropped);
                slot.set(queue.clone()).expect("once");
                queue
            });
        });
        // The queue is in the recorder, and has not gone.
        assert!(*looks.lock().unwrap() > 30);
        done.send(())
    });
    let finished = finished.recv_timeout(secs(20));
    assert!(finished.is_ok() && thread.join().is_ok(), "it hangs");
}
