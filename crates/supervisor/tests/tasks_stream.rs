//! Streams of results: their order, their bound, their time limits, and their end.

mod common;

use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use futures_core::Stream;
use seaworthy_supervisor::{
    Child, Context, SpawnError, Supervisor, TaskError, TaskStream, TaskSupervisor,
};
use seaworthy_testkit::Live;
use tokio::time::{Instant, sleep, timeout};

use common::{Log, Seen, millis, secs, settle};

async fn supervisor() -> TaskSupervisor {
    let tasks = TaskSupervisor::builder("tasks").start().await;
    tasks.expect("it starts")
}

/// In one word: the value, or what became of the item.
fn word(result: Result<u64, TaskError>) -> String {
    match result {
        Ok(value) => value.to_string(),
        Err(TaskError::Exited(reason)) => reason.kind().to_owned(),
        Err(TaskError::TimedOut(limit)) => format!("late:{}", limit.as_secs()),
        Err(TaskError::NotStarted(SpawnError::MaxChildren)) => "full".to_owned(),
        Err(TaskError::NotStarted(SpawnError::NotAlive)) => "dead".to_owned(),
        Err(other) => panic!("{other}"),
    }
}

/// All results, each with the second in which it came.
async fn all<I>(mut stream: TaskStream<I, u64>) -> String
where
    I: Iterator,
{
    let (began, mut words) = (Instant::now(), Vec::new());
    while let Some(result) = stream.next().await {
        words.push(format!("{}@{}", word(result), began.elapsed().as_secs()));
    }
    assert!(stream.next().await.is_none(), "and nothing after the end");
    words.join(" ")
}

/// Sleeps so many seconds; three is a bad number.
async fn work(seconds: u64) -> u64 {
    sleep(secs(seconds)).await;
    assert_ne!(seconds, 3, "a bad number");
    seconds
}

#[tokio::test(start_paused = true)]
async fn in_order_or_as_they_come() {
    let tasks = supervisor().await;
    let items = [5, 1, 3, 2, 4];
    let stream = || tasks.stream(items, 2, |_cx, item| work(item)).unwrap();
    // In order the second waits for the first, and the third cannot begin before.
    assert_eq!(all(stream()).await, "5@5 1@5 panic@8 2@8 4@12");
    assert_eq!(all(stream().unordered()).await, "1@1 panic@4 5@5 2@6 4@9");
    let none = tasks.stream([], 2, |_cx, item| work(item)).unwrap();
    assert_eq!(all(none).await, "");
    assert_eq!(tasks.count_children().await.unwrap().active, 0);
}

#[tokio::test(start_paused = true)]
async fn never_more_than_allowed() {
    let tasks = supervisor().await;
    for (unordered, max) in [(false, 1), (false, 7), (true, 1), (true, 7), (true, 1000)] {
        let live = Live::new();
        let counted = live.clone();
        let stream = tasks.stream(0..200_u64, max, move |_cx, item| {
            let guard = counted.guard();
            async move {
                let _guard = guard;
                sleep(millis(1 + item * 7919 % 100)).await;
                item
            }
        });
        let mut stream = stream.unwrap();
        if unordered {
            stream = stream.unordered();
        }
        let mut seen = Vec::new();
        while let Some(item) = stream.next().await {
            seen.push(item.unwrap());
        }
        assert_eq!((live.created(), live.alive()), (200, 0));
        assert_eq!(live.peak(), max.min(200), "unordered: {unordered}");
        if unordered {
            seen.sort_unstable();
        }
        assert!(seen.iter().copied().eq(0..200), "unordered: {unordered}");
    }
}

/// Who does not ask gets nothing: not even started.
#[tokio::test(start_paused = true)]
async fn tasks_are_started_only_as_results_are_wanted() {
    let (tasks, live) = (supervisor().await, Live::new());
    let pulled = Arc::new(AtomicUsize::new(0));
    let (count, counted) = (Arc::clone(&pulled), live.clone());
    let items = (1..).inspect(move |_| {
        count.fetch_add(1, SeqCst);
    });
    let stream = tasks.stream(items, 3, move |_cx, item: u64| {
        drop(counted.guard());
        async move { item }
    });
    let mut stream = stream.unwrap();
    settle().await;
    assert_eq!(pulled.load(SeqCst), 0);
    for wanted in 1..=10 {
        assert_eq!(stream.next().await.unwrap().unwrap(), wanted);
        sleep(secs(1)).await;
        let pulled = pulled.load(SeqCst);
        let ahead = pulled - usize::try_from(wanted).unwrap();
        assert!(ahead <= 3, "{pulled} were taken for {wanted}");
        assert_eq!(live.created(), pulled);
    }
}

