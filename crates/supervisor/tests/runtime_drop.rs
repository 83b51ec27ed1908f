//! Dropping the runtime ends the tree, at any moment, and nothing is started again.

mod common;

use std::future::pending;
use std::sync::{Arc, Mutex, mpsc};

use seaworthy_core::backoff::Backoff;
use seaworthy_supervisor::{
    Builder, CallError, Child, Context, DynamicSupervisor, Ended, Init, RestartChildError,
    StartChildError, Supervisor, SupervisorEvent,
};
use seaworthy_testkit::Live;
use tokio::runtime::Runtime;

use common::{Log, Seen, idle, millis, noted, secs};

/// Nothing refers to itself: when the tree has ended and its handles are gone, so is what it captured.
#[test]
fn what_was_captured_is_dropped_in_the_end() {
    for abrupt in [false, true] {
        let live = Live::new();
        let runtime = runtime(false);
        runtime.block_on(async {
            let keep = |id| {
                let guard = live.guard();
                Child::task(id, move |cx: Context| {
                    let _ = &guard;
                    async move {
                        cx.shutdown().await;
                        Ok(())
                    }
                })
            };
            let inner = Supervisor::builder("inner").child(keep("a"));
            let builder = Supervisor::builder("app").child(keep("b"));
            let root = builder
                .child(Child::supervisor(inner))
                .start()
                .await
                .unwrap();
            root.start_child(keep("c")).await.unwrap();
            tokio::task::yield_now().await;
            assert_eq!(live.alive(), 3);
            if !abrupt {
                root.stop().await;
            }
        });
        drop(runtime);
        assert_eq!(live.alive(), 0, "abrupt: {abrupt}");
    }
}

