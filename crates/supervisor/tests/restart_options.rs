//! Back-off, quarantine and dependencies: what is beyond OTP, and off unless asked for.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use seaworthy_core::backoff::{Backoff, Jitter};
use seaworthy_supervisor::{
    Child, ChildState, Context, DynamicSupervisor, Ended, Init, Restart, StartFailure, Strategy,
    Supervisor, SupervisorEvent,
};
use tokio::time::{Instant, sleep};

use common::{Log, Seen, children, counter, idle, millis, noted, secs, settle};

fn doubling(min: Duration) -> Backoff {
    let backoff = Backoff::exponential(min, secs(1000)).jitter(Jitter::None);
    backoff.build().expect("it is in order")
}

/// Writes the seconds since the start whenever it begins, and crashes after a second.
fn clocked(log: &Log, id: &'static str) -> Child {
    let (log, began) = (log.clone(), Instant::now());
    Child::task(id, move |_cx| {
        log.add(began.elapsed().as_secs().to_string());
        async {
            sleep(secs(1)).await;
            Err("crashed".into())
        }
    })
}

#[tokio::test(start_paused = true)]
async fn each_restart_waits_longer() {
    let (log, seen) = (Log::default(), Seen::new());
    let child = clocked(&log, "w").backoff(doubling(secs(2)), secs(10));
    let root = Supervisor::builder("app")
        .events(&seen.events)
        .intensity(100, secs(1))
        .child(child);
    let root = root.start().await.expect("it starts");
    sleep(secs(40)).await;
    // A second of life, then 2, 4, 8, 16 seconds.
    assert_eq!(log.take(), "0 3 8 17 34");
    let delays = seen.take().into_iter().filter_map(|event| match event {
        SupervisorEvent::RestartDelayed { delay, .. } => Some(delay.as_secs()),
        _ => None,
    });
    assert_eq!(delays.collect::<Vec<_>>(), [2, 4, 8, 16, 32]);
    assert_eq!(children(&root).await, "w!");
    let snapshot = root.snapshot().unwrap();
    assert_eq!(snapshot.children[0].state, ChildState::Restarting);
    assert_eq!(snapshot.children[0].restart_in, Some(secs(27)));
    assert!(
        snapshot.to_string().contains("restarting in 27.0 s"),
        "{snapshot}"
    );
    let began = Instant::now();
    assert!(root.stop().await.is_clean());
    assert!(
        began.elapsed() < secs(1),
        "a stop does not wait for a restart"
    );
}

#[tokio::test(start_paused = true)]
async fn a_healthy_life_begins_the_delays_anew() {
    let log = Log::default();
    let (book, began) = (log.clone(), Instant::now());
    let child = Child::task("w", move |cx: Context| {
        book.add(began.elapsed().as_secs().to_string());
        async move {
            // The third one lives long enough.
            sleep(secs(if cx.incarnation() == 3 { 10 } else { 1 })).await;
            Err("crashed".into())
        }
    });
    let child = child.backoff(doubling(secs(2)), secs(10));
    let root = Supervisor::builder("app")
        .intensity(100, secs(1))
        .child(child);
    let _root = root.start().await.expect("it starts");
    sleep(secs(30)).await;
    // 1 + 2, 1 + 4, 10 + 2, 1 + 4
    assert_eq!(log.take(), "0 3 8 20 25");
}

#[tokio::test(start_paused = true)]
async fn calls_are_answered_during_the_wait_and_can_end_it() {
    let log = Log::default();
    let child = clocked(&log, "w").backoff(doubling(secs(100)), secs(1000));
    let root = Supervisor::builder("app").child(child).child(idle("x"));
    let root = root.start().await.expect("it starts");
    sleep(secs(2)).await;
    assert_eq!(children(&root).await, "w! x");
    root.terminate_child("w").await.unwrap();
    assert_eq!(children(&root).await, "w? x");
    root.restart_child("w").await.unwrap();
    assert_eq!(children(&root).await, "w x");
    settle().await;
    assert_eq!(log.take(), "0 2");
    // Down again; when the first wait would be over, it is the second that counts.
    sleep(secs(100)).await;
    assert_eq!(log.take(), "", "200 s from second 3 on");
    sleep(secs(102)).await;
    assert_eq!(log.take(), "203");
}