/// More than are started in one go.
#[tokio::test(start_paused = true)]
async fn a_thousand_at_once() {
    let tasks = supervisor().await;
    let stream = tasks.stream(0..1000_u64, 1000, |_cx, item| async move {
        sleep(secs(1)).await;
        item
    });
    let (mut stream, began) = (stream.unwrap(), Instant::now());
    let mut next = 0;
    while let Some(item) = stream.next().await {
        assert_eq!(item.unwrap(), next);
        next += 1;
    }
    assert_eq!((next, began.elapsed().as_secs()), (1000, 1));
}

#[tokio::test(start_paused = true)]
async fn a_time_limit_for_each() {
    let seen = Seen::new();
    let tasks = TaskSupervisor::builder("tasks").events(&seen.events);
    let tasks = tasks.start().await.unwrap();
    let live = Live::new();
    let stream = |items: &'static [u64]| {
        let counted = live.clone();
        let stream = tasks.stream(items, 2, move |cx: Context, item: &u64| {
            let guard = counted.guard();
            async move {
                let _guard = guard;
                let told = cx.shutdown();
                if *item == 50 {
                    told.await;
                }
                sleep(secs(*item)).await;
                *item
            }
        });
        stream.unwrap().item_timeout(secs(10))
    };
    // The time of each begins with its start; that it listens does not help it.
    assert_eq!(
        all(stream(&[20, 4, 50, 9, 1]).unordered()).await,
        "4@4 late:10@10 late:10@14 1@15 9@19"
    );
    assert_eq!(live.alive(), 0);
    assert_eq!(
        all(stream(&[4, 20, 9, 50, 10, 1])).await,
        "4@4 late:10@10 9@13 late:10@20 10@23 1@23"
    );
    assert_eq!((live.alive(), live.peak()), (0, 2));
    assert!(seen.crashes().is_empty(), "no crash: it was wanted");
    assert_eq!(
        TaskError::TimedOut(secs(10)).to_string(),
        "the task took longer than 10s and was killed"
    );
}

/// A limit of zero lets nothing pass that waits, and one beyond what a clock can say is none.
#[tokio::test(start_paused = true)]
async fn limits_at_the_edges() {
    let tasks = supervisor().await;
    let stream = |limit| {
        let stream = tasks.stream([1, 2], 2, |_cx, item| work(item)).unwrap();
        stream.item_timeout(limit)
    };
    assert_eq!(all(stream(secs(0))).await, "late:0@0 late:0@0");
    let for_ever = std::time::Duration::MAX;
    assert_eq!(all(stream(for_ever)).await, "1@1 2@2");
}

#[tokio::test(start_paused = true)]
async fn dropping_it_ends_what_runs() {
    let seen = Seen::new();
    let tasks = TaskSupervisor::builder("tasks").events(&seen.events);
    let tasks = tasks.start().await.unwrap();
    for unordered in [false, true] {
        let live = Live::new();
        let counted = live.clone();
        let stream = tasks.stream(1..100_u64, 5, move |cx: Context, item| {
            let (guard, sub) = (counted.guard(), counted.guard());
            cx.spawn(async move {
                let _sub = sub;
                pending::<()>().await
            });
            async move {
                let _guard = guard;
                let told = cx.shutdown();
                sleep(secs(item)).await;
                if item > 1 {
                    told.await;
                }
                item
            }
        });
        let mut stream = stream.unwrap();
        if unordered {
            stream = stream.unordered();
        }
        assert_eq!(stream.next().await.unwrap().unwrap(), 1);
        assert!(timeout(secs(1), stream.next()).await.is_err());
        assert_eq!(live.alive(), 10, "five, each with a sub-task");
        drop(stream);
        settle().await;
        assert_eq!(live.alive(), 0);
        assert_eq!(tasks.count_children().await.unwrap().active, 0);
        assert_eq!(live.created(), 12, "and nothing was started after");
    }
    assert!(seen.crashes().is_empty(), "no crash: it was wanted");
}

