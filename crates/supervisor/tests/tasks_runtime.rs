//! Handles of tasks where there is no runtime, or another one, or none any more.

mod common;

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as Waking, Poll, Wake, Waker};
use std::thread::{self, Thread};

use seaworthy_supervisor::{
    Context, OnZombie, Shutdown, SpawnError, Task, TaskError, TaskSupervisor, yield_many,
};
use seaworthy_testkit::Live;
use tokio::runtime::Runtime;

use common::{millis, secs, two_workers};

/// Drives a future without any runtime.
fn drive<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Waking::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

fn start(runtime: &Runtime) -> TaskSupervisor {
    let tasks = runtime.block_on(TaskSupervisor::builder("tasks").start());
    tasks.expect("it starts")
}

fn reason<T: std::fmt::Debug>(result: Result<T, TaskError>) -> &'static str {
    match result {
        Err(TaskError::Exited(reason)) => reason.kind(),
        other => panic!("a reason, not {other:?}"),
    }
}

#[test]
fn everything_works_from_outside() {
    let runtime = two_workers();
    let (tasks, live) = (start(&runtime), Live::new());
    let never = || {
        let guard = live.guard();
        drive(tasks.spawn_nolink(|cx: Context| async move {
            let _guard = guard;
            cx.shutdown().await;
            pending::<u64>().await
        }))
    };
    let soon = |number: u64| {
        drive(tasks.spawn_nolink(move |_cx| async move {
            tokio::time::sleep(millis(5)).await;
            number
        }))
    };
    assert_eq!(drive(soon(7).unwrap()).unwrap(), 7);
    let mut asked = [soon(1).unwrap(), never().unwrap(), soon(2).unwrap()];
    let done = drive(yield_many(&mut asked, millis(50)));
    assert!(
        matches!(done[..], [Some(Ok(1)), None, Some(Ok(2))]),
        "{done:?}"
    );
    let ended = drive(asked[1].shutdown(Shutdown::Timeout(millis(5))));
    assert!(ended.is_none());
    assert_eq!(live.alive(), 0);

    let stream = tasks.stream(1..=20_u64, 3, |_cx, item| async move {
        if item % 5 == 0 {
            pending::<()>().await;
        }
        item
    });
    let mut stream = stream.unwrap().item_timeout(millis(10));
    let mut late = 0;
    while let Some(result) = drive(stream.next()) {
        late += usize::from(matches!(result, Err(TaskError::TimedOut(_))));
    }
    assert_eq!(late, 4);
    drop(runtime);
}

#[test]
fn the_runtime_takes_the_tasks_with_it() {
    for workers in [false, true] {
        let runtime = if workers {
            two_workers()
        } else {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            builder.enable_all().build().expect("a runtime")
        };
        let (tasks, live) = (start(&runtime), Live::new());
        let spawn = || -> Task<u64> {
            let guard = live.guard();
            let task = tasks.spawn_nolink(|cx| async move {
                let _guard = guard;
                cx.shutdown().await;
                pending().await
            });
            runtime.block_on(task).expect("it starts")
        };
        let done = tasks.spawn_nolink(|_cx| async { 7 });
        let (waiting, mut told, mut asked) = (spawn(), spawn(), [spawn(), spawn()]);
        let done = runtime.block_on(done).expect("it starts");
        // It has its result, which nobody has asked for.
        runtime.block_on(async {
            while !done.is_finished() {
                tokio::task::yield_now().await;
            }
        });
        let stream = tasks.stream([1, 2, 3], 2, |_cx, _item| pending::<u64>());
        let mut stream = stream.unwrap().item_timeout(secs(3600));

        // Four who wait somewhere else, while the runtime goes.
        thread::scope(|scope| {
            let one = scope.spawn(move || reason(drive(waiting)));
            let two = scope.spawn(move || {
                let told = drive(told.shutdown(Shutdown::Timeout(secs(3600))));
                told.map_or("ended as told", reason)
            });
            let many = scope.spawn(move || {
                let done = drive(yield_many(&mut asked, secs(3600)));
                done.into_iter()
                    .map(|done| reason(done.expect("it ended")))
                    .collect::<Vec<_>>()
            });
            let (polled, begun) = std::sync::mpsc::channel();
            let rest = scope.spawn(move || {
                let mut words = Vec::new();
                let mut first = true;
                drive(std::future::poll_fn(|waker| {
                    let mut next = pin!(stream.next());
                    let next = next.as_mut().poll(waker);
                    if std::mem::take(&mut first) {
                        polled.send(()).expect("somebody waits for it");
                    }
                    match next {
                        Poll::Ready(Some(Err(TaskError::NotStarted(error)))) => {
                            assert_eq!(error, SpawnError::NotAlive);
                            words.push("dead");
                            waker.waker().wake_by_ref();
                            Poll::Pending
                        }
                        Poll::Ready(Some(result)) => {
                            words.push(reason(result));
                            waker.waker().wake_by_ref();
                            Poll::Pending
                        }
                        Poll::Ready(None) => Poll::Ready(()),
                        Poll::Pending => Poll::Pending,
                    }
                }));
                words
            });
            begun.recv().expect("it is polled");
            drop(runtime);
            assert_eq!(one.join().expect("no panic"), "runtime_gone");
            let two = two.join().expect("no panic");
            assert!(["runtime_gone", "ended as told"].contains(&two), "{two}");
            let many = many.join().expect("no panic");
            assert_eq!(many, ["runtime_gone"; 2]);
            let rest = rest.join().expect("no panic");
            assert_eq!(rest, ["runtime_gone", "runtime_gone", "dead"]);
        });
        assert_eq!(live.alive(), 0, "workers: {workers}");
        assert_eq!(drive(done).expect("it was there before"), 7);
        let refused = drive(tasks.spawn_nolink(|_cx| async {}));
        assert_eq!(refused.unwrap_err(), SpawnError::NotAlive);
        let stream = tasks.stream([1], 1, |_cx, item| async move { item });
        let result = drive(stream.unwrap().next()).expect("an answer for the item");
        assert!(
            matches!(result, Err(TaskError::NotStarted(_))),
            "{result:?}"
        );
    }
}

