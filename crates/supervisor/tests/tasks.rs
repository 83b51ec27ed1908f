//! One-off work under a supervisor: its results, its crashes, its limits and its place in the tree.

mod common;

use std::future::pending;
use std::sync::Arc;
use std::task::{Wake, Waker};

use seaworthy_core::sync::Lock;
use seaworthy_supervisor::{
    Child, ChildId, Context, ExitReason, Shutdown, SpawnError, Supervisor, SupervisorEvent, Task,
    TaskError, TaskSupervisor,
};
use seaworthy_testkit::{Live, panic_at_every_poll};
use tokio::time::{Instant, sleep};

use common::{Seen, millis, secs, settle};

async fn supervisor() -> TaskSupervisor {
    let tasks = TaskSupervisor::builder("tasks").start().await;
    tasks.expect("it starts")
}

/// What `task` came to, if not to a value.
async fn reason<T: std::fmt::Debug>(task: Task<T>) -> ExitReason {
    match task.await {
        Err(TaskError::Exited(reason)) => reason,
        other => panic!("a reason, not {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_is_kept_until_it_is_asked_for() {
    let tasks = supervisor().await;
    let mut task = tasks.spawn_nolink(|_cx| async { 40 + 2 }).await.unwrap();
    settle().await;
    assert!(task.is_finished());
    assert_eq!(tasks.count_children().await.unwrap().active, 0, "forgotten");
    assert_eq!((&mut task).await.unwrap(), 42);
    let again = (&mut task).await;
    assert!(matches!(again, Err(TaskError::Taken)), "{again:?}");
    let again = task.shutdown(Shutdown::BrutalKill).await;
    assert!(matches!(again, Some(Err(TaskError::Taken))), "{again:?}");
    assert_eq!(
        TaskError::Taken.to_string(),
        "the result of the task was taken before"
    );
}

/// What is in the result is the user's business: the task has ended well.
#[tokio::test(start_paused = true)]
async fn an_error_as_a_result_is_no_crash() {
    let seen = Seen::new();
    let tasks = TaskSupervisor::builder("tasks").events(&seen.events);
    let tasks = tasks.start().await.unwrap();
    let task = tasks.spawn_nolink(|_cx| async { Err::<(), _>("no such page") });
    let task = task.await.unwrap();
    let end = task.child().monitor();
    assert_eq!(task.await.unwrap(), Err("no such page"));
    assert_eq!(end.await.reason.kind(), "normal");
    assert!(seen.crashes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_contained_and_told() {
    let seen = Seen::new();
    let tasks = TaskSupervisor::builder("tasks").events(&seen.events);
    let tasks = tasks.start().await.unwrap();
    let other = tasks.spawn_nolink(|_cx| pending::<()>()).await.unwrap();
    let in_closure = tasks.spawn_nolink(|cx| {
        assert!(cx.path().is_empty(), "in the closure");
        async {}
    });
    let in_closure = in_closure.await.unwrap();
    let in_future = tasks.spawn_nolink(|_cx| async { panic!("in the future") });
    let in_future: Task<()> = in_future.await.unwrap();
    let in_subtask = tasks.spawn_nolink(|cx| async move {
        cx.spawn(async { panic!("in a sub-task") });
        pending::<()>().await
    });
    let in_subtask = in_subtask.await.unwrap();
    for (task, place) in [
        (in_closure, "the closure"),
        (in_future, "the future"),
        (in_subtask, "a sub-task"),
    ] {
        let reason = reason(task).await;
        let expected = format!("panic: in {place} at ");
        assert!(reason.to_string().starts_with(&expected), "{reason}");
    }
    let crashes = seen.crashes().into_iter().map(|crash| crash.path);
    assert_eq!(
        crashes.collect::<Vec<_>>().join(" "),
        "tasks/#2 tasks/#3 tasks/#4"
    );
    assert!(
        !other.is_finished() && tasks.is_alive(),
        "nobody else is touched"
    );
}

#[test]
fn a_panic_at_every_poll() {
    let polls = panic_at_every_poll(
        8,
        async || (supervisor().await, Live::new()),
        async |(tasks, live), fuse| {
            let (guard, burns) = (live.guard(), fuse.clone());
            let task = tasks.spawn_nolink(move |_cx| async move {
                let _guard = guard;
                let work = async {
                    for _ in 0..3 {
                        tokio::task::yield_now().await;
                    }
                };
                burns.wrap(work).await;
                7
            });
            match task.await.unwrap().await {
                Ok(value) => assert_eq!((value, fuse.is_burnt()), (7, false)),
                Err(TaskError::Exited(ExitReason::Panic(panic))) => {
                    assert_eq!(panic.message(), fuse.message());
                }
                Err(other) => panic!("{other}"),
            }
            assert_eq!(live.alive(), 0, "all of it is gone when its end is told");
        },
        async |(tasks, _), _| assert!(tasks.stop().await.is_clean()),
    );
    assert_eq!(polls, 4);
}

/// Its sub-tasks are part of a task.
#[tokio::test(start_paused = true)]
async fn the_result_comes_when_all_of_it_is_gone() {
    let (tasks, live) = (supervisor().await, Live::new());
    let guard = live.guard();
    let task = tasks.spawn_nolink(|cx: Context| async move {
        cx.spawn(async move {
            let _guard = guard;
            pending::<()>().await
        });
        "done"
    });
    assert_eq!(task.await.unwrap().await.unwrap(), "done");
    assert_eq!(live.alive(), 0);
}

/// Also what it never came to use: the closure of a task that was killed before its first poll.
#[tokio::test(start_paused = true)]
async fn the_closure_is_gone_when_the_end_is_told() {
    /// Looks around at the moment of the wake-up.
    struct Look(Live, Lock<Option<usize>>);
    impl Wake for Look {
        fn wake(self: Arc<Self>) {
            *self.1.lock() = Some(self.0.alive());
        }
    }
    let (tasks, live) = (supervisor().await, Live::new());
    let guard = live.guard();
    let task = tasks.spawn_nolink(move |_cx| async move { drop(guard) });
    let task = task.await.unwrap();
    let mut end = Box::pin(task.child().monitor());
    let look = Arc::new(Look(live.clone(), Lock::new(None)));
    let waker = Waker::from(Arc::clone(&look));
    let mut waking = std::task::Context::from_waker(&waker);
    assert!(end.as_mut().poll(&mut waking).is_pending());
    assert!(task.child().kill());
    assert_eq!(reason(task).await.kind(), "killed");
    assert_eq!(*look.1.lock(), Some(0));
}

/// The drop of the result, and of what the task leaves behind, is code of the user.
#[tokio::test(start_paused = true)]
async fn panics_of_drops_are_contained() {
    #[derive(Debug)]
    struct Spiteful(bool);
    impl Drop for Spiteful {
        fn drop(&mut self) {
            assert!(!self.0, "in a drop");
        }
    }
    const SPITEFUL: Spiteful = Spiteful(true);
    let seen = Seen::new();
    let tasks = TaskSupervisor::builder("tasks").max_children(1);
    let tasks = tasks.events(&seen.events).start().await.unwrap();

    // Nobody is there for the result when it comes, or it was there and nobody took it.
    let ready = tasks.spawn_nolink(|_cx| async { SPITEFUL }).await.unwrap();
    drop(ready);
    settle().await;
    let ready = tasks.spawn_nolink(|_cx| async { SPITEFUL }).await.unwrap();
    settle().await;
    drop(ready);
    let mut never = tasks
        .spawn_nolink(|cx| async move {
            cx.shutdown().await;
            SPITEFUL
        })
        .await
        .unwrap();
    settle().await;
    // The closure of one that is refused.
    let spiteful = SPITEFUL;
    let refused = tasks.spawn_nolink(move |_cx| async move { drop(spiteful) });
    assert_eq!(refused.await.unwrap_err(), SpawnError::MaxChildren);
    let spiteful = SPITEFUL;
    let refused = tasks.start_child(move |_cx| async move {
        drop(spiteful);
        Ok(())
    });
    assert_eq!(refused.await.unwrap_err(), SpawnError::MaxChildren);
    assert!(seen.crashes().is_empty());

    let told = never.shutdown(Shutdown::Infinity).await;
    told.expect("it listens").expect("a value").0 = false;
    // What the task leaves behind: that is a crash, and the result is dropped, for all its spite.
    let spiteful = SPITEFUL;
    let left = tasks.spawn_nolink(move |_cx| {
        let mut end = Some(SPITEFUL);
        let mut left = Some(spiteful);
        std::future::poll_fn(move |_| {
            let _here = &mut left;
            std::task::Poll::Ready(end.take())
        })
    });
    let left = reason(left.await.unwrap()).await;
    assert!(
        left.to_string().starts_with("panic: in a drop at "),
        "{left}"
    );
    assert_eq!(seen.crashes().len(), 1);
    assert!(tasks.is_alive());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_handle_leaves_the_task_running() {
    let (tasks, live) = (supervisor().await, Live::new());
    let guard = live.guard();
    let task = tasks.spawn_nolink(|_cx| async move {
        let _guard = guard;
        sleep(secs(1)).await;
    });
    drop(task.await.unwrap());
    sleep(millis(999)).await;
    assert_eq!((live.alive(), live.dropped()), (1, 0));
    sleep(millis(2)).await;
    assert_eq!(live.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn unless_it_is_to_be_killed_then() {
    let (seen, live) = (Seen::new(), Live::new());
    let tasks = TaskSupervisor::builder("tasks").events(&seen.events);
    let tasks = tasks.start().await.unwrap();
    let guard = live.guard();
    let task = tasks.spawn_nolink(|cx| async move {
        let _guard = guard;
        cx.shutdown().await;
        // It listens, but it is not asked.
        pending::<()>().await
    });
    let task = task.await.unwrap().kill_on_drop();
    settle().await;
    assert_eq!(live.alive(), 1);
    drop(task);
    settle().await;
    assert_eq!(live.alive(), 0);
    assert!(seen.crashes().is_empty(), "no crash: it was wanted");

    let done = tasks.spawn_nolink(|_cx| async { 1 }).await.unwrap();
    assert_eq!(done.kill_on_drop().await.unwrap(), 1);
    assert_eq!(tasks.count_children().await.unwrap().active, 0);
}

#[tokio::test(start_paused = true)]
async fn no_more_than_max_children() {
    let live = Live::new();
    let tasks = TaskSupervisor::builder("tasks").max_children(2);
    let tasks = tasks.start().await.unwrap();
    let one = tasks.spawn_nolink(|_cx| pending::<()>()).await.unwrap();
    tasks.start_child(|_cx| pending()).await.unwrap();
    let (guard, log) = (live.guard(), common::Log::default());
    let noted = log.clone();
    let refused = tasks.spawn_nolink(move |_cx| {
        let _guard = guard;
        noted.add("called");
        async {}
    });
    let refused = refused.await.unwrap_err();
    assert_eq!(refused, SpawnError::MaxChildren);
    assert_eq!(
        refused.to_string(),
        "the task supervisor has its maximum of tasks"
    );
    assert_eq!((live.alive(), log.take().as_str()), (0, ""));
    assert!(one.child().kill());
    assert_eq!(reason(one).await.kind(), "killed");
    let third = tasks.spawn_nolink(|_cx| async { 3 }).await;
    assert_eq!(third.expect("there is room again").await.unwrap(), 3);

    let none = TaskSupervisor::builder("none").max_children(0);
    let none = none.start().await.unwrap();
    let refused = none.start_child(|_cx| async { Ok(()) }).await;
    assert_eq!(refused.unwrap_err(), SpawnError::MaxChildren);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_started_where_nobody_runs() {
    let live = Live::new();
    let builder = TaskSupervisor::builder("tasks");
    let tasks = builder.handle();
    for _ in 0..2 {
        let guard = live.guard();
        let refused = tasks.spawn_nolink(|_cx| async { drop(guard) }).await;
        assert_eq!(refused.unwrap_err(), SpawnError::NotAlive);
        let guard = live.guard();
        let refused = tasks.start_child(|_cx| async {
            drop(guard);
            Ok(())
        });
        assert_eq!(refused.await.unwrap_err(), SpawnError::NotAlive);
        assert_eq!(live.alive(), 0);
        if live.created() == 2 {
            let tasks = TaskSupervisor::builder("tasks").start().await.unwrap();
            tasks.stop().await;
        }
    }
    drop(builder);
    let refused = tasks.spawn_nolink(|_cx| async {}).await;
    assert_eq!(refused.unwrap_err(), SpawnError::NotAlive);
}

/// One way to start, no result: as it ends, so ends the child.
#[tokio::test(start_paused = true)]
async fn fire_and_forget() {
    let seen = Seen::new();
    let tasks = TaskSupervisor::builder("tasks").events(&seen.events);
    let tasks = tasks.start().await.unwrap();
    let good = tasks.start_child(|_cx| async { Ok(()) }).await.unwrap();
    let bad = tasks.start_child(|_cx| async { Err("no disk".into()) });
    let bad = bad.await.unwrap();
    assert_eq!((good.id(), &*bad.path()), (&ChildId::Number(1), "tasks/#2"));
    let ends = tokio::join!(good.monitor(), bad.monitor());
    assert_eq!(
        (ends.0.reason.to_string(), ends.1.reason.to_string()),
        ("normal".into(), "error: no disk".into())
    );
    let [crash] = &*seen.crashes() else {
        panic!("not one crash")
    };
    assert_eq!(&*crash.path, "tasks/#2");
    settle().await;
    assert_eq!(tasks.count_children().await.unwrap().active, 0);
    assert!(
        tasks.is_alive(),
        "it is not restarted, so it uses up nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn tasks_are_in_the_tree() {
    let builder = TaskSupervisor::builder("tasks");
    let tasks = builder.handle();
    let root = Supervisor::builder("app").child(Child::supervisor(builder));
    let root = root.start().await.unwrap();
    let path = tasks.spawn_nolink(|cx: Context| async move {
        let path = cx.path();
        cx.shutdown().await;
        path
    });
    let path = path.await.unwrap();
    assert_eq!(&*path.child().path(), "app/tasks/#1");
    assert_eq!(root.child("tasks/#1").unwrap().path(), path.child().path());
    settle().await;
    let tree = root.snapshot().unwrap().to_string();
    assert!(tree.contains("tasks") && tree.contains("#1"), "{tree}");

    // Restarted by its parent, the handle finds it again. The old tasks are gone.
    root.child("tasks").unwrap().kill();
    settle().await;
    assert_eq!(reason(path).await.kind(), "killed");
    let path = tasks.spawn_nolink(|cx| async move { cx.path() }).await;
    assert_eq!(&*path.unwrap().await.unwrap(), "app/tasks/#1");
    root.stop().await;
}

/// The stop of the supervisor in mid-flight: everyone is told at once, and every handle resolves.
#[tokio::test(start_paused = true)]
async fn the_end_of_the_supervisor() {
    let live = Live::new();
    let tasks = TaskSupervisor::builder("tasks").shutdown(Shutdown::Timeout(secs(2)));
    let tasks = tasks.start().await.unwrap();
    let listener = |takes: u64| {
        let guard = live.guard();
        tasks.spawn_nolink(move |cx: Context| async move {
            let _guard = guard;
            cx.shutdown().await;
            sleep(secs(takes)).await;
            takes
        })
    };
    let quick = listener(1).await.unwrap();
    let slow = listener(3).await.unwrap();
    let deaf = tasks.spawn_nolink(|_cx| pending::<()>()).await.unwrap();
    let done = tasks.spawn_nolink(|_cx| async { "done" }).await.unwrap();
    settle().await;
    let began = Instant::now();
    let (report, quick, deaf) = tokio::join!(tasks.stop(), quick, reason(deaf));
    assert_eq!(began.elapsed(), secs(2));
    assert_eq!(report.killed, 1);
    assert_eq!(quick.unwrap(), 1, "it came to its result in time");
    assert!(matches!(deaf, ExitReason::Shutdown(None)), "{deaf}");
    assert_eq!(reason(slow).await.kind(), "killed");
    assert_eq!(done.await.unwrap(), "done");
    assert_eq!(live.alive(), 0);
}

/// A call that waits in the inbox of a supervisor which is killed is refused, and nothing of it runs.
#[tokio::test(start_paused = true)]
async fn a_call_that_was_not_heard() {
    let (live, builder) = (Live::new(), TaskSupervisor::builder("tasks"));
    let tasks = builder.handle();
    let root = Supervisor::builder("app").child(Child::supervisor(builder));
    let root = root.start().await.unwrap();
    tasks.suspend().await.unwrap();
    let guard = live.guard();
    let call = tasks.spawn_nolink(|_cx| async { drop(guard) });
    let (refused, killed) = tokio::join!(call, async {
        settle().await;
        root.child("tasks").unwrap().kill()
    });
    assert!(killed);
    assert_eq!(refused.unwrap_err(), SpawnError::NotAlive);
    assert_eq!(live.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn exits_are_reported_once() {
    let seen = Seen::new();
    let tasks = TaskSupervisor::builder("tasks").events(&seen.events);
    let tasks = tasks.start().await.unwrap();
    let task = tasks.spawn_nolink(|_cx| async {}).await.unwrap();
    task.await.unwrap();
    settle().await;
    let events = seen.take();
    let of_the_task = events.iter().filter_map(|event| match event {
        SupervisorEvent::ChildStarted { path, .. } => Some(format!("+{path}")),
        SupervisorEvent::ChildExited { path, reason, .. } => Some(format!("-{path} {reason}")),
        _ => None,
    });
    assert_eq!(
        of_the_task.collect::<Vec<_>>(),
        ["+tasks/#1", "-tasks/#1 normal"]
    );
}