/// Also what the supervisor has not come to: dropped before that, it never runs.
#[tokio::test(start_paused = true)]
async fn dropping_it_takes_back_what_was_asked_for() {
    let (tasks, log) = (supervisor().await, Log::default());
    let noted = log.clone();
    let stream = tasks.stream([1, 2], 2, move |_cx, item| {
        noted.add(format!("called {item}"));
        work(item)
    });
    let mut stream = stream.unwrap();
    tasks.suspend().await.unwrap();
    assert!(timeout(secs(1), stream.next()).await.is_err());
    drop(stream);
    tasks.resume();
    settle().await;
    assert_eq!(log.take(), "");
    assert_eq!(tasks.count_children().await.unwrap().active, 0);
}

/// And what it has come to meanwhile, of which the stream has not heard yet.
#[tokio::test(start_paused = true)]
async fn dropping_it_ends_what_it_does_not_know_of() {
    let (tasks, live) = (supervisor().await, Live::new());
    let counted = live.clone();
    let stream = tasks.stream([1], 1, move |_cx, _item| {
        let guard = counted.guard();
        async move {
            let _guard = guard;
            pending::<()>().await
        }
    });
    let mut stream = stream.unwrap();
    tasks.suspend().await.unwrap();
    assert!(timeout(secs(1), stream.next()).await.is_err());
    tasks.resume();
    settle().await;
    assert_eq!(live.alive(), 1);
    drop(stream);
    settle().await;
    assert_eq!(live.alive(), 0);
}

/// A supervisor that takes its time to answer is waited for.
#[tokio::test(start_paused = true)]
async fn while_the_supervisor_is_busy() {
    let tasks = supervisor().await;
    let stream = tasks.stream([2, 1], 2, |_cx, item| work(item)).unwrap();
    tasks.suspend().await.unwrap();
    let (results, ()) = tokio::join!(all(stream), async {
        sleep(secs(10)).await;
        tasks.resume();
    });
    assert_eq!(results, "2@12 1@12");
}

/// Where there is less room than asked for, those wait that can.
#[tokio::test(start_paused = true)]
async fn a_supervisor_that_is_full() {
    let tasks = TaskSupervisor::builder("tasks").max_children(3);
    let tasks = tasks.start().await.unwrap();
    let stream = || {
        tasks
            .stream([2, 2, 1, 1, 1], 5, |_cx, item| work(item))
            .unwrap()
    };
    // The third has room, the fourth and the fifth wait for ours.
    assert_eq!(all(stream().unordered()).await, "1@1 2@2 2@2 1@2 1@3");
    let other = tasks.spawn_nolink(|_cx| pending::<()>()).await.unwrap();
    let another = tasks.spawn_nolink(|_cx| pending::<()>()).await.unwrap();
    assert_eq!(all(stream()).await, "2@2 2@4 1@5 1@6 1@7");
    // Nobody of ours to wait for: that is said, for each item.
    let third = tasks.spawn_nolink(|_cx| work(4)).await.unwrap();
    let mut stream = tasks.stream([1, 1, 1], 5, |_cx, item| work(item)).unwrap();
    assert_eq!(word(stream.next().await.unwrap()), "full");
    let refused = stream.next().await.unwrap().unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the task was not started: the task supervisor has its maximum of tasks"
    );
    assert_eq!(word(stream.next().await.unwrap()), "full");
    assert!(stream.next().await.is_none());
    assert!(!other.is_finished() && !another.is_finished() && !third.is_finished());
}

/// Every item has its answer, also when the supervisor stops, or is not there.
#[tokio::test(start_paused = true)]
async fn a_supervisor_that_stops() {
    let tasks = supervisor().await;
    let stream = tasks
        .stream([1, 9, 9, 9], 2, |_cx, item| work(item))
        .unwrap();
    let (results, _) = tokio::join!(all(stream), async {
        sleep(secs(5)).await;
        tasks.stop().await
    });
    assert_eq!(results, "1@1 shutdown@5 shutdown@5 dead@5");
    let stream = tasks.stream([1, 2], 2, |_cx, item| work(item)).unwrap();
    assert_eq!(all(stream.unordered()).await, "dead@0 dead@0");
}