/// However many may run: all of them do, also where no budget makes the caller come back.
#[test]
fn as_many_as_may_run_at_once() {
    let runtime = two_workers();
    let all = Arc::new(tokio::sync::Barrier::new(300));
    let stream = start(&runtime).stream(0..300, 300, move |_cx, _item| {
        let all = Arc::clone(&all);
        async move { all.wait().await.is_leader() }
    });
    let mut stream = stream.expect("a bound");
    let mut done = 0;
    while let Some(result) = drive(stream.next()) {
        result.expect("it waits for the others only");
        done += 1;
    }
    assert_eq!(done, 300);
}

/// Tasks on two runtimes are waited for with one limit, which holds when one of the runtimes is gone.
#[test]
fn a_limit_outlives_the_runtime_it_was_set_on() {
    let (first, second) = (two_workers(), two_workers());
    let tasks = [start(&first), start(&second)];
    let mut asked = [0, 1].map(|index: usize| -> Task<u64> {
        drive(tasks[index].spawn_nolink(|_cx| pending())).expect("it starts")
    });
    let done = thread::scope(|scope| {
        let (polled, begun) = std::sync::mpsc::channel();
        let waiting = scope.spawn(move || {
            let mut done = pin!(yield_many(&mut asked, millis(300)));
            drive(std::future::poll_fn(|waker| {
                let done = done.as_mut().poll(waker);
                // The limit is set, on the runtime of the first. Nobody listens for later polls.
                let _ = polled.send(());
                done
            }))
        });
        begun.recv().expect("it is polled");
        drop(first);
        waiting.join().expect("no panic")
    });
    let mut done = done.into_iter();
    let gone = done.next().flatten().expect("it ended");
    assert_eq!(reason(gone), "runtime_gone");
    assert!(done.next().flatten().is_none(), "not done in time");
    drop(second);
}

/// A task that does not come to an await is late in time, and counts as running until it does.
#[test]
fn a_task_that_blocks_is_late_all_the_same() {
    let runtime = two_workers();
    let tasks = start(&runtime);
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = std::sync::Mutex::new(blocked);
    let live = Live::new();
    let counted = live.clone();
    let stream = tasks.stream([true, false], 1, move |_cx, blocks| {
        let guard = counted.guard();
        let waits = blocks.then(|| blocked.lock().expect("no panic").recv());
        async move {
            let _guard = guard;
            assert!(waits.is_none_or(|waited| waited.is_ok()));
            tokio::task::yield_now().await;
        }
    });
    let mut stream = stream.expect("a bound").item_timeout(millis(20));
    let late = drive(stream.next()).expect("an item");
    assert!(matches!(late, Err(TaskError::TimedOut(_))), "{late:?}");
    let mut next = Box::pin(stream.next());
    let waiting = next.as_mut().poll(&mut Waking::from_waker(Waker::noop()));
    assert!(waiting.is_pending());
    assert_eq!(live.created(), 1, "there is no room for the second");
    release.send(()).expect("it waits");
    assert!(drive(next).expect("an item").is_ok());
    assert!(drive(stream.next()).is_none());
    assert_eq!((live.alive(), live.peak()), (0, 1));
}

/// One that its supervisor gives up has an answer for whoever waits.
#[test]
fn a_task_that_blocks_may_be_given_up() {
    let runtime = two_workers();
    let builder = TaskSupervisor::builder("tasks").on_zombie(OnZombie::GoOn);
    let tasks = runtime.block_on(builder.start()).expect("it starts");
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let (began, begun) = std::sync::mpsc::channel();
    let task = tasks.spawn_nolink(move |_cx| async move {
        began.send(()).expect("somebody waits for it");
        blocked.recv().is_ok()
    });
    let mut task = drive(task).expect("it starts");
    begun.recv().expect("it begins");
    let told = drive(task.shutdown(Shutdown::BrutalKill)).expect("it did not end as told");
    assert_eq!(reason(told), "zombie");
    assert_eq!(drive(tasks.count_children()).expect("it runs").active, 0);
    release.send(()).expect("it still waits");
}
