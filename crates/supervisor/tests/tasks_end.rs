//! Waiting for many tasks for a while, and ending tasks by grace or at once.

mod common;

use seaworthy_supervisor::{Context, Shutdown, Task, TaskError, TaskSupervisor, yield_many};
use seaworthy_testkit::Live;
use tokio::time::{Instant, sleep, timeout};

use common::{Seen, millis, secs, settle};

async fn supervisor() -> TaskSupervisor {
    let tasks = TaskSupervisor::builder("tasks").start().await;
    tasks.expect("it starts")
}

async fn sleeper(tasks: &TaskSupervisor, seconds: u64) -> Task<u64> {
    let task = tasks.spawn_nolink(move |_cx| async move {
        sleep(secs(seconds)).await;
        assert_ne!(seconds, 3, "a bad number");
        seconds
    });
    task.await.expect("it starts")
}

/// In one word each: the value, how it ended, or not yet.
fn words(done: Vec<Option<Result<u64, TaskError>>>) -> String {
    let words = done.into_iter().map(|done| match done {
        None => "-".to_owned(),
        Some(Ok(value)) => value.to_string(),
        Some(Err(TaskError::Exited(reason))) => reason.kind().to_owned(),
        Some(Err(TaskError::Taken)) => "taken".to_owned(),
        Some(Err(other)) => panic!("{other}"),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[tokio::test(start_paused = true)]
async fn some_are_done_some_are_not_some_have_crashed() {
    let tasks = supervisor().await;
    let mut asked = Vec::new();
    for seconds in [5, 1, 3, 20, 2] {
        asked.push(sleeper(&tasks, seconds).await);
    }
    let began = Instant::now();
    assert_eq!(words(yield_many(&mut asked, secs(0)).await), "- - - - -");
    assert_eq!(began.elapsed(), secs(0));
    let done = yield_many(&mut asked, millis(4500)).await;
    assert_eq!(words(done), "- 1 panic - 2");
    assert_eq!(began.elapsed(), millis(4500), "as long as it may");
    // Those that were not done are still there; the others had their say.
    let done = yield_many(&mut asked, secs(1)).await;
    assert_eq!(words(done), "5 taken taken - taken");
    assert_eq!(began.elapsed(), millis(5500));
    let done = yield_many(&mut asked, secs(3600)).await;
    assert_eq!(words(done), "taken taken taken 20 taken");
    assert_eq!(began.elapsed(), secs(20), "no longer than need be");
    let done = yield_many(&mut asked[..0], secs(3600)).await;
    assert_eq!((words(done), began.elapsed()), (String::new(), secs(20)));
}

/// A limit beyond what a clock can say is none.
#[tokio::test(start_paused = true)]
async fn as_long_as_it_takes() {
    let tasks = supervisor().await;
    let mut asked = [sleeper(&tasks, 1_000_000).await];
    let done = yield_many(&mut asked, std::time::Duration::MAX).await;
    assert_eq!(words(done), "1000000");
}

/// A look at many does not depend on how much the caller may do before it yields.
#[tokio::test(start_paused = true)]
async fn a_look_sees_all_that_are_done() {
    let tasks = supervisor().await;
    let mut asked = Vec::new();
    for _ in 0..1000 {
        asked.push(sleeper(&tasks, 0).await);
    }
    settle().await;
    for limit in [0, 1] {
        let (now, later) = asked.split_at_mut(500);
        let half = if limit == 0 { now } else { later };
        let done = yield_many(half, millis(limit)).await;
        assert!(done.iter().all(Option::is_some));
    }
}

/// Tasks of several supervisors may be waited for together, also when one of these is gone.
#[tokio::test(start_paused = true)]
async fn of_several_supervisors() {
    let (one, other) = (supervisor().await, supervisor().await);
    let mut asked = [sleeper(&one, 4).await, sleeper(&other, 2).await];
    one.stop().await;
    let done = yield_many(&mut asked, secs(3)).await;
    assert_eq!(words(done), "shutdown 2");
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_listen_ends_at_once() {
    let seen = Seen::new();
    let tasks = TaskSupervisor::builder("tasks").events(&seen.events);
    // What holds for the stop of the supervisor does not hold here.
    let tasks = tasks.shutdown(Shutdown::Infinity).start().await.unwrap();
    let began = Instant::now();
    for how in [
        Shutdown::BrutalKill,
        Shutdown::Timeout(secs(5)),
        Shutdown::Infinity,
    ] {
        let mut task = sleeper(&tasks, 60).await;
        settle().await;
        assert!(task.shutdown(how).await.is_none(), "{how:?}");
        assert!(task.is_finished());
    }
    assert_eq!(began.elapsed(), millis(3), "of three settles");
    assert!(seen.crashes().is_empty(), "no crash: it was wanted");
    assert_eq!(tasks.count_children().await.unwrap().active, 0);
}

/// One that listens needs three seconds to come to its result.
async fn listener(tasks: &TaskSupervisor, live: &Live) -> Task<&'static str> {
    let guard = live.guard();
    let task = tasks.spawn_nolink(move |cx: Context| async move {
        let _guard = guard;
        cx.shutdown().await;
        sleep(secs(3)).await;
        "saved"
    });
    let task = task.await.expect("it starts");
    settle().await;
    task
}

#[tokio::test(start_paused = true)]
async fn one_that_listens_has_its_time() {
    let seen = Seen::new();
    let (live, builder) = (Live::new(), TaskSupervisor::builder("tasks"));
    let tasks = builder.events(&seen.events).start().await.unwrap();
    for (how, expected, took) in [
        (Shutdown::BrutalKill, None, 0),
        (Shutdown::Timeout(secs(2)), None, 2),
        (Shutdown::Timeout(secs(4)), Some("saved"), 3),
        (Shutdown::Infinity, Some("saved"), 3),
    ] {
        let mut task = listener(&tasks, &live).await;
        let began = Instant::now();
        let result = task.shutdown(how).await.map(|result| result.unwrap());
        assert_eq!((result, began.elapsed()), (expected, secs(took)), "{how:?}");
        assert_eq!(live.alive(), 0, "{how:?}");
    }
    sleep(secs(60)).await;
    assert!(seen.crashes().is_empty());
}

/// The supervisor does not wait for it: others are started and stopped meanwhile.
#[tokio::test(start_paused = true)]
async fn the_supervisor_goes_on_meanwhile() {
    let (tasks, live) = (supervisor().await, Live::new());
    let mut slow = listener(&tasks, &live).await;
    let (result, ()) = tokio::join!(slow.shutdown(Shutdown::Infinity), async {
        let began = Instant::now();
        let other = tasks.spawn_nolink(|_cx| async { 1 }).await.unwrap();
        assert_eq!(other.await.unwrap(), 1);
        assert_eq!(began.elapsed(), secs(0));
    });
    assert_eq!(result.unwrap().unwrap(), "saved");
}

/// What it came to before it was told is its result, good or bad.
#[tokio::test(start_paused = true)]
async fn one_that_has_ended_says_how() {
    let tasks = supervisor().await;
    for (seconds, expected) in [(1, "1"), (3, "panic")] {
        let mut task = sleeper(&tasks, seconds).await;
        sleep(secs(10)).await;
        let result = task.shutdown(Shutdown::Timeout(secs(1))).await;
        assert_eq!(words(vec![result]), expected);
    }
    let mut killed = sleeper(&tasks, 60).await;
    killed.child().kill();
    settle().await;
    let result = killed.shutdown(Shutdown::BrutalKill).await;
    assert_eq!(words(vec![result]), "killed", "by somebody else");
    let mut stopped = sleeper(&tasks, 60).await;
    tasks.stop().await;
    let result = stopped.shutdown(Shutdown::BrutalKill).await;
    assert_eq!(words(vec![result]), "shutdown", "by its supervisor");
}

/// A crash on the way out is its result.
#[tokio::test(start_paused = true)]
async fn one_that_crashes_when_told() {
    let tasks = supervisor().await;
    let task = tasks.spawn_nolink(|cx: Context| async move {
        cx.shutdown().await;
        panic!("cannot save")
    });
    let mut task: Task<u64> = task.await.unwrap();
    settle().await;
    let result = task.shutdown(Shutdown::Infinity).await;
    assert_eq!(words(vec![result]), "panic");
}

/// The order holds, and the kill after it, whoever waits for it.
#[tokio::test(start_paused = true)]
async fn a_shutdown_that_nobody_waits_for() {
    let (tasks, live) = (supervisor().await, Live::new());
    let mut task = listener(&tasks, &live).await;
    let given_up = timeout(secs(1), task.shutdown(Shutdown::Timeout(secs(2)))).await;
    assert!(given_up.is_err());
    drop(task);
    sleep(millis(900)).await;
    assert_eq!(live.alive(), 1);
    sleep(millis(200)).await;
    assert_eq!(live.alive(), 0);

    // Who asks again is told that it was we who ended it.
    let mut task = listener(&tasks, &live).await;
    let given_up = timeout(secs(1), task.shutdown(Shutdown::Timeout(secs(2)))).await;
    assert!(given_up.is_err());
    sleep(secs(2)).await;
    assert!(task.shutdown(Shutdown::Infinity).await.is_none());

    // And may be less patient the second time.
    let mut task = listener(&tasks, &live).await;
    let given_up = timeout(secs(1), task.shutdown(Shutdown::Infinity)).await;
    assert!(given_up.is_err());
    let began = Instant::now();
    assert!(task.shutdown(Shutdown::BrutalKill).await.is_none());
    assert_eq!(began.elapsed(), secs(0));
}