#[tokio::test(start_paused = true)]
async fn a_start_that_fails_waits_as_well() {
    let log = Log::default();
    let (book, began) = (log.clone(), Instant::now());
    let child = Child::init("w", move |cx: Context| {
        book.add(began.elapsed().as_secs().to_string());
        async move {
            if (2..5).contains(&cx.incarnation()) {
                return Err("not yet".into());
            }
            Ok(Init::Run(async {
                sleep(secs(1)).await;
                Err("crashed".into())
            }))
        }
    });
    let child = child.backoff(doubling(secs(1)), secs(1000));
    let root = Supervisor::builder("app")
        .intensity(4, secs(100))
        .child(child);
    let root = root.start().await.expect("it starts");
    sleep(secs(40)).await;
    // Each try counts: four are allowed, the fifth is not made.
    assert_eq!(log.take(), "0 2 4 8 16");
    assert!(matches!(root.ended().await, Ended::GaveUp { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_group_waits_together() {
    for (strategy, down, up) in [
        (Strategy::OneForAll, "-c -a", "+a +b +c"),
        (Strategy::RestForOne, "-c", "+b +c"),
    ] {
        let log = Log::default();
        let times = counter();
        let book = log.clone();
        let crash = Child::task("b", move |_cx| {
            let first = times() == 1;
            book.add("+b");
            async move {
                if first {
                    sleep(secs(1)).await;
                    return Err("crashed".into());
                }
                std::future::pending().await
            }
        });
        let root = Supervisor::builder("app")
            .strategy(strategy)
            .child(noted(&log, "a"))
            .child(crash.backoff(doubling(secs(10)), secs(60)))
            .child(noted(&log, "c"));
        let root = root.start().await.expect("it starts");
        assert_eq!(log.take(), "+a +b +c");
        sleep(secs(2)).await;
        assert_eq!(log.take(), down, "{strategy:?}");
        sleep(secs(10)).await;
        assert_eq!(log.take(), up, "{strategy:?}");
        assert_eq!(children(&root).await, "a b c");
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_dynamic_supervisor() {
    let template = Child::template(|_cx: Context, log: Log| async move {
        let _here = log.enter("i");
        sleep(secs(1)).await;
        Err("crashed".into())
    });
    let rooms = DynamicSupervisor::builder("rooms")
        .template(template.backoff(doubling(secs(5)), secs(60)))
        .start();
    let rooms = rooms.await.expect("it starts");
    let log = Log::default();
    rooms.start_child(log.clone()).await.unwrap();
    sleep(secs(2)).await;
    assert_eq!(log.take(), "+i -i");
    sleep(secs(5)).await;
    assert_eq!(log.take(), "+i");
    rooms.stop().await;
    assert_eq!(log.take(), "-i");
}

#[test]
fn a_runtime_that_goes_down_in_the_wait_is_noticed() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let log = Log::default();
    let root = runtime.block_on(async {
        let child = clocked(&log, "w").backoff(doubling(secs(100)), secs(1000));
        let root = Supervisor::builder("app").child(child).start().await;
        sleep(secs(2)).await;
        root.expect("it starts")
    });
    drop(runtime);
    let other = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    assert!(matches!(other.block_on(root.ended()), Ended::RuntimeGone));
}

/// Crashes at once with what `how` says of the number of the life.
fn failing(id: &'static str, how: impl Fn(u64) -> String + Send + Sync + 'static) -> Child {
    Child::task(id, move |cx: Context| {
        let error = how(cx.incarnation());
        async move { Err(error.into()) }
    })
}

#[tokio::test(start_paused = true)]
async fn who_fails_the_same_way_again_and_again_is_given_up() {
    let seen = Seen::new();
    let lives = counter();
    let child = failing("w", move |_| format!("port {} is taken", lives()));
    let root = Supervisor::builder("app")
        .events(&seen.events)
        .intensity(100, secs(1))
        .child(child.quarantine(4, secs(60)))
        .child(idle("x"));
    let root = root.start().await.expect("it starts");
    sleep(secs(1)).await;
    assert_eq!(children(&root).await, "w? x");
    let events = seen.take();
    let crashes = events
        .iter()
        .filter(|event| matches!(event, SupervisorEvent::ChildCrashed(_)));
    assert_eq!(crashes.count(), 4);
    let told = events
        .iter()
        .find(|event| matches!(event, SupervisorEvent::ChildQuarantined { .. }));
    assert_eq!(
        told.expect("it is told").to_string(),
        "`app/w` is not restarted any more: 4 times in 60s it ended alike, the last time with error: port 4 is taken"
    );
    let snapshot = root.snapshot().unwrap();
    assert_eq!(snapshot.children[0].state, ChildState::Quarantined);
    // Somebody has mended the cause: it gets its chances again.
    root.restart_child("w").await.unwrap();
    sleep(secs(1)).await;
    assert_eq!(seen.crashes().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn different_failures_and_rare_ones_are_not_the_same() {
    let names = ["tree", "lake"];
    let changing = failing("w", move |life| names[life as usize % 2].to_owned());
    let rare = Child::task("r", |_cx| async {
        sleep(secs(30)).await;
        Err("again".into())
    });
    let clean = Child::task("c", |_cx| async {
        sleep(millis(100)).await;
        Ok(())
    });
    let root = Supervisor::builder("app")
        .intensity(1_000_000, secs(1))
        .child(
            changing
                .quarantine(3, secs(60))
                .backoff(doubling(secs(1)), millis(0)),
        )
        .child(rare.quarantine(3, secs(59)))
        .child(clean.quarantine(2, secs(60)));
    let root = root.start().await.expect("it starts");
    sleep(secs(600) + millis(50)).await;
    let snapshot = root.snapshot().unwrap();
    for child in &snapshot.children {
        assert_ne!(child.state, ChildState::Quarantined, "{}", child.id);
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_told_by_its_place_and_a_failing_start_counts() {
    let lives = counter();
    let panics = Child::task("p", move |_cx| {
        let life = lives();
        async move { panic!("number {life}: {}", "x".repeat(life)) }
    });
    let up = Arc::new(AtomicBool::new(true));
    let gate = Arc::clone(&up);
    let starts = Child::init("s", move |_cx| {
        let up = gate.swap(false, SeqCst);
        async move {
            if !up {
                return Err("no licence".into());
            }
            Ok(Init::Run(async { Err("first".into()) }))
        }
    });
    let root = Supervisor::builder("app")
        .intensity(100, secs(1))
        .child(panics.quarantine(3, secs(60)))
        .child(starts.quarantine(3, secs(60)))
        .child(idle("x"));
    let root = root.start().await.expect("it starts");
    sleep(secs(1)).await;
    assert_eq!(children(&root).await, "p? s? x");
}

#[tokio::test(start_paused = true)]
async fn in_a_group_the_others_go_on_without_it() {
    let log = Log::default();
    let root = Supervisor::builder("app")
        .strategy(Strategy::OneForAll)
        .intensity(100, secs(1))
        .child(noted(&log, "a"))
        .child(failing("w", |_| "again".to_owned()).quarantine(2, secs(60)))
        .child(noted(&log, "c"));
    let root = root.start().await.expect("it starts");
    sleep(secs(1)).await;
    assert_eq!(log.take(), "+a +c -c -a +a +c");
    assert_eq!(children(&root).await, "a w? c");
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_is_given_up_is_forgotten() {
    let template = Child::template(|_cx: Context, ()| async { Err("again".into()) });
    let rooms = DynamicSupervisor::builder("rooms")
        .intensity(100, secs(1))
        .template(template.quarantine(3, secs(60)));
    let rooms = rooms.start().await.expect("it starts");
    rooms.start_child(()).await.unwrap();
    settle().await;
    assert_eq!(rooms.count_children().await.unwrap().workers, 0);
}

/// The database is away from second 1 to second 5, and takes a second to start.
fn database(log: &Log) -> Child {
    let log = log.clone();
    let times = counter();
    Child::init("db", move |_cx| {
        let (log, time) = (log.clone(), times());
        async move {
            if time > 1 {
                sleep(secs(4)).await;
            }
            log.add("+db");
            Ok(Init::Run(async move {
                sleep(secs(if time == 1 { 1 } else { 1000 })).await;
                log.add("-db");
                Err("away".into())
            }))
        }
    })
}

/// Crashes when the database is away.
fn api(log: &Log) -> Child {
    let log = log.clone();
    Child::init("api", move |cx: Context| {
        let log = log.clone();
        async move {
            log.add("+api");
            let db = cx.supervisor().child("db").ok_or("no database")?;
            Ok(Init::Run(async move {
                db.monitor().await;
                log.add("-api");
                Err("connection lost".into())
            }))
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_restart_waits_for_what_it_depends_on() {
    let log = Log::default();
    // Without the wait, the second crash of api would be one too many.
    let root = Supervisor::builder("app")
        .intensity(2, secs(60))
        .child(database(&log).backoff(doubling(secs(1)), secs(60)))
        .child(idle("other"))
        .child(api(&log).depends_on(["db", "other"]));
    let root = root.start().await.expect("it starts");
    assert_eq!(log.take(), "+db +api");
    sleep(secs(2) - millis(500)).await;
    assert_eq!(log.take(), "-db -api");
    assert_eq!(children(&root).await, "db! other api!");
    sleep(secs(10)).await;
    assert_eq!(log.take(), "+db +api");
    assert_eq!(children(&root).await, "db other api");
}

#[tokio::test(start_paused = true)]
async fn the_wait_ends_with_an_order_and_with_the_supervisor() {
    let log = Log::default();
    let root = Supervisor::builder("app")
        .child(database(&log).restart(Restart::Temporary))
        .child(api(&log).depends_on(["db"]));
    let root = root.start().await.expect("it starts");
    sleep(secs(3)).await;
    assert_eq!(log.take(), "+db +api -db -api");
    // The database is gone for good: api waits for a new one, without counting.
    sleep(secs(600)).await;
    assert_eq!(children(&root).await, "api!");
    let again = database(&log);
    root.start_child(again).await.unwrap();
    settle().await;
    assert_eq!(children(&root).await, "api db");
    assert_eq!(log.take(), "+db +api");
    sleep(secs(2)).await;
    assert_eq!(log.take(), "-db -api");
    root.terminate_child("api").await.unwrap();
    sleep(secs(10)).await;
    assert_eq!(children(&root).await, "api? db");
    root.child("db").unwrap().kill();
    assert!(root.stop().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn what_makes_no_sense_is_refused() {
    let refusal = async |child: Child| {
        let builder = Supervisor::builder("app").child(idle("x")).child(child);
        let error = builder.start().await.expect_err("refused");
        assert!(matches!(error.cause, StartFailure::BadSpec(_)));
        error.to_string()
    };
    for (child, field, value) in [
        (idle("w").heartbeat(Duration::ZERO), "heartbeat", "0ns"),
        (idle("w").quarantine(1, secs(1)), "quarantine.times", "1"),
        (
            idle("w").quarantine(1001, secs(1)),
            "quarantine.times",
            "1001",
        ),
        (
            idle("w").quarantine(2, Duration::ZERO),
            "quarantine.within",
            "0ns",
        ),
        (idle("w").depends_on(["y"]), "depends_on", "y"),
        (idle("w").depends_on(["x", "w"]), "depends_on", "w"),
    ] {
        let text = refusal(child).await;
        assert!(text.contains("app/w") && text.contains(field), "{text}");
        assert!(text.contains(value), "{text}");
    }
    let root = Supervisor::builder("app").start().await.expect("it starts");
    for child in [idle("w").depends_on(["x"]), idle("w").heartbeat(secs(0))] {
        let error = root.start_child(child).await.expect_err("refused");
        assert!(error.to_string().contains("app/w"), "{error}");
    }
    let template = Child::template(|_cx: Context, ()| async { Ok(()) }).quarantine(0, secs(1));
    let error = DynamicSupervisor::builder("rooms")
        .template(template)
        .start();
    let error = error.await.expect_err("refused").to_string();
    assert!(error.contains("quarantine.times"), "{error}");
    let watched = Supervisor::builder("app").watchdog(Duration::ZERO).start();
    let error = watched.await.expect_err("refused").to_string();
    assert!(error.contains("watchdog"), "{error}");
}
