//! One job: what it returns, when it panics, when its caller goes.

use std::sync::mpsc::channel;
use std::thread;

use seaworthy_bulkhead::{Job, PoolEvent};
use seaworthy_core::component::{Registry, Status};
use seaworthy_core::event::Events;
use seaworthy_core::{Executed, Reason};
use seaworthy_testkit::Live;

use crate::{Busy, all, builder, pool};

#[tokio::test]
async fn jobs_are_begun_in_the_order_in_which_they_came() {
    let pool = pool(1, 100);
    let busy = Busy::new(&pool);
    let (tell, order) = channel();
    let jobs: Vec<_> = (0..100)
        .map(|number| {
            let tell = tell.clone();
            pool.run(move || tell.send(number).expect("it is listened to"))
        })
        .collect();
    busy.end().await;
    for job in jobs {
        job.await.expect("it is done");
    }
    assert_eq!(all(&order), (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_full_queue_turns_away_at_once() {
    let pool = pool(1, 2);
    let busy = Busy::new(&pool);
    let live = Live::new();
    let queued = [(); 2].map(|()| pool.run(|| ()));
    let guard = live.guard();
    let refused = pool.run(move || drop(guard));
    assert_eq!(live.alive(), 0, "what it has is dropped at once");
    let rejected = refused.await.expect_err("there is no place");
    assert_eq!(rejected.reason(), Reason::BulkheadFull);
    assert_eq!(rejected.executed(), Executed::No);
    assert_eq!(rejected.to_string(), "`pool`: bulkhead full");
    busy.end().await;
    for job in queued {
        job.await.expect("it is done");
    }
    let view = pool.view();
    assert_eq!((view.done, view.rejected), (3, 1));
}

/// Also one after the other: the place of a job is free before its caller knows that it is done.
#[tokio::test]
async fn without_a_queue_there_are_as_many_jobs_as_threads() {
    let pool = pool(2, 0);
    for number in 0..2000 {
        assert_eq!(pool.run(move || number).await, Ok(number));
    }
    let (first, second) = (Busy::new(&pool), Busy::new(&pool));
    assert!(pool.run(|| ()).await.is_err());
    first.end().await;
    assert!(pool.run(|| ()).await.is_ok());
    second.end().await;
}

#[tokio::test]
async fn a_panic_ends_the_job_and_nothing_else() {
    let events = Events::new();
    let mut log = events.subscribe(8.try_into().expect("not zero"));
    let builder = builder("pool").threads(1).events(&events);
    let pool = builder.build().expect("it is allowed");
    let id = || thread::current().id();
    let before = pool.run(id).await.expect("it is done");
    let crashed = pool.run(|| panic!("disk {} gone", 7)).await;
    let crashed: Result<(), _> = crashed;
    let rejected = crashed.expect_err("it panicked");
    assert_eq!(rejected.reason(), Reason::Crashed);
    assert_eq!(rejected.executed(), Executed::Maybe);
    let event = log.try_recv().expect("told before its caller is");
    let PoolEvent::Panicked(panicked) = event.detail::<PoolEvent>().expect("of a pool") else {
        panic!("{event}");
    };
    assert_eq!(panicked.message, "disk 7 gone");
    assert!(event.to_string().contains("jobs.rs:"), "{event}");
    assert_eq!(pool.run(id).await, Ok(before), "the same thread goes on");
    let view = pool.view();
    assert_eq!((view.done, view.panicked, view.threads), (3, 1, 1));
}

#[tokio::test]
async fn one_that_nobody_waits_for_leaves_the_queue() {
    let pool = pool(1, 1);
    let busy = Busy::new(&pool);
    let (live, ran) = (Live::new(), channel());
    let guard = live.guard();
    let tell = ran.0.clone();
    let queued = pool.run(move || {
        let _guard = guard;
        tell.send("dropped").expect("it is listened to");
    });
    assert!(pool.view().is_full);
    drop(queued);
    assert_eq!((live.alive(), pool.view().queued), (0, 0), "at once");
    let next = pool.run(move || ran.0.send("next").expect("it is listened to"));
    busy.end().await;
    next.await.expect("it had the place");
    assert_eq!(all(&ran.1), ["next"]);
    let view = pool.view();
    assert_eq!((view.withdrawn, view.rejected, view.done), (1, 0, 2));
}

#[tokio::test]
async fn one_that_is_at_work_has_its_place_to_its_end() {
    let pool = pool(1, 0);
    let ((at_work, begun), (go, wait), (tell, told)) = (channel(), channel::<()>(), channel());
    let job = pool.run_with(move |job: &Job| {
        at_work.send(job.is_abandoned()).expect("it is waited for");
        wait.recv().expect("it is told");
        tell.send(job.is_abandoned()).expect("it is waited for");
        let _ = wait.recv();
    });
    assert!(!begun.recv().expect("it is at work"));
    drop(job);
    let refused = pool.run(|| ()).await.expect_err("it is at work still");
    assert_eq!(refused.reason(), Reason::BulkheadFull);
    go.send(()).expect("it is at work");
    assert!(told.recv().expect("it is at work"), "nobody waits for it");
    assert_eq!(pool.view().busy, 1);
    drop(go);
    while pool.view().busy > 0 {
        tokio::task::yield_now().await;
    }
    assert!(pool.run(|| ()).await.is_ok());
}

/// A result that nobody wants is dropped while the job has its place; a drop that panics harms nobody.
#[tokio::test]
async fn results_and_captures_may_panic_when_dropped() {
    struct Spiteful;
    impl Drop for Spiteful {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let pool = pool(1, 1);
    let busy = Busy::new(&pool);
    let spiteful = Spiteful;
    // Withdrawn with what it has.
    drop(pool.run(move || drop(spiteful)));
    // Full.
    let queued = pool.run(|| ());
    let spiteful = Spiteful;
    let refused = pool.run(move || drop(spiteful));
    assert!(refused.await.is_err());
    busy.end().await;
    queued.await.expect("it is done");
    // A result without a caller.
    let ((at_work, begun), (go, wait)) = (channel(), channel::<()>());
    let job = pool.run(move || {
        at_work.send(()).expect("it is waited for");
        let _ = wait.recv();
        Spiteful
    });
    begun.recv().expect("it is at work");
    drop(job);
    drop(go);
    assert!(pool.run(|| ()).await.is_ok(), "the thread goes on");
}

#[tokio::test]
async fn dashboards_see_it() {
    let registry = Registry::new();
    let builder = builder("images").threads(1).max_queued(1);
    let pool = builder.registry(&registry).build().expect("allowed");
    let busy = Busy::new(&pool);
    let shown = || registry.snapshot()[0].to_string();
    assert_eq!(
        shown(),
        "thread_pool images: running (threads 1, busy 1, queued 0, waiting 0, done 0, panicked 0, rejected 0, \
         discarded 0, withdrawn 0)"
    );
    let queued = pool.run(|| ());
    assert_eq!(registry.snapshot()[0].status, Status::Degraded);
    assert!(shown().starts_with("thread_pool images: full [degraded]"));
    busy.end().await;
    queued.await.expect("it is done");
    assert_eq!(registry.snapshot(), [pool.snapshot()]);
}