/// It is found again when it is restarted.
#[tokio::test(start_paused = true)]
async fn a_supervisor_that_is_restarted() {
    let builder = TaskSupervisor::builder("tasks");
    let tasks = builder.handle();
    let root = Supervisor::builder("app").child(Child::supervisor(builder));
    let root = root.start().await.unwrap();
    let stream = tasks
        .stream([1, 9, 9, 2], 2, |_cx, item| work(item))
        .unwrap();
    let (results, ()) = tokio::join!(all(stream), async {
        sleep(secs(5)).await;
        root.child("tasks").unwrap().kill();
    });
    assert_eq!(results, "1@1 killed@5 killed@5 2@7");
    root.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_bound_of_zero_is_refused() {
    let tasks = supervisor().await;
    let error = tasks.stream([1], 0, |_cx, item| work(item)).unwrap_err();
    assert_eq!(error.field, "stream.max_concurrency");
    assert!(error.to_string().contains("at least 1"), "{error}");
}

/// The iterator is the caller's code, and runs in the caller's poll.
#[tokio::test(start_paused = true)]
async fn a_panic_of_the_iterator_is_the_callers() {
    let tasks = supervisor().await;
    let items = (1..=4).inspect(|item| assert_ne!(*item, 3, "cannot count"));
    let stream = tasks.stream(items, 1, |_cx, item| work(item)).unwrap();
    let stream = Arc::new(tokio::sync::Mutex::new(stream));
    let mut seen = Vec::new();
    loop {
        let polled = Arc::clone(&stream);
        match tokio::spawn(async move { polled.lock().await.next().await }).await {
            Ok(Some(result)) => seen.push(word(result)),
            Ok(None) => break,
            Err(error) => {
                assert!(error.is_panic());
                seen.push("burst".to_owned());
            }
        }
    }
    assert_eq!(seen.join(" "), "1 2 burst 4");
}

/// Values, items, the iterator and the closure are the user's, and each may panic when it is dropped.
#[tokio::test(start_paused = true)]
async fn panics_of_drops_are_contained() {
    struct Spiteful(Option<Live>);
    impl Drop for Spiteful {
        fn drop(&mut self) {
            if let Some(live) = self.0.take() {
                drop(live.guard());
                panic!("in a drop");
            }
        }
    }
    let tasks = supervisor().await;
    for unordered in [false, true] {
        let live = Live::new();
        let (in_closure, in_items) = (Spiteful(Some(live.clone())), Spiteful(Some(live.clone())));
        let counted = live.clone();
        let items = (0..10).map(move |_| {
            let _captured = &in_items;
            Spiteful(Some(counted.clone()))
        });
        let stream = tasks.stream(items, 4, move |_cx, item| {
            let _captured = &in_closure;
            async move { item }
        });
        let mut stream = stream.unwrap();
        if unordered {
            stream = stream.unordered();
        }
        let first = stream.next().await.expect("an item");
        assert!(first.is_ok_and(|mut value| value.0.take().is_some()));
        settle().await;
        drop(stream);
        settle().await;
        assert_eq!(live.created(), 2 + 3, "the iterator, the closure, what ran");
    }
    let stream = tasks.stream([1, 2], 2, |_cx, item| work(item)).unwrap();
    assert_eq!(all(stream).await, "1@1 2@2", "it is as good as new");
}

#[tokio::test(start_paused = true)]
async fn it_is_a_stream() {
    let tasks = supervisor().await;
    let mut stream = tasks.stream(1..=5, 2, |_cx, item| work(item)).unwrap();
    assert_eq!(stream.size_hint(), (5, Some(5)));
    let next = poll_fn(|waker| Pin::new(&mut stream).poll_next(waker)).await;
    assert_eq!(word(next.unwrap()), "1");
    assert_eq!(stream.size_hint(), (4, Some(4)));
    assert!(timeout(secs(0), stream.next()).await.is_err());
    assert_eq!(stream.size_hint(), (4, Some(4)), "those that run included");
    while stream.next().await.is_some() {}
    assert_eq!(stream.size_hint(), (0, Some(0)));
    fn is_send<T: Send + Unpin>(_: &T) {}
    is_send(&stream);
}
