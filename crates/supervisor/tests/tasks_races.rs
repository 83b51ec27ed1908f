//! Two threads that start, finish, crash, kill and stop tasks as they like.

mod common;

use std::collections::HashMap;
use std::future::pending;

use fastrand::Rng;
use seaworthy_supervisor::{
    Context, Shutdown, SpawnError, SupervisorEvent, TaskError, TaskSupervisor, yield_many,
};
use seaworthy_testkit::{Live, seeds};
use tokio::time::timeout;

use common::{Seen, millis, secs, two_workers};

/// How a task ends by itself.
#[derive(Clone, Copy, Debug)]
enum Course {
    AtOnce,
    Soon,
    Panics,
    WhenTold,
    Never,
}

const COURSES: [Course; 5] = [
    Course::AtOnce,
    Course::Soon,
    Course::Panics,
    Course::WhenTold,
    Course::Never,
];

async fn run(course: Course, cx: Context, live: Live) -> u64 {
    let (_guard, sub) = (live.guard(), live.guard());
    cx.spawn(async move {
        let _sub = sub;
        pending::<()>().await
    });
    match course {
        Course::AtOnce => {}
        Course::Soon => tokio::task::yield_now().await,
        Course::Panics => std::panic::panic_any("ordered"),
        Course::WhenTold => cx.shutdown().await,
        Course::Never => pending().await,
    }
    7
}

/// Panics that were ordered are not shown.
fn silence() {
    let shown = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let ordered = info.payload().downcast_ref::<&str>() == Some(&"ordered");
        if !ordered {
            shown(info);
        }
    }));
}

/// Counts how often each task was reported to have begun and ended, and with what.
fn ends(events: &[SupervisorEvent]) -> HashMap<u64, (usize, Vec<&'static str>)> {
    let mut ends: HashMap<u64, (usize, Vec<_>)> = HashMap::new();
    for event in events {
        match event {
            SupervisorEvent::ChildStarted { incarnation, .. } => {
                ends.entry(*incarnation).or_default().0 += 1;
            }
            SupervisorEvent::ChildExited {
                incarnation,
                reason,
                ..
            } => ends.entry(*incarnation).or_default().1.push(reason.kind()),
            _ => {}
        }
    }
    ends
}

fn kind<T: std::fmt::Debug>(result: Result<T, TaskError>) -> &'static str {
    match result {
        Ok(_) => "normal",
        Err(TaskError::Exited(reason)) => reason.kind(),
        Err(other) => panic!("{other}"),
    }
}

/// One who starts tasks and deals with them in random ways. What became of each, by incarnation.
async fn one(tasks: TaskSupervisor, live: Live, mut rng: Rng) -> HashMap<u64, &'static str> {
    let mut ends = HashMap::new();
    for _ in 0..60 {
        let (course, live) = (COURSES[rng.usize(..COURSES.len())], live.clone());
        let task = tasks.spawn_nolink(move |cx| run(course, cx, live)).await;
        let mut task = match task {
            Ok(task) => task,
            Err(SpawnError::MaxChildren) => {
                tokio::task::yield_now().await;
                continue;
            }
            Err(error) => {
                assert_eq!(error, SpawnError::NotAlive);
                break;
            }
        };
        let incarnation = task.child().incarnation();
        if rng.bool() {
            tokio::task::yield_now().await;
        }
        let end = match rng.u8(0..6) {
            0 => task.shutdown(Shutdown::BrutalKill).await,
            1 => task.shutdown(Shutdown::Timeout(millis(1))).await,
            2 => {
                task.child().kill();
                Some(task.await)
            }
            3 => {
                let all = std::slice::from_mut(&mut task);
                let done = yield_many(all, millis(1)).await.pop();
                match done.expect("one was asked") {
                    Some(end) => Some(end),
                    None => task.shutdown(Shutdown::BrutalKill).await,
                }
            }
            4 => {
                drop(task.kill_on_drop());
                continue;
            }
            _ if matches!(course, Course::WhenTold | Course::Never) => {
                task.child().exit("sent".into());
                Some(task.await)
            }
            _ => Some(task.await),
        };
        ends.insert(incarnation, end.map_or("told", kind));
    }
    ends
}

