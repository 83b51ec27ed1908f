//! Tasks that are linked to whoever started them.

mod common;

use std::future::pending;
use std::sync::Arc;

use seaworthy_core::sync::Lock;
use seaworthy_supervisor::{
    Child, ChildRef, Context, Exit, Restart, Shutdown, Supervisor, TaskSupervisor,
};
use seaworthy_testkit::Live;
use tokio::sync::mpsc;
use tokio::time::sleep;

use common::{Log, millis, secs, settle};

/// A tree with a task supervisor, and a caller that runs `body`.
async fn tree<F, Fut>(body: F) -> (Supervisor, TaskSupervisor)
where
    F: Fn(Context, TaskSupervisor) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = seaworthy_supervisor::ChildResult> + Send + 'static,
{
    let builder = TaskSupervisor::builder("tasks");
    let (tasks, kept) = (builder.handle(), builder.handle());
    let caller = Child::task("caller", move |cx| body(cx, tasks.clone()));
    let root = Supervisor::builder("app")
        .child(Child::supervisor(builder))
        .child(caller.restart(Restart::Temporary));
    (root.start().await.expect("it starts"), kept)
}

/// The caller runs a task that never ends, and ends as `end` says.
async fn caller_ends(live: &Live, end: &'static str) -> (Supervisor, TaskSupervisor) {
    let live = live.clone();
    let tree = tree(move |cx, tasks| {
        let guard = live.guard();
        async move {
            let task = tasks.spawn(&cx, |_cx| async move {
                let _guard = guard;
                pending::<()>().await
            });
            let _task = task.await?;
            sleep(secs(1)).await;
            match end {
                "normal" => Ok(()),
                "error" => Err("it failed".into()),
                _ => panic!("it panicked"),
            }
        }
    });
    tree.await
}

#[tokio::test(start_paused = true)]
async fn the_crash_of_the_caller_ends_the_task() {
    for (end, left) in [("normal", 1), ("error", 0), ("panic", 0)] {
        let live = Live::new();
        let (root, tasks) = caller_ends(&live, end).await;
        sleep(millis(990)).await;
        assert_eq!(live.alive(), 1);
        let task = root.child("tasks/#1").unwrap().monitor();
        sleep(millis(20)).await;
        assert_eq!(live.alive(), left, "{end}");
        if left == 0 {
            assert_eq!(task.await.reason.kind(), end, "with the same reason");
        }
        assert!(tasks.is_alive());
        root.stop().await;
        assert_eq!(live.alive(), 0);
    }
}

/// The kill of the caller ends the task, too.
#[tokio::test(start_paused = true)]
async fn the_kill_of_the_caller_ends_the_task() {
    let live = Live::new();
    let (root, _tasks) = caller_ends(&live, "normal").await;
    settle().await;
    root.child("caller").unwrap().kill();
    settle().await;
    assert_eq!(live.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_crash_of_the_task_ends_the_caller() {
    let (root, _tasks) = tree(|cx, tasks| async move {
        let task = tasks.spawn(&cx, |_cx| async {
            sleep(secs(1)).await;
            panic!("a bad task")
        });
        let _task = task.await?;
        pending().await
    })
    .await;
    let caller = root.child("caller").unwrap().monitor().await;
    assert_eq!(caller.reason.kind(), "panic");
    assert!(caller.reason.to_string().contains("a bad task"));
}

/// The caller reads of it instead, if it traps exits; and is not concerned by a task that ends well.
#[tokio::test(start_paused = true)]
async fn a_caller_that_traps_exits_reads_of_it() {
    let log = Log::default();
    let noted = log.clone();
    let (root, _tasks) = tree(move |cx, tasks| {
        let log = noted.clone();
        async move {
            let mut exits = cx.trap_exits();
            let good = tasks.spawn(&cx, |_cx| async { 7 }).await?;
            log.add(good.await?.to_string());
            let bad = tasks.spawn(&cx, |_cx| async { panic!("bad") });
            let bad: Result<(), _> = bad.await?.await;
            log.add(if bad.is_err() { "told" } else { "not told" });
            for _ in 0..2 {
                if let Some(Exit::Linked { path, reason, .. }) = exits.recv().await {
                    log.add(format!("{path}:{}", reason.kind()));
                }
            }
            cx.shutdown().await;
            Ok(())
        }
    })
    .await;
    settle().await;
    assert_eq!(log.take(), "7 told app/tasks/#1:normal app/tasks/#2:panic");
    assert!(root.child("caller").is_some());
    root.stop().await;
}

/// Who tells its own task to end does not end with it.
#[tokio::test(start_paused = true)]
async fn a_task_that_is_told_to_end_takes_nobody_along() {
    let (root, _tasks) = tree(|cx, tasks| async move {
        for how in [Shutdown::BrutalKill, Shutdown::Timeout(secs(1))] {
            let mut task = tasks.spawn(&cx, |_cx| pending::<()>()).await?;
            settle().await;
            assert!(task.shutdown(how).await.is_none());
        }
        drop(
            tasks
                .spawn(&cx, |_cx| pending::<()>())
                .await?
                .kill_on_drop(),
        );
        pending().await
    })
    .await;
    sleep(secs(60)).await;
    assert!(root.child("caller").is_some());
    assert_eq!(root.child("tasks/#3").map(|_| ()), None);
}

/// The link is there before the task runs: a caller that is over by then takes the task along.
#[tokio::test(start_paused = true)]
async fn a_caller_that_is_over() {
    let (sent, mut contexts) = mpsc::unbounded_channel();
    let (root, tasks) = tree(move |cx, _tasks| {
        let sent = sent.clone();
        async move {
            sent.send(cx)?;
            Ok(())
        }
    })
    .await;
    let cx = contexts.recv().await.unwrap();
    settle().await;
    let live = Live::new();
    let guard = live.guard();
    let ran = Arc::new(Lock::new(false));
    let run = Arc::clone(&ran);
    let task = tasks.spawn(&cx, |_cx| async move {
        let _guard = guard;
        *run.lock() = true;
        pending::<()>().await
    });
    let end = task.await.unwrap().await.unwrap_err();
    assert_eq!(
        end.to_string(),
        "the task ended without a result: there was no such process"
    );
    assert_eq!((live.alive(), *ran.lock()), (0, false));
    root.stop().await;
}

/// The task supervisor stops its tasks, and with them whoever is linked to them, as in OTP.
#[tokio::test(start_paused = true)]
async fn the_end_of_the_supervisor_concerns_the_callers() {
    let (root, tasks) = tree(|cx, tasks| async move {
        let _task = tasks.spawn(&cx, |_cx| pending::<()>()).await?;
        pending().await
    })
    .await;
    settle().await;
    let caller: ChildRef = root.child("caller").unwrap();
    let end = caller.monitor();
    tasks.stop().await;
    assert_eq!(end.await.reason.kind(), "shutdown");
    root.stop().await;
}
