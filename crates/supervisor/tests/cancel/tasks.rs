//! Tasks: a start is carried out, an order holds, a result is never lost.

use std::future::pending;

use seaworthy_supervisor::{
    Child, Context, PartitionedSupervisor, Shutdown, Supervisor, Task, TaskStream, TaskSupervisor,
    yield_many,
};
use seaworthy_testkit::{Ending, Live, at_every_await};
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::common::{millis, secs};
use crate::world::slow;

#[test]
pub fn start() {
    let builder = || TaskSupervisor::builder("tasks");
    let awaits = at_every_await(
        4,
        async || builder().handle(),
        async |_| builder().start().await.map(|tasks| tasks.is_alive()),
        async |_, ending| assert!(ending.completed().is_none_or(|up| up.expect("it starts"))),
    );
    assert_eq!(awaits, 0, "nobody is to be waited for");
}

#[test]
pub fn partition_start() {
    let awaits = at_every_await(
        4,
        async || Live::new(),
        async |live| {
            let partitions = PartitionedSupervisor::builder("all", 2, |index| {
                let worker = slow(live, "w", millis(10));
                Supervisor::builder(index.to_string()).child(worker)
            });
            partitions.expect("a good number").start().await
        },
        async |live, ending| match ending.completed() {
            Some(all) => assert_eq!((live.alive(), all.is_ok()), (2, true)),
            None => assert_eq!(live.alive(), 0),
        },
    );
    assert_eq!(awaits, 1);
}

/// A supervisor that hears nothing for ten milliseconds, and the context of a child that runs.
async fn busy() -> (TaskSupervisor, Live, Context, Supervisor) {
    let builder = TaskSupervisor::builder("tasks");
    let tasks = builder.handle();
    let (sent, mut contexts) = mpsc::unbounded_channel();
    let caller = Child::task("caller", move |cx| {
        let _ = sent.send(cx);
        pending()
    });
    let root = Supervisor::builder("app").child(Child::supervisor(builder));
    let root = root.child(caller).start().await.expect("it starts");
    let cx = contexts.recv().await.expect("it runs");
    tasks.suspend().await.expect("it runs");
    let suspended = tasks.clone();
    tokio::spawn(async move {
        sleep(millis(10)).await;
        suspended.resume();
    });
    (tasks, Live::new(), cx, root)
}

/// It ran to its end, unless it was never asked for.
fn ran<T>(live: &Live, ending: &Ending<T>) {
    let expected = usize::from(!matches!(ending, Ending::Unpolled));
    assert_eq!(
        (live.dropped(), live.alive()),
        (expected, 0),
        "{}",
        words(ending)
    );
}

fn words<T>(ending: &Ending<T>) -> String {
    match ending {
        Ending::Completed(_) => "completed".to_owned(),
        Ending::Unpolled => "unpolled".to_owned(),
        Ending::Pending(k) | Ending::Woken(k) | Ending::Panicked(k) => format!("at {k}"),
    }
}

async fn work(live: Live) {
    let _guard = live.guard();
    sleep(secs(1)).await;
}

#[test]
pub fn spawn_nolink() {
    let awaits = at_every_await(
        4,
        busy,
        async |(tasks, live, ..)| {
            let live = live.clone();
            tasks.spawn_nolink(|_cx| work(live)).await
        },
        async |(_, live, ..), ending| ran(live, &ending),
    );
    assert_eq!(awaits, 1);
}

#[test]
pub fn spawn() {
    let awaits = at_every_await(
        4,
        busy,
        async |(tasks, live, cx, _)| {
            let live = live.clone();
            tasks.spawn(cx, |_cx| work(live)).await
        },
        async |(_, live, ..), ending| ran(live, &ending),
    );
    assert_eq!(awaits, 1);
}

#[test]
pub fn start_child() {
    let awaits = at_every_await(
        4,
        busy,
        async |(tasks, live, ..)| {
            let live = live.clone();
            let work = tasks.start_child(|_cx| async {
                work(live).await;
                Ok(())
            });
            work.await
        },
        async |(_, live, ..), ending| ran(live, &ending),
    );
    assert_eq!(awaits, 1);
}

