//! Children that are threads: they are told, waited for, and never overlap the next incarnation.

mod common;
#[path = "common/real.rs"]
mod real;

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};

use seaworthy_supervisor::{
    BlockingContext, Child, DynamicSupervisor, Ended, ExitReason, OnZombie, Restart, Shutdown,
    StartFailure, Strategy, Supervisor, SupervisorEvent,
};
use seaworthy_testkit::Live;

use common::{Seen, children, counter, idle, millis, secs, two_workers};
use real::{PATIENCE, eventually, eventually_blocking, in_time};

/// A thread that ends when it should, and counts as alive until then.
fn polite(live: &Live) -> Child {
    let live = live.clone();
    Child::blocking("w", move |cx: BlockingContext| {
        let _guard = live.guard();
        cx.wait_shutdown();
        Ok(())
    })
}

/// A thread that does not look, until its incarnation is released.
fn deaf(live: &Live, released: &Arc<AtomicU64>) -> Child {
    let (live, released) = (live.clone(), Arc::clone(released));
    Child::blocking("deaf", move |cx: BlockingContext| {
        let _guard = live.guard();
        while released.load(SeqCst) < cx.incarnation() {
            std::thread::yield_now();
        }
        Ok(())
    })
}

/// Releases the one that is there.
fn release(released: &AtomicU64, root: &Supervisor) {
    let incarnation = root.child("deaf").expect("it runs").incarnation();
    released.store(incarnation, SeqCst);
}

#[tokio::test]
async fn is_a_thread_of_its_own_and_knows_who_it_is() {
    let (sender, said) = mpsc::channel();
    let child = Child::blocking("cruncher", move |cx: BlockingContext| {
        // The runtime is entered.
        let sum = tokio::runtime::Handle::current().block_on(async { 20 + 22 });
        let name = std::thread::current().name().map(str::to_owned);
        let ours = cx.supervisor().id().to_string();
        sender.send((name, cx.path(), cx.incarnation(), ours, sum))?;
        cx.wait_shutdown();
        Err(ExitReason::shutdown("drained").into())
    });
    let inner = Supervisor::builder("inner").child(child);
    let root = Supervisor::builder("app")
        .child(Child::supervisor(inner))
        .start()
        .await
        .unwrap();
    let mut heard = None;
    eventually("it speaks", || {
        heard = said.try_recv().ok();
        heard.is_some()
    })
    .await;
    let (name, path, incarnation, ours, sum) = heard.unwrap();
    assert_eq!(name.as_deref(), Some("cruncher"));
    assert_eq!((&*path, &*ours, sum), ("app/inner/cruncher", "inner", 42));
    let child = root.child("inner/cruncher").unwrap();
    assert_eq!(child.incarnation(), incarnation);
    let monitor = child.monitor();
    let report = in_time(root.stop()).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(monitor.await.reason.to_string(), "shutdown: drained");
}

/// Whatever would drop a task tells a thread, also one that sleeps, and it is waited for.
#[test]
fn is_told_whatever_ends_it() {
    for brutal in [false, true] {
        for sleeps in [false, true] {
            let runtime = two_workers();
            let live = Live::new();
            let counted = live.clone();
            let child = Child::blocking("w", move |cx: BlockingContext| {
                let _guard = counted.guard();
                if sleeps {
                    assert!(!cx.sleep(2 * PATIENCE), "it was told");
                } else {
                    while !cx.should_stop() {
                        std::thread::yield_now();
                    }
                }
                assert!(cx.should_stop() && !cx.sleep(PATIENCE));
                Ok(())
            });
            let how = if brutal {
                Shutdown::BrutalKill
            } else {
                Shutdown::Infinity
            };
            runtime.block_on(async {
                let builder = Supervisor::builder("app").child(child.shutdown(how));
                let root = builder.start().await.unwrap();
                eventually("it runs", || live.alive() == 1).await;
                // From outside.
                root.child("w").unwrap().kill();
                eventually("it is back", || live.created() == 2).await;
                // By its supervisor.
                let monitor = root.child("w").unwrap().monitor();
                in_time(root.terminate_child("w")).await.unwrap();
                assert_eq!(live.alive(), 0, "not answered before it is gone");
                let reason = monitor.await.reason;
                assert_eq!(reason.kind(), if brutal { "killed" } else { "normal" });
                in_time(root.restart_child("w")).await.unwrap();
                in_time(root.stop()).await;
            });
            assert_eq!((live.alive(), live.peak()), (0, 1));
        }
    }
}