/// Every task that was started ends exactly once, and every handle says so, and the same.
#[test]
fn every_task_ends_once_and_every_handle_resolves() {
    silence();
    let runtime = two_workers();
    for seed in seeds(60) {
        runtime.block_on(async {
            let (mut rng, live, seen) = (seed.rng(), Live::new(), Seen::new());
            let tasks = TaskSupervisor::builder("tasks").max_children(6);
            let tasks = tasks.shutdown(Shutdown::Timeout(millis(5)));
            let tasks = tasks.events(&seen.events).start().await.expect("it starts");
            let crowd: Vec<_> = (0..4)
                .map(|_| {
                    let rng = fork(&mut rng);
                    tokio::spawn(one(tasks.clone(), live.clone(), rng))
                })
                .collect();
            if rng.chance(0.5) {
                tokio::time::sleep(millis(rng.range(0..4))).await;
                tasks.stop().await;
            }
            let mut told = HashMap::new();
            for one in crowd {
                let ends = timeout(secs(20), one).await.expect("no handle hangs");
                told.extend(ends.expect("no panic"));
            }
            tasks.stop().await;
            assert_eq!(live.alive(), 0);
            let reported = settled(&seen).await;
            for (incarnation, (begun, ended)) in &reported {
                assert_eq!((*begun, ended.len()), (1, 1), "{incarnation}: {ended:?}");
            }
            for (incarnation, told) in told {
                let ended = reported[&incarnation].1[0];
                let fits = match told {
                    "told" => ["shutdown", "killed"].contains(&ended),
                    told => told == ended,
                };
                assert!(
                    fits,
                    "{incarnation}: {told} by the handle, {ended} in the events"
                );
            }
        });
    }
}

/// All events: the last may be on their way in another thread.
async fn settled(seen: &Seen) -> HashMap<u64, (usize, Vec<&'static str>)> {
    let mut events = seen.take();
    let over = |events: &[SupervisorEvent]| {
        let last =
            |event: &SupervisorEvent| matches!(event, SupervisorEvent::SupervisorExited { .. });
        events.iter().any(last)
    };
    while !over(&events) {
        tokio::task::yield_now().await;
        events.extend(seen.take());
    }
    ends(&events)
}

/// Random numbers for one of several, each with its own.
fn fork(rng: &mut seaworthy_testkit::Rng) -> Rng {
    Rng::with_seed(rng.range(0..u64::MAX))
}

/// Streams that share a supervisor which is too small for all, some dropped in the middle.
#[test]
fn streams_that_compete() {
    silence();
    let runtime = two_workers();
    for seed in seeds(40) {
        runtime.block_on(async {
            let (mut rng, live) = (seed.rng(), Live::new());
            let tasks = TaskSupervisor::builder("tasks").max_children(5);
            let tasks = tasks.start().await.expect("it starts");
            let crowd: Vec<_> = (0..3)
                .map(|_| {
                    let (tasks, live, rng) = (tasks.clone(), live.clone(), fork(&mut rng));
                    tokio::spawn(stream(tasks, live, rng))
                })
                .collect();
            for one in crowd {
                let one = timeout(secs(20), one).await.expect("no stream hangs");
                one.expect("no panic");
            }
            tasks.stop().await;
            assert_eq!(live.alive(), 0);
        });
    }
}

async fn stream(tasks: TaskSupervisor, all: Live, mut rng: Rng) {
    let (own, max) = (Live::new(), rng.usize(1..5));
    let (counted, courses) = (own.clone(), rng.u64(0..3));
    let stream = tasks.stream(0..60_u64, max, move |cx, item| {
        let (all, guard) = (all.clone(), counted.guard());
        // Those that never end are killed for the time they take.
        let course = COURSES[usize::try_from(item * 7 % (3 + courses)).expect("small")];
        async move {
            let _guard = guard;
            run(course, cx, all).await;
            item
        }
    });
    let mut stream = stream.expect("a bound").item_timeout(millis(2));
    let unordered = rng.bool();
    if unordered {
        stream = stream.unordered();
    }
    let wanted = if rng.u8(0..3) == 0 {
        rng.u64(0..60)
    } else {
        60
    };
    let mut last = None;
    for _ in 0..wanted {
        match stream.next().await.expect("one for each item") {
            Ok(item) => {
                assert!(unordered || last.is_none_or(|last| last < item));
                last = Some(item);
            }
            Err(TaskError::Exited(reason)) => assert_eq!(reason.kind(), "panic"),
            Err(TaskError::TimedOut(_) | TaskError::NotStarted(SpawnError::MaxChildren)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    if wanted == 60 {
        assert!(stream.next().await.is_none());
    }
    drop(stream);
    while own.alive() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(own.peak() <= max, "{} of {max}", own.peak());
}