async fn sleepers() -> (TaskSupervisor, Vec<Task<u64>>) {
    let tasks = TaskSupervisor::builder("tasks").start().await;
    let tasks = tasks.expect("it starts");
    let mut asked = Vec::new();
    for seconds in [2, 1, 3] {
        let task = tasks.spawn_nolink(move |_cx| async move {
            sleep(secs(seconds)).await;
            seconds
        });
        asked.push(task.await.expect("it starts"));
    }
    (tasks, asked)
}

/// The result is there afterwards, unless it was returned.
#[test]
pub fn a_task() {
    let awaits = at_every_await(
        4,
        sleepers,
        async |(_, asked)| (&mut asked[0]).await,
        async |(_, asked), ending| match ending.completed() {
            Some(result) => assert_eq!(result.expect("a value"), 2),
            None => assert_eq!((&mut asked[0]).await.expect("a value"), 2),
        },
    );
    assert_eq!(awaits, 1);
}

#[test]
pub fn yield_many_tasks() {
    let awaits = at_every_await(
        8,
        sleepers,
        async |(_, asked)| yield_many(asked, millis(2500)).await,
        async |(_, asked), ending| {
            let done: Vec<_> = match ending.completed() {
                // Without the one that was not done.
                Some(done) => done.into_iter().flatten().collect(),
                None => yield_many(asked, secs(0))
                    .await
                    .into_iter()
                    .flatten()
                    .collect(),
            };
            let values = done.into_iter().map(|value| value.expect("a value"));
            assert_eq!(values.take(2).collect::<Vec<_>>(), [2, 1]);
        },
    );
    assert_eq!(awaits, 2);
}

/// One that takes a second longer than it has.
async fn stubborn() -> (TaskSupervisor, Live, Task<()>) {
    let (builder, live) = (TaskSupervisor::builder("tasks"), Live::new());
    let tasks = builder.start().await.expect("it starts");
    let guard = live.guard();
    let task = tasks.spawn_nolink(|cx: Context| async move {
        let _guard = guard;
        cx.shutdown().await;
        sleep(secs(3)).await;
    });
    let task = task.await.expect("it starts");
    tokio::task::yield_now().await;
    (tasks, live, task)
}

#[test]
pub fn shutdown() {
    let awaits = at_every_await(
        4,
        stubborn,
        async |(.., task)| task.shutdown(Shutdown::Timeout(secs(2))).await,
        async |(_, live, task), ending| {
            let alive = matches!(ending, Ending::Unpolled);
            assert_eq!(live.alive(), usize::from(alive), "the order holds");
            assert_eq!(task.is_finished(), !alive);
            match ending.completed() {
                Some(result) => assert!(result.is_none()),
                None => assert!(task.shutdown(Shutdown::BrutalKill).await.is_none()),
            }
        },
    );
    assert_eq!(awaits, 1);
}

/// Three items, of which the last takes too long.
fn stream_over(tasks: &TaskSupervisor, live: &Live) -> TaskStream<std::vec::IntoIter<u64>, u64> {
    let counted = live.clone();
    let stream = tasks.stream(vec![2, 1, 3], 2, move |_cx, seconds| {
        let guard = counted.guard();
        async move {
            let _guard = guard;
            sleep(secs(seconds)).await;
            seconds
        }
    });
    stream.expect("a bound").item_timeout(millis(2500))
}

#[test]
pub fn next() {
    let awaits = at_every_await(
        8,
        async || {
            let (tasks, live, _cx, root) = busy().await;
            (stream_over(&tasks, &live), live, root)
        },
        async |(stream, ..)| stream.next().await,
        async |(stream, live, _), ending| {
            let first = match ending.completed() {
                Some(first) => first,
                None => stream.next().await,
            };
            assert_eq!(first.expect("an item").expect("a value"), 2);
            assert_eq!(stream.next().await.expect("an item").expect("a value"), 1);
            assert!(stream.next().await.expect("an item").is_err(), "too late");
            assert!(stream.next().await.is_none());
            assert_eq!((live.created(), live.alive()), (3, 0));
        },
    );
    assert_eq!(awaits, 3);
}