/// An error, a panic, an early end: as with any child, and the next thread begins when the old one is gone.
#[test]
fn ends_as_it_says() {
    let runtime = two_workers();
    let (live, seen, call) = (Live::new(), Seen::new(), counter());
    let counted = live.clone();
    let line = line!() + 9;
    let child = Child::blocking("w", move |cx: BlockingContext| {
        let _guard = counted.guard();
        match call() {
            1 => Err("no such device".into()),
            2 => Ok(()),
            3 => {
                let _held_back = counted.guard();
                drop(_held_back);
                panic!("divided by {}", 0)
            }
            _ => {
                cx.wait_shutdown();
                Ok(())
            }
        }
    });
    runtime.block_on(async {
        let builder = Supervisor::builder("app").child(child).events(&seen.events);
        let root = builder.start().await.unwrap();
        eventually("the fourth runs", || {
            root.child("w").is_some_and(|w| w.incarnation() == 4)
        })
        .await;
        in_time(root.stop()).await;
    });
    let crashes = seen.crashes();
    let [error, panic] = &crashes[..] else {
        panic!("{crashes:?}")
    };
    assert_eq!(error.reason.to_string(), "error: no such device");
    let ExitReason::Panic(panic) = &panic.reason else {
        panic!("{panic}")
    };
    assert_eq!(panic.message(), "divided by 0");
    let location = panic.location().unwrap();
    assert!(
        location.contains(&format!("blocking.rs:{line}:")),
        "{location}"
    );
}

/// However often it crashes and is killed, on two workers: never two threads at once.
#[test]
fn never_overlaps_the_next_incarnation() {
    let runtime = two_workers();
    let (live, call) = (Live::new(), counter());
    let counted = live.clone();
    let child = Child::blocking("w", move |cx: BlockingContext| {
        let _guard = counted.guard();
        if call() % 2 == 0 {
            return Err("crashed".into());
        }
        cx.wait_shutdown();
        // Killed already, as far as its task is concerned.
        for _ in 0..100 {
            std::thread::yield_now();
        }
        Ok(())
    });
    runtime.block_on(async {
        let builder = Supervisor::builder("app").intensity(u32::MAX, secs(60));
        let root = builder.child(child).start().await.unwrap();
        for _ in 0..200 {
            let before = live.created();
            if let Some(child) = root.child("w") {
                child.kill();
            }
            eventually("the next one", || live.created() > before).await;
        }
        in_time(root.stop()).await;
    });
    assert!(live.created() > 200);
    assert_eq!((live.alive(), live.peak()), (0, 1));
}

/// One that does not look holds up its own restart, and nobody else.
#[tokio::test]
async fn a_deaf_one_is_waited_for() {
    let (live, released) = (Live::new(), Arc::default());
    let child = deaf(&live, &released).shutdown(Shutdown::Timeout(millis(10)));
    let root = Supervisor::builder("app").child(child).child(idle("b"));
    let root = root.start().await.unwrap();
    eventually("it runs", || live.alive() == 1).await;

    let killed = root.child("deaf").unwrap();
    let mut monitor = std::pin::pin!(killed.monitor());
    assert!(killed.kill());
    // The others live on: they can be asked, killed, restarted, started.
    root.child("b").unwrap().kill();
    in_time(root.start_child(idle("c"))).await.unwrap();
    assert_eq!(in_time(root.count_children()).await.unwrap().active, 3);
    assert!(killed.is_alive(), "its thread runs");
    let early = tokio::time::timeout(millis(20), &mut monitor).await;
    assert!(early.is_err() && live.created() == 1, "not over yet");

    release(&released, &root);
    assert_eq!(in_time(monitor).await.reason.kind(), "killed");
    eventually("the next one", || live.created() == 2).await;

    // The same while the tree is being stopped.
    let report = in_time(root.shutdown(millis(100))).await;
    assert_eq!(report.still_running.len(), 1, "{report}");
    assert_eq!(&*report.still_running[0], "app/deaf");
    released.store(u64::MAX, SeqCst);
    in_time(root.ended()).await;
    assert_eq!((live.alive(), live.peak()), (0, 1));
}