fn runtime(workers: bool) -> Runtime {
    let mut builder = if workers {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    builder.worker_threads(2).enable_all().build().unwrap()
}

/// Three levels, sub-tasks, a child that crashes all the time, one that never gets ready.
fn busy_tree(live: &Live) -> Builder {
    let guarded = {
        let live = live.clone();
        move |id, trap| {
            let live = live.clone();
            Child::task(id, move |cx: Context| {
                let (guard, below) = (live.guard(), live.guard());
                async move {
                    let _guard = guard;
                    cx.spawn(async move {
                        let _below = below;
                        pending::<()>().await
                    });
                    if trap {
                        cx.shutdown().await;
                    }
                    pending().await
                }
            })
        }
    };
    let counted = live.clone();
    let crasher = Child::task("crasher", move |_cx| {
        let _guard = counted.guard();
        async { Err("crashed".into()) }
    });
    let leaf = Supervisor::builder("leaf")
        .child(guarded("a", false))
        .child(guarded("b", true));
    let inner = Supervisor::builder("inner").child(Child::supervisor(leaf));
    let template = Child::template(|_cx, ()| pending());
    let pool = DynamicSupervisor::<()>::builder("pool").template(template);
    Supervisor::builder("app")
        .intensity(u32::MAX, secs(1))
        .child(guarded("w", true))
        .child(Child::supervisor(inner))
        .child(Child::supervisor(pool))
        .child(crasher)
}

/// Waits until everybody has begun, and the crasher crashes.
async fn under_way(live: &Live) {
    while live.created() < 10 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn the_runtime_takes_the_tree_with_it() {
    for workers in [false, true] {
        let (live, seen) = (Live::new(), Seen::new());
        let first = runtime(workers);
        let builder = busy_tree(&live).events(&seen.events);
        let root = first.block_on(async {
            let root = builder.start().await.unwrap();
            under_way(&live).await;
            root
        });
        let nested = root.supervisor("inner/leaf").unwrap();
        let child = root.child("inner/leaf/a").unwrap();
        let calls = [root.clone(), nested];
        drop(first);

        let before = live.created();
        assert_eq!(live.alive(), 0, "workers: {workers}");
        let last = seen.take().pop().unwrap();
        assert!(
            matches!(&last, SupervisorEvent::SupervisorExited { path, ended: Ended::RuntimeGone } if &**path == "app"),
            "{last}"
        );

        // From another runtime everything is answered, at once.
        runtime(false).block_on(async {
            for handle in &calls {
                assert!(matches!(handle.ended().await, Ended::RuntimeGone));
                assert!(!handle.is_alive());
                assert_eq!(handle.which_children().await, Err(CallError::NotAlive));
                assert_eq!(handle.count_children().await, Err(CallError::NotAlive));
                assert_eq!(handle.terminate_child("w").await, Err(CallError::NotAlive));
                assert_eq!(handle.delete_child("w").await, Err(CallError::NotAlive));
                assert_eq!(handle.suspend().await, Err(CallError::NotAlive));
                let error = handle.restart_child("w").await.unwrap_err();
                assert!(matches!(
                    error,
                    RestartChildError::Call(CallError::NotAlive)
                ));
                let error = handle.start_child(idle("new")).await.unwrap_err();
                assert!(matches!(error, StartChildError::NotAlive));
                assert!(handle.snapshot().is_none() && handle.child("w").is_none());
                handle.resume();
                assert!(handle.stop().await.is_clean());
                assert!(handle.shutdown(secs(5)).await.is_clean());
            }
            assert!(!child.is_alive() && !child.kill());
            assert_eq!(child.monitor().await.reason.kind(), "unknown");
        });
        assert_eq!(live.created(), before, "nothing was started again");
        assert!(seen.take().is_empty());
    }
}

/// The owner goes down with the runtime, in one of its tasks.
#[test]
fn the_runtime_takes_the_owner_with_it() {
    for workers in [false, true] {
        let live = Live::new();
        let first = runtime(workers);
        let builder = busy_tree(&live);
        let handle = builder.handle();
        first.block_on(async {
            let root = builder.start().await.unwrap();
            under_way(&live).await;
            tokio::spawn(async move {
                let _root = root;
                pending::<()>().await
            });
            tokio::task::yield_now().await;
        });
        drop(first);
        assert_eq!(live.alive(), 0, "workers: {workers}");
        assert!(!handle.is_alive());
    }
}

/// The runtime ends while the tree is being started, and while it is being stopped.
#[test]
fn the_runtime_ends_in_between() {
    let (live, log) = (Live::new(), Log::default());
    let counted = live.clone();
    let never = Child::init("w", move |_cx| {
        let guard = counted.guard();
        async move {
            pending::<()>().await;
            drop(guard);
            Ok(Init::Run(pending()))
        }
    });
    let builder = Supervisor::builder("app")
        .child(noted(&log, "a"))
        .child(never);
    let handle = builder.handle();
    let starting = runtime(false);
    starting.spawn(builder.start());
    starting.block_on(async {
        while live.alive() == 0 {
            tokio::task::yield_now().await;
        }
    });
    drop(starting);
    assert_eq!((live.alive(), log.take().as_str()), (0, "+a -a"));
    assert!(!handle.is_alive());

    let stopping = runtime(false);
    let stubborn = common::slow_stopper(&log, "s", secs(3600));
    let root = stopping.block_on(async {
        let builder = Supervisor::builder("app")
            .child(noted(&log, "a"))
            .child(stubborn);
        let root = builder.start().await.unwrap();
        tokio::task::yield_now().await;
        let stopped = root.clone();
        tokio::spawn(async move { stopped.stop().await });
        tokio::task::yield_now().await;
        root
    });
    drop(stopping);
    // In which order the runtime drops its tasks is its own affair.
    let words = log.take();
    assert!(
        words == "+a +s s:told -s -a" || words == "+a +s s:told -a -s",
        "{words}"
    );
    let ended = runtime(false).block_on(root.ended());
    assert!(
        matches!(ended, Ended::RuntimeGone | Ended::Stopped),
        "{ended}"
    );
}

/// A child crashes when its runtime takes no tasks any more: nobody will end the pause before its restart.
#[test]
fn a_pause_that_begins_too_late() {
    let (entered, enters) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = Arc::new(Mutex::new(released));
    let child = Child::task("w", move |_cx| {
        let (entered, released) = (entered.clone(), Arc::clone(&released));
        async move {
            entered.send(()).expect("the test waits");
            let _ = released.lock().expect("nobody panics").recv();
            Err("too late".into())
        }
    });
    let runtime = runtime(true);
    let child = child.backoff(
        Backoff::exponential(millis(1), secs(1))
            .build()
            .expect("it is valid"),
        secs(60),
    );
    let root = Supervisor::builder("app").child(child).start();
    let root = runtime.block_on(root).expect("it starts");
    enters.recv().expect("it runs");
    let handle = runtime.handle().clone();
    runtime.shutdown_background();
    while !handle.spawn(pending::<()>()).is_finished() {
        std::thread::yield_now();
    }
    release.send(()).expect("it waits");
    let ended =
        self::runtime(false).block_on(async { tokio::time::timeout(secs(10), root.ended()).await });
    assert!(matches!(ended, Ok(Ended::RuntimeGone)), "{ended:?}");
}
