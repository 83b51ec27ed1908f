//! In which span code of the user runs, and what is logged; and that who reads it is kept apart from who uses the queue.
#![cfg(feature = "tracing")]

mod common;

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use common::{ByHand, builder};
use seaworthy_core::component::Registry;
use seaworthy_queue::service::{Client, builder as service};
use seaworthy_queue::{Overload, Queue};
use seaworthy_testkit::block_on_paused;
use tokio::task::yield_now;
use tokio::time::advance;
use tower::{BoxError, Service, service_fn};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Span, Subscriber, info, info_span};
use tracing_subscriber::layer::{Context as Scope, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry as Spans};

/// Writes each event on a line of its own, after the names of the spans that it is in. What else it does whenever it is
/// told something is the test's.
#[derive(Clone, Default)]
struct Paper {
    lines: Arc<Mutex<Vec<String>>>,
    meddle: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl Paper {
    fn meddle(&self) {
        if let Some(meddle) = &self.meddle {
            meddle();
        }
    }
}

/// Fields as text; the message goes without its name.
#[derive(Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let name = match field.name() {
            "message" => String::new(),
            name => format!("{name}="),
        };
        write!(self.0, " {name}{value:?}").expect("a string takes it");
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Paper {
    fn on_new_span(&self, _: &Attributes<'_>, _: &Id, _: Scope<'_, S>) {
        self.meddle();
    }

    fn on_event(&self, event: &Event<'_>, scope: Scope<'_, S>) {
        let mut line = String::new();
        let scopes = scope.event_scope(event).into_iter();
        for span in scopes.flat_map(|scope| scope.from_root()) {
            line += &format!("{}: ", span.name());
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        line += &format!("{}{}", event.metadata().level(), fields.0);
        self.lines.lock().unwrap().push(line);
        self.meddle();
    }

    fn on_close(&self, _: Id, _: Scope<'_, S>) {
        self.meddle();
    }
}

fn logged_by<F: Future<Output = ()>>(paper: Paper, story: F) -> Vec<String> {
    let subscriber = Spans::default().with(paper.clone());
    tracing::subscriber::with_default(subscriber, || block_on_paused(story));
    std::mem::take(&mut *paper.lines.lock().unwrap())
}

fn logged<F: Future<Output = ()>>(story: F) -> Vec<String> {
    logged_by(Paper::default(), story)
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A caller's, from the moment of the call, however long the request waits for room; and no longer than the call.
#[test]
fn a_request_is_served_in_the_span_of_its_caller() {
    struct Farewell;
    impl Drop for Farewell {
        fn drop(&mut self) {
            info!("dropped");
        }
    }
    for redeliver in [false, true] {
        let lines = logged(async {
            let builder = service("q").capacity(1).registry(&Registry::new());
            let builder = if redeliver {
                builder.redeliver(2, |it| *it)
            } else {
                builder
            };
            let (client, requests) = builder.build().expect("allowed");
            let mut client: Client<u32, u32, BoxError> = client;
            let first = info_span!("first").in_scope(|| client.call(1));
            let second = info_span!("second").in_scope(|| client.call(2));
            tokio::spawn(requests.serve(service_fn(|request: u32| {
                info!("called with {request}");
                async move {
                    let _farewell = Farewell;
                    yield_now().await;
                    info!("goes on");
                    Ok(request)
                }
            })));
            let (first, second) = (tokio::spawn(first), tokio::spawn(second));
            assert_eq!(first.await.expect("it ends").expect("served"), 1);
            assert_eq!(second.await.expect("it ends").expect("served"), 2);
            info!("outside");
        });
        let of = |span, request| {
            let words = [
                format!("called with {request}"),
                "goes on".into(),
                "dropped".into(),
            ];
            words.map(|word| format!("{span}: INFO {word}"))
        };
        let expected = [
            &of("first", 1)[..],
            &of("second", 2),
            &["INFO outside".into()],
        ]
        .concat();
        assert_eq!(lines, expected, "{redeliver}");
    }
}

fn plain(capacity: usize) -> Queue<u32> {
    builder(|config| config.capacity = capacity)
        .build()
        .expect("allowed")
}

#[test]
fn items_carry_the_span_of_whoever_sent_them() {
    let lines = logged(async {
        let queue = plain(9);
        let (tx, rx) = (queue.sender(), queue.receiver());
        info_span!("try_send")
            .in_scope(|| tx.try_send(1))
            .expect("room");
        let sending = info_span!("send").in_scope(|| tx.send(2));
        sending.await.expect("room");
        let permit = tx.reserve().await.expect("room");
        info_span!("permit").in_scope(|| permit.send(3));
        tx.try_send(4).expect("room");
        for _ in 0..2 {
            let delivery = rx.try_recv_delivery().expect("it comes again");
            delivery.span().in_scope(|| info!("delivered"));
        }
        rx.try_recv_delivery()
            .expect("one")
            .bury()
            .expect("in time");
        let letter = queue.take_dead_letter().expect("one");
        letter.span().in_scope(|| info!("dead"));
        for _ in 0..2 {
            let (item, span) = rx.recv_with_span().await.expect("there is one");
            span.in_scope(|| info!("received {item}"));
        }
        let (item, span) = rx.recv_with_span().await.expect("there is one");
        assert!(item == 4 && span.is_none());
    });
    let ours: Vec<_> = lines.iter().filter(|line| line.contains("INFO")).collect();
    let expected = [
        "try_send: INFO delivered",
        "try_send: INFO delivered",
        "try_send: INFO dead",
        "send: INFO received 2",
        "permit: INFO received 3",
    ];
    assert_eq!(ours, expected);
    assert!(Span::current().is_none());
}

#[test]
fn dead_letters_and_leases() {
    let lines = logged(async {
        let builder = builder(|config| {
            config.deliveries.max_attempts = 2;
            config.deliveries.lease = Some(secs(5));
        });
        let queue: Queue<u32> = builder.build().expect("allowed");
        let (tx, rx) = (queue.sender(), queue.receiver());
        tx.try_send(1).expect("room");
        let first = rx.try_recv_delivery().expect("one");
        advance(secs(5)).await;
        let second = rx.try_recv_delivery().expect("it comes again");
        second.nack(Duration::ZERO).expect("in time");
        assert!(first.ack().is_err());
        tx.try_send(2).expect("room");
        rx.try_recv_delivery()
            .expect("one")
            .bury()
            .expect("in time");
        tx.try_send(3).expect("room");
        tx.try_send(4).expect("room");
        let hang = [(); 2].map(|()| rx.try_recv_delivery().expect("one"));
        advance(secs(5)).await;
        assert!(rx.try_recv().is_ok() && rx.try_recv().is_ok());
        drop((hang, queue.take_dead_letter(), queue.take_dead_letter()));
    });
    let expected = [
        "WARN lease over queue=q deliveries=1",
        "WARN dead letter queue=q attempts=2 last=the worker gave it back",
        "WARN dead letter queue=q attempts=1 last=the worker said that nobody is to try again",
        "WARN lease over queue=q deliveries=2",
    ];
    assert_eq!(lines, expected);
}

/// A flood is one line a second, in which nothing is missing.
#[test]
fn what_is_dropped() {
    let lines = logged(async {
        let builder = builder(|config| {
            config.capacity = 2;
            config.overload = Overload::DropOldest;
        });
        let queue = builder.build().expect("allowed");
        let tx = queue.sender();
        for second in 0..3 {
            (0..1000).for_each(|item| assert!(tx.try_send(second * 1000 + item).is_ok()));
            advance(secs(1)).await;
        }
        let refuses = plain(1);
        refuses.sender().try_send(1).expect("room");
        (0..1000).for_each(|_| assert!(refuses.sender().try_send(1).is_err()));
        drop((tx, queue));
    });
    let line = |why, items| format!("WARN items dropped queue=q why={why} items={items}");
    let expected = [
        line("evicted", 1),
        line("evicted", 998),
        line("evicted", 1000),
        line("abandoned", 1),
        line("abandoned", 2),
        line("evicted", 999),
    ];
    let mut sorted = lines.clone();
    sorted.sort();
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(sorted, expected, "in any order at the end: {lines:#?}");
}

#[test]
fn functions_that_panic() {
    let lines = logged(async {
        let builder = builder(|config| config.capacity = 100);
        let builder = builder.classes(2, |_: &u32| panic!("no class"));
        let queue = builder.build().expect("allowed");
        (0..100).for_each(|_| assert!(queue.sender().try_send(1).is_ok()));
        assert_eq!(queue.receiver().recv_many(&mut Vec::new(), 100).await, 100);
        drop(queue);
        let builder = common::builder(|_| {});
        let hook: Queue<u32> = builder
            .on_drop(|_| panic!("no hook"))
            .build()
            .expect("allowed");
        info_span!("sender")
            .in_scope(|| hook.sender().try_send(1))
            .expect("room");
        drop(hook);
    });
    let expected = [
        "WARN function panicked queue=q function=\"class\" panic=no class times=1",
        "WARN functions panicked queue=q times=99",
        "WARN function panicked queue=q function=\"on_drop\" panic=no hook times=1",
        "WARN items dropped queue=q why=abandoned items=1",
    ];
    assert_eq!(lines, expected);
}

/// Everything that is told, is told in here.
fn everything(queue: &Queue<u32>) {
    let (tx, rx) = (queue.sender(), queue.receiver());
    let span = info_span!("caller");
    let send = |item| {
        span.in_scope(|| tx.try_send(item)).expect("room");
    };
    (0..4).for_each(send);
    assert_eq!(rx.try_recv(), Ok(2));
    let mut items = Vec::new();
    let mut line = ByHand::new(rx.recv_many(&mut items, 9));
    assert!(line.poll().is_ready());
    drop(line);
    assert_eq!(items, [3]);
    assert!(rx.try_recv().is_err());
    send(4);
    for _ in 0..2 {
        drop(rx.try_recv_delivery().expect("it comes again"));
    }
    drop(span);
    assert_eq!(queue.take_dead_letter().expect("one").into_item(), 4);
    info_span!("closes under way")
        .in_scope(|| tx.try_send(5))
        .expect("room");
    assert_eq!(
        ByHand::new(rx.recv_many(&mut items, 9))
            .poll()
            .map(|it| it == 1),
        std::task::Poll::Ready(true)
    );
    info_span!("closes as a letter")
        .in_scope(|| tx.try_send(6))
        .expect("room");
    rx.try_recv_delivery()
        .expect("one")
        .bury()
        .expect("in time");
}

fn lively() -> Queue<u32> {
    let builder = builder(|config| {
        (config.capacity, config.overload) = (2, Overload::DropOldest);
        config.deliveries.max_attempts = 2;
    });
    builder.build().expect("allowed")
}

#[test]
fn a_subscriber_may_use_the_queue() {
    let (done, finished) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let queue = lively();
        let looks = Arc::new(Mutex::new(0));
        let slot: Arc<OnceLock<Queue<u32>>> = Arc::new(OnceLock::from(queue.clone()));
        let seen = Arc::clone(&looks);
        let meddle = move || {
            assert!(slot.get().is_none_or(|queue| queue.len() < 9));
            *seen.lock().unwrap() += 1;
        };
        let meddle: Arc<dyn Fn() + Send + Sync> = Arc::new(meddle);
        let paper = Paper {
            meddle: Some(meddle),
            ..Paper::default()
        };
        logged_by(paper, async { everything(&queue) });
        done.send(*looks.lock().unwrap())
    });
    let looks = finished.recv_timeout(secs(20)).expect("it hangs");
    // Three spans that begin and end, and some lines.
    assert!(looks >= 8, "{looks}");
}

#[test]
fn a_subscriber_that_panics_loses_nothing() {
    let meddle: Arc<dyn Fn() + Send + Sync> = Arc::new(|| panic!("on purpose"));
    let paper = Paper {
        meddle: Some(meddle),
        ..Paper::default()
    };
    let subscriber = Spans::default().with(paper);
    tracing::subscriber::with_default(subscriber, || {
        let queue = lively();
        let (tx, rx) = (queue.sender(), queue.receiver());
        (0..4).for_each(|item| assert!(tx.try_send(item).is_ok()));
        for _ in 0..2 {
            drop(rx.try_recv_delivery().expect("it comes again"));
        }
        assert_eq!(queue.take_dead_letter().expect("one").into_item(), 2);
        assert_eq!(rx.try_recv(), Ok(3));
    });
}