/// With the policy to go on, a deaf one is not waited for: the next runs beside it, which is asked for here.
#[tokio::test]
async fn a_deaf_one_may_be_given_up() {
    let (live, released, seen) = (Live::new(), Arc::default(), Seen::new());
    let child = deaf(&live, &released).on_zombie(OnZombie::GoOn);
    let root = Supervisor::builder("app").child(child).events(&seen.events);
    let root = root.start().await.unwrap();
    eventually("it runs", || live.alive() == 1).await;
    let monitor = root.child("deaf").unwrap().monitor();
    root.child("deaf").unwrap().kill();
    assert_eq!(in_time(monitor).await.reason.kind(), "zombie");
    eventually("the next one", || live.alive() == 2).await;
    // The late end of the first is nothing to the second.
    released.store(1, SeqCst);
    eventually("the first has ended", || live.dropped() == 1).await;
    assert!(
        root.child("deaf")
            .is_some_and(|second| second.incarnation() == 2)
    );
    release(&released, &root);
    eventually("a third", || live.created() == 3).await;
    release(&released, &root);
    in_time(root.stop()).await;
    let zombies = seen.take().into_iter();
    let zombies = zombies.filter(|event| matches!(event, SupervisorEvent::ChildZombie { .. }));
    assert_eq!(zombies.count(), 1);
}

/// One that hangs is told apart from one that works, and told to stop.
#[tokio::test]
async fn may_have_a_heartbeat() {
    let (live, seen, call) = (Live::new(), Seen::new(), counter());
    let (counted, beats) = (live.clone(), Arc::new(AtomicUsize::new(0)));
    let beaten = Arc::clone(&beats);
    let child = Child::blocking("w", move |cx: BlockingContext| {
        let _guard = counted.guard();
        if call() == 1 {
            cx.wait_shutdown();
        }
        while cx.sleep(millis(10)) {
            cx.heartbeat();
            beaten.fetch_add(1, SeqCst);
        }
        Ok(())
    });
    let root = Supervisor::builder("app").events(&seen.events);
    let root = root.child(child.heartbeat(secs(1))).start().await.unwrap();
    eventually("it works for longer than the limit", || {
        beats.load(SeqCst) > 120
    })
    .await;
    in_time(root.stop()).await;
    let crashes = seen.crashes();
    let [crash] = &crashes[..] else {
        panic!("{crashes:?}")
    };
    assert_eq!(crash.reason.kind(), "heartbeat_timeout");
    assert_eq!((live.created(), live.peak(), live.alive()), (2, 1, 0));
}

/// The end of the runtime is an order to stop, too, and nothing is started after it.
#[test]
fn ends_with_the_runtime() {
    let (live, released) = (Live::new(), Arc::default());
    let runtime = two_workers();
    let root = runtime.block_on(async {
        let builder = Supervisor::builder("app").child(polite(&live));
        let root = builder.child(deaf(&live, &released)).start().await.unwrap();
        eventually("both run", || live.alive() == 2).await;
        root
    });
    drop(runtime);
    eventually_blocking("the polite one ends", || live.alive() == 1);
    assert!(root.is_alive(), "a thread of it runs");
    released.store(u64::MAX, SeqCst);
    let ended = two_workers().block_on(in_time(root.ended()));
    assert!(matches!(ended, Ended::RuntimeGone), "{ended}");
    assert_eq!((live.alive(), live.created()), (0, 2));
}

