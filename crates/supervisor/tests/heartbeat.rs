//! A child that has to say that it lives, and what it leaves to its successor.

mod common;

use std::future::pending;
use std::time::Duration;

use seaworthy_supervisor::{Child, Context, DynamicSupervisor, ExitReason, Init, Supervisor};
use seaworthy_testkit::Live;
use tokio::time::{Instant, sleep};

use common::{Log, Seen, children, counter, idle, listener, millis, secs};

/// Beats every `every`, `times` times, and then falls silent.
fn beating(id: &'static str, every: Duration, times: u32) -> Child {
    Child::task(id, move |cx: Context| async move {
        for _ in 0..times {
            sleep(every).await;
            cx.heartbeat();
        }
        pending().await
    })
}

#[tokio::test(start_paused = true)]
async fn the_silent_are_killed_and_come_back() {
    let seen = Seen::new();
    let root = Supervisor::builder("app")
        .events(&seen.events)
        .child(beating("w", secs(1), 4).heartbeat(secs(2)))
        .child(beating("steady", secs(1), 10_000).heartbeat(secs(2)))
        .child(idle("x"));
    let root = root.start().await.expect("it starts");
    sleep(secs(5)).await;
    assert_eq!(seen.crashes().len(), 0, "the last beat was at second 4");
    sleep(secs(2)).await;
    let crashes = seen.crashes();
    assert_eq!(crashes.len(), 1);
    assert_eq!(&*crashes[0].path, "app/w");
    assert_eq!(crashes[0].reason.to_string(), "no heartbeat within 2s");
    assert!(matches!(crashes[0].reason, ExitReason::HeartbeatTimeout(limit) if limit == secs(2)));
    assert_eq!(children(&root).await, "w steady x");
    // The next incarnation is listened to as well.
    sleep(secs(6)).await;
    assert_eq!(seen.crashes().len(), 1);
    assert!(root.stop().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn the_clock_runs_from_ready_to_the_order_to_stop() {
    let seen = Seen::new();
    let slow = Child::init("slow", |cx: Context| async move {
        sleep(secs(20)).await;
        Ok(Init::Run(async move {
            cx.shutdown().await;
            sleep(secs(4)).await;
            Ok(())
        }))
    });
    let root = Supervisor::builder("app")
        .events(&seen.events)
        .child(slow.heartbeat(secs(2)));
    let root = root.start().await.expect("a slow start is not a silence");
    sleep(secs(1)).await;
    let began = Instant::now();
    root.stop().await;
    assert_eq!(began.elapsed(), secs(4), "nor is a slow stop");
    assert_eq!(seen.crashes().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn of_templates_and_of_those_nobody_listens_to() {
    let seen = Seen::new();
    let template = Child::template(|cx: Context, beats: bool| async move {
        loop {
            sleep(secs(1)).await;
            if beats {
                cx.heartbeat();
            }
        }
    });
    let rooms = DynamicSupervisor::builder("rooms")
        .events(&seen.events)
        .intensity(100, secs(1))
        .template(template.heartbeat(secs(3)));
    let rooms = rooms.start().await.expect("it starts");
    for beats in [true, false] {
        rooms.start_child(beats).await.unwrap();
    }
    sleep(secs(10)).await;
    let crashes = seen.crashes();
    assert_eq!(crashes.len(), 3);
    assert!(crashes.iter().all(|crash| &*crash.path == "rooms/#2"));
    // Harmless where nobody listens.
    let root = Supervisor::builder("app")
        .child(beating("w", millis(1), 5))
        .start();
    let root = root.await.expect("it starts");
    sleep(secs(1)).await;
    assert_eq!(children(&root).await, "w");
}

/// Takes over a number, hands over the next, and ends as told.
fn heir(log: &Log, end: impl Fn(u32) -> Result<(), ExitReason> + Send + Sync + 'static) -> Child {
    let log = log.clone();
    Child::task("w", move |cx: Context| {
        let number: u32 = cx.take_over().unwrap_or_default();
        log.add(number.to_string());
        cx.hand_over(number + 1);
        let end = (number < 3).then(|| end(number));
        async move {
            match end {
                Some(end) => Ok(end?),
                None => pending().await,
            }
        }
    })
}

async fn lives(end: impl Fn(u32) -> Result<(), ExitReason> + Send + Sync + 'static) -> String {
    let log = Log::default();
    let root = Supervisor::builder("app")
        .intensity(8, secs(5))
        .child(heir(&log, end));
    let root = root.start().await.expect("it starts");
    sleep(secs(1)).await;
    drop(root);
    log.take()
}

#[tokio::test(start_paused = true)]
async fn a_legacy_passes_on_unless_the_end_is_suspicious() {
    assert_eq!(lives(|_| Ok(())).await, "0 1 2 3");
    assert_eq!(lives(|_| Err("lost".into())).await, "0 1 2 3");
    assert_eq!(
        lives(|_| Err(ExitReason::shutdown("done"))).await,
        "0 1 2 3"
    );
    // One panic, after it has handed over 2: the next begins at nothing.
    let panicked = counter();
    let once = move |number| {
        if number == 1 && panicked() == 1 {
            return Err(ExitReason::Killed);
        }
        Err("lost".into())
    };
    assert_eq!(lives(once).await, "0 1 0 1 2 3");
    let log = Log::default();
    let (book, times) = (log.clone(), counter());
    let panics = Child::task("w", move |cx: Context| {
        book.add(
            cx.take_over::<String>()
                .unwrap_or_else(|| "nothing".to_owned()),
        );
        cx.hand_over("something".to_owned());
        let first = times() == 1;
        async move {
            assert!(!first, "broken");
            pending().await
        }
    });
    let root = Supervisor::builder("app")
        .child(panics)
        .start()
        .await
        .unwrap();
    sleep(secs(1)).await;
    root.child("w").unwrap().kill();
    sleep(secs(1)).await;
    assert_eq!(log.take(), "nothing nothing nothing");
}

#[tokio::test(start_paused = true)]
async fn a_legacy_has_a_type_and_is_dropped_once() {
    struct Spiteful(#[expect(dead_code, reason = "held")] seaworthy_testkit::LiveGuard);
    impl Drop for Spiteful {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                panic!("dropped");
            }
        }
    }
    let live = Live::new();
    let gate = live.clone();
    let child = Child::task("w", move |cx: Context| {
        let gate = gate.clone();
        async move {
            assert!(
                cx.take_over::<String>().is_none(),
                "of another type: it stays"
            );
            cx.hand_over(Spiteful(gate.guard()));
            cx.hand_over(Spiteful(gate.guard()));
            cx.shutdown().await;
            Ok(())
        }
    });
    let root = Supervisor::builder("app").child(child).child(listener("x"));
    let root = root.start().await.expect("it starts");
    sleep(secs(1)).await;
    assert_eq!(live.alive(), 1, "the second in place of the first");
    root.terminate_child("w").await.unwrap();
    assert_eq!(live.alive(), 1, "kept, for it ended in order");
    root.restart_child("w").await.unwrap();
    sleep(secs(1)).await;
    root.child("w").unwrap().kill();
    sleep(secs(1)).await;
    assert_eq!(live.alive(), 1, "that of the one that runs now");
    root.stop().await;
    assert_eq!(live.alive(), 0);
    let outlived = Child::task("y", |_cx| pending());
    let root = Supervisor::builder("app")
        .child(outlived)
        .start()
        .await
        .unwrap();
    assert!(root.child("y").is_some());
}
