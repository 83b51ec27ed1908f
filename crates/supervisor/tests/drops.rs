//! What ends with a handle, with the runtime, and with an incarnation.

mod common;

use std::future::pending;
use std::sync::mpsc;
use std::time::Duration;

use seaworthy_supervisor::{
    Builder, CallError, Child, Context, DynamicSupervisor, Ended, Init, RestartChildError,
    StartChildError, Supervisor, SupervisorEvent,
};
use seaworthy_testkit::Live;
use tokio::runtime::Runtime;

use common::{Log, Seen, children, counter, idle, listener, millis, noted, secs, settle};

#[tokio::test(start_paused = true)]
async fn the_last_owner_stops_the_tree_in_order() {
    let log = Log::default();
    let inner = Supervisor::builder("inner")
        .child(noted(&log, "b"))
        .child(noted(&log, "c"));
    let builder = Supervisor::builder("app")
        .child(noted(&log, "a"))
        .child(Child::supervisor(inner))
        .child(noted(&log, "d"));
    let handle = builder.handle();
    let root = builder.start().await.unwrap();
    log.take();

    let clone = root.clone();
    drop(root);
    settle().await;
    assert_eq!(log.take(), "", "a clone owns the tree as well");

    let others = (
        clone.child("a"),
        clone.supervisor("inner"),
        clone.events(),
        clone.snapshot(),
    );
    drop(clone);
    assert!(matches!(handle.ended().await, Ended::Stopped));
    assert_eq!(log.take(), "-d -c -b -a", "other handles do not keep it");
    assert!(!others.1.unwrap().is_alive());
    assert!(!others.0.unwrap().kill());
}

#[tokio::test(start_paused = true)]
async fn a_handle_from_inside_does_not_own() {
    let (contexts, context) = mpsc::channel();
    let child = Child::task("w", move |cx: Context| {
        contexts.send((cx.supervisor(), cx.clone())).unwrap();
        pending()
    });
    let builder = Supervisor::builder("app").child(child);
    let handle = builder.handle();
    let root = builder.start().await.unwrap();
    settle().await;
    let inside = context.recv().unwrap();
    drop(root);
    assert!(matches!(handle.ended().await, Ended::Stopped));
    assert!(!inside.0.is_alive());
}

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
    assert_eq!(log.take(), "+a +s s:told -s -a");
    let ended = runtime(false).block_on(root.ended());
    assert!(
        matches!(ended, Ended::RuntimeGone | Ended::Stopped),
        "{ended}"
    );
}

/// A context that outlives its incarnation says that it is over, and does nothing.
#[tokio::test(start_paused = true)]
async fn a_context_outlives_its_incarnation() {
    let (contexts, context) = mpsc::channel::<Context>();
    let child = Child::task("w", move |cx: Context| {
        contexts.send(cx).unwrap();
        pending()
    });
    let root = Supervisor::builder("app")
        .child(child)
        .start()
        .await
        .unwrap();
    settle().await;
    let old = context.recv().unwrap();
    assert!(!old.is_shutting_down());
    root.child("w").unwrap().kill();
    settle().await;
    let new = context.recv().unwrap();
    assert!(new.incarnation() > old.incarnation());

    for ended in [false, true] {
        if ended {
            root.stop().await;
        }
        // Nothing is known of a child whose supervisor is over, but whose it was.
        assert_eq!(&*old.path(), if ended { "app" } else { "app/w" });
        assert_eq!(old.incarnation(), 1);
        assert!(old.is_shutting_down());
        tokio::time::timeout(millis(1), old.shutdown())
            .await
            .expect("it resolves at once");
        let spawned = old.spawn(async { panic!("it is never polled") });
        assert!(spawned.await.unwrap_err().is_cancelled());
        old.ready();
        let _ = format!("{old:?}");
        assert_eq!(old.supervisor().is_alive(), !ended);
        assert_eq!(
            new.is_shutting_down(),
            ended,
            "the next one is not concerned"
        );
    }
}

/// The signal of an old incarnation does not make the next one a listener.
#[tokio::test(start_paused = true)]
async fn an_old_signal_traps_nothing() {
    let (contexts, context) = mpsc::channel::<Context>();
    let (log, calls) = (Log::default(), counter());
    let noted = log.clone();
    let child = Child::task("w", move |cx: Context| {
        contexts.send(cx).unwrap();
        let (here, first) = (noted.enter("w"), calls() == 1);
        async move {
            let _here = here;
            if first {
                settle().await;
                return Err("crashed".into());
            }
            pending().await
        }
    });
    let root = Supervisor::builder("app")
        .child(child)
        .child(listener("x"))
        .start()
        .await
        .unwrap();
    tokio::task::yield_now().await;
    let signal = context.recv().unwrap().shutdown();
    settle().await;
    settle().await;
    assert_eq!(log.take(), "+w -w +w");
    let began = tokio::time::Instant::now();
    root.terminate_child("w").await.unwrap();
    assert_eq!(
        began.elapsed(),
        Duration::ZERO,
        "it does not listen, so it dies of the order"
    );
    drop(signal);
    assert_eq!(children(&root).await, "w? x");
}