#[tokio::test]
async fn has_a_first_phase_if_it_wants_one() {
    let ready = Arc::new(AtomicBool::new(false));
    let (told, fails) = (Arc::clone(&ready), Arc::new(AtomicBool::new(false)));
    let failing = Arc::clone(&fails);
    let child = Child::blocking("w", move |cx: BlockingContext| {
        if failing.load(SeqCst) {
            return Err("no device".into());
        }
        assert!(cx.sleep(millis(20)));
        told.store(true, SeqCst);
        cx.ready();
        cx.wait_shutdown();
        Ok(())
    });
    let root = Supervisor::builder("app").child(child.wait_ready());
    let root = in_time(root.start()).await.unwrap();
    assert!(ready.load(SeqCst), "started before it was ready");
    in_time(root.terminate_child("w")).await.unwrap();
    fails.store(true, SeqCst);
    let error = in_time(root.restart_child("w")).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot start `app/w`: error: no device");
    in_time(root.stop()).await;

    // One that never is.
    let live = Live::new();
    let slow = polite(&live).wait_ready().start_timeout(millis(20));
    let error = in_time(Supervisor::builder("app").child(slow).start())
        .await
        .unwrap_err();
    let StartFailure::Exited(ExitReason::StartTimeout(_)) = error.root_cause().cause else {
        panic!("{error}")
    };
    assert_eq!((live.created(), live.alive()), (1, 0));
}

/// A start that is dropped leaves no thread.
#[tokio::test]
async fn a_start_that_is_dropped_ends_the_thread() {
    let live = Live::new();
    let builder = Supervisor::builder("app").child(polite(&live).wait_ready());
    let handle = builder.handle();
    let start = tokio::spawn(builder.start());
    eventually("it runs", || live.alive() == 1).await;
    start.abort();
    in_time(handle.ended()).await;
    assert_eq!((live.alive(), live.created()), (0, 1));
}

/// Those that make or drop values of the user under way: contained.
#[tokio::test]
async fn a_result_that_panics_when_dropped() {
    #[derive(Debug, thiserror::Error)]
    #[error("spiteful")]
    struct Spiteful;
    impl Drop for Spiteful {
        fn drop(&mut self) {
            panic!("and another thing");
        }
    }
    let live = Live::new();
    let counted = live.clone();
    let child = Child::blocking("w", move |cx: BlockingContext| {
        let _guard = counted.guard();
        cx.wait_shutdown();
        Err(Spiteful.into())
    });
    let root = Supervisor::builder("app")
        .child(child)
        .start()
        .await
        .unwrap();
    for round in 1..4 {
        eventually("it runs", || live.created() == round).await;
        root.child("w").unwrap().kill();
    }
    in_time(root.stop()).await;
}

/// Instances of a template, and those of a group: all of them are stopped before the group begins again.
#[tokio::test]
async fn instances_and_groups() {
    let (live, heard) = (Live::new(), Arc::new(Mutex::new(Vec::new())));
    let (counted, words) = (live.clone(), Arc::clone(&heard));
    let template = Child::template_blocking(move |cx: BlockingContext, word: &'static str| {
        let _guard = counted.guard();
        words.lock().unwrap().push(word);
        cx.wait_shutdown();
        Ok(())
    });
    let pool = DynamicSupervisor::builder("pool").template(template.restart(Restart::Transient));
    let pool = pool.start().await.unwrap();
    for word in ["a", "b", "c"] {
        in_time(pool.start_child(word)).await.unwrap();
    }
    eventually("three", || live.alive() == 3).await;
    in_time(pool.stop()).await;
    assert_eq!(live.alive(), 0);
    let mut words = heard.lock().unwrap().clone();
    words.sort_unstable();
    assert_eq!(words, ["a", "b", "c"]);

    let live = Live::new();
    let group = Supervisor::builder("group")
        .strategy(Strategy::OneForAll)
        .child(polite(&live))
        .child(idle("b"));
    let group = group.start().await.unwrap();
    eventually("it runs", || live.alive() == 1).await;
    group.child("b").unwrap().kill();
    eventually("it runs again", || live.created() == 2).await;
    assert_eq!(children(&group).await, "w b");
    in_time(group.stop()).await;
    assert_eq!((live.alive(), live.peak()), (0, 1));
}
