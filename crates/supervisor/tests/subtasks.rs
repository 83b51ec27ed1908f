//! Tasks of an incarnation: they end with it, and are gone before the next one begins.

mod common;

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use seaworthy_supervisor::{Child, ChildResult, Context, Restart, Shutdown, Supervisor};
use seaworthy_testkit::Live;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use common::{Log, Seen, children, counter, millis, secs, settle};

/// A child that spawns `many` tasks, which spawn one each, and ends as `end` says.
fn nested<F>(live: &Live, many: usize, end: impl Fn() -> F + Send + Sync + 'static) -> Child
where
    F: Future<Output = ChildResult> + Send + 'static,
{
    let live = live.clone();
    Child::task("w", move |cx: Context| {
        for _ in 0..many {
            let (outer, inner, within) = (live.guard(), live.guard(), cx.clone());
            cx.spawn(async move {
                let _outer = outer;
                within.spawn(async move {
                    let _inner = inner;
                    pending::<()>().await
                });
                pending::<()>().await
            });
        }
        end()
    })
}

/// Whatever the end, the next incarnation does not begin before all of them are gone.
#[tokio::test(start_paused = true)]
async fn end_with_their_incarnation() {
    let ends: [fn() -> ChildResult; 3] =
        [|| Ok(()), || Err("crashed".into()), || panic!("crashed")];
    for end in ends {
        let live = Live::new();
        let child = nested(&live, 3, move || async move {
            settle().await;
            end()
        });
        let root = Supervisor::builder("app")
            .intensity(100, secs(60))
            .child(child);
        let root = root.start().await.unwrap();
        sleep(millis(10)).await;
        assert!(live.created() >= 12, "it was restarted");
        root.stop().await;
        assert_eq!((live.alive(), live.peak()), (0, 6));
    }
}

/// A kill, an order to stop, and a time-out reach the sub-tasks, too.
#[tokio::test(start_paused = true)]
async fn end_when_their_child_is_stopped() {
    let live = Live::new();
    let root = Supervisor::builder("app")
        .child(nested(&live, 2, pending))
        .start()
        .await
        .unwrap();
    settle().await;
    assert_eq!(live.alive(), 4);
    root.terminate_child("w").await.unwrap();
    assert_eq!(live.alive(), 0, "not answered before they are gone");
    root.restart_child("w").await.unwrap();
    settle().await;
    root.child("w").unwrap().kill();
    settle().await;
    assert_eq!((live.alive(), live.peak()), (4, 4));
    root.stop().await;
    assert_eq!(live.alive(), 0);
}

/// The main task may go on after its sub-tasks have, and the result is had by the handle.
#[tokio::test(start_paused = true)]
async fn may_end_before_their_child() {
    let (results, mut result) = mpsc::unbounded_channel();
    let child = Child::task("w", move |cx: Context| {
        let results = results.clone();
        async move {
            let seven = cx.spawn(async { 7 }).await?;
            results.send(seven)?;
            pending().await
        }
    });
    let root = Supervisor::builder("app")
        .child(child)
        .start()
        .await
        .unwrap();
    assert_eq!(result.recv().await, Some(7));
    settle().await;
    assert_eq!(children(&root).await, "w");
    assert_eq!(root.child("w").unwrap().incarnation(), 1);
}

/// The panic of a sub-task is the crash of the child; the other sub-tasks end as well.
#[tokio::test(start_paused = true)]
async fn crash_their_child() {
    let (live, seen, calls) = (Live::new(), Seen::new(), counter());
    let counted = live.clone();
    let child = Child::task("w", move |cx: Context| {
        let (first, guard) = (calls() == 1, counted.guard());
        cx.spawn(async move {
            let _guard = guard;
            pending::<()>().await
        });
        cx.spawn(async move {
            settle().await;
            assert!(!first, "a detail went wrong");
        });
        async move {
            cx.shutdown().await;
            Ok(())
        }
    });
    let root = Supervisor::builder("app")
        .child(child)
        .events(&seen.events)
        .start()
        .await
        .unwrap();
    sleep(secs(1)).await;
    assert_eq!((live.created(), live.alive(), live.peak()), (2, 1, 1));
    let [crash] = &*seen.crashes() else {
        panic!("not one crash")
    };
    assert!(
        crash
            .reason
            .to_string()
            .starts_with("panic: a detail went wrong at "),
        "{crash}"
    );
    assert!(root.stop().await.is_clean());
}

/// A panic while the child is being stopped is no crash.
#[tokio::test(start_paused = true)]
async fn do_not_crash_a_child_that_is_being_stopped() {
    let seen = Seen::new();
    let child = Child::task("w", |cx: Context| async move {
        let signal = cx.shutdown();
        cx.spawn(async move {
            signal.await;
            panic!("in the middle of the stop");
        });
        cx.shutdown().await;
        sleep(secs(1)).await;
        Ok(())
    });
    let root = Supervisor::builder("app")
        .child(child)
        .events(&seen.events)
        .start()
        .await
        .unwrap();
    settle().await;
    root.terminate_child("w").await.unwrap();
    assert_eq!(children(&root).await, "w?");
    assert!(seen.crashes().is_empty());
}

/// After the end nothing is started any more, also while the others are still going.
#[tokio::test(start_paused = true)]
async fn are_not_started_after_the_end() {
    let (contexts, mut context) = mpsc::unbounded_channel();
    let child = Child::task("w", move |cx: Context| {
        contexts.send(cx).unwrap();
        async { Ok(()) }
    });
    let child = child.restart(Restart::Transient);
    let _root = Supervisor::builder("app")
        .child(child)
        .start()
        .await
        .unwrap();
    let cx = context.recv().await.unwrap();
    settle().await;
    let (polled, log) = (Arc::new(AtomicBool::new(false)), Log::default());
    let (poll, here) = (Arc::clone(&polled), log.enter("late"));
    let late = cx.spawn(async move {
        let _here = here;
        poll.store(true, SeqCst);
    });
    assert!(late.await.unwrap_err().is_cancelled());
    assert_eq!(
        (polled.load(SeqCst), log.take().as_str()),
        (false, "+late -late")
    );
}

/// Aborting a handle, or dropping it, is nothing to the child.
#[tokio::test(start_paused = true)]
async fn may_be_aborted() {
    let (ended, end) = oneshot::channel();
    let ended = std::sync::Mutex::new(Some(ended));
    let child = Child::task("w", move |cx: Context| {
        let ended = ended.lock().unwrap().take();
        async move {
            let task = cx.spawn(pending::<()>());
            drop(cx.spawn(async move {
                settle().await;
                ended.map(|ended| ended.send(()))
            }));
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
            pending().await
        }
    });
    let root = Supervisor::builder("app")
        .child(child)
        .start()
        .await
        .unwrap();
    end.await.expect("a task whose handle was dropped goes on");
    assert_eq!(root.child("w").unwrap().incarnation(), 1);
    root.stop().await;
}

/// The shutdown time of a child holds for its sub-tasks as well.
#[tokio::test(start_paused = true)]
async fn have_the_time_of_their_child() {
    for (limit, killed, expected) in [(3, 0, "+sub sub:done -sub done"), (1, 1, "+sub -sub")] {
        let log = Log::default();
        let noted = log.clone();
        let child = Child::task("w", move |cx: Context| {
            let log = noted.clone();
            async move {
                let (signal, within) = (cx.shutdown(), log.clone());
                let worker = cx.spawn(async move {
                    let _here = within.enter("sub");
                    signal.await;
                    sleep(secs(2)).await;
                    within.add("sub:done");
                });
                worker.await?;
                log.add("done");
                Ok(())
            }
        });
        let child = child.shutdown(Shutdown::Timeout(secs(limit)));
        let root = Supervisor::builder("app")
            .child(child)
            .start()
            .await
            .unwrap();
        settle().await;
        let report = root.stop().await;
        assert_eq!(
            (report.took.as_secs(), report.killed),
            (limit.min(2), killed)
        );
        assert_eq!(log.take(), expected);
    }
}
