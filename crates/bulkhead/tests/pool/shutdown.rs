//! The way out.

use std::time::Duration;

use seaworthy_bulkhead::{PoolEvent, ThreadPool};
use seaworthy_core::event::Events;
use seaworthy_core::{Executed, Reason};

use crate::{Busy, builder, pool};

const LONG: Duration = Duration::from_secs(3600);

fn draining(pool: &ThreadPool) -> bool {
    pool.view().is_shutting_down
}

#[tokio::test]
async fn what_is_queued_is_done() {
    let pool = pool(2, 10);
    let busy = Busy::new(&pool);
    let other = Busy::new(&pool);
    let jobs: Vec<_> = (0..10).map(|number| pool.run(move || number)).collect();
    let shutdown = tokio::spawn({
        let pool = pool.clone();
        async move { pool.shutdown(LONG).await }
    });
    while !draining(&pool) {
        tokio::task::yield_now().await;
    }
    let late = pool.run(|| ()).await.expect_err("it is on its way out");
    assert_eq!(late.reason(), Reason::ShuttingDown);
    assert_eq!(late.executed(), Executed::No);
    busy.end().await;
    other.end().await;
    for (number, job) in jobs.into_iter().enumerate() {
        assert_eq!(job.await, Ok(number));
    }
    let report = shutdown.await.expect("no panic");
    assert!(report.is_clean());
    assert_eq!(report.finished, 12);
    assert_eq!(pool.view().threads, 0, "all have gone");
    assert_eq!(pool.snapshot().state, "stopped");
    let again = pool.shutdown(LONG).await;
    assert_eq!(again, report, "there is nothing left to do");
}

#[tokio::test]
async fn what_is_not_begun_at_the_deadline_never_is() {
    let events = Events::new();
    let mut log = events.subscribe(8.try_into().expect("not zero"));
    let builder = builder("pool").threads(1).max_queued(2).events(&events);
    let pool = builder.build().expect("it is allowed");
    let busy = Busy::new(&pool);
    let queued = [(); 2].map(|()| pool.run(|| panic!("it never runs")));
    let report = pool.shutdown(Duration::from_millis(5)).await;
    assert_eq!(
        report.to_string(),
        "0 finished, 2 discarded, 1 still running"
    );
    assert!(!report.is_clean());
    for job in queued {
        let told: Result<(), _> = job.await;
        let told = told.expect_err("it was dropped");
        assert_eq!(told.reason(), Reason::ShuttingDown);
        assert_eq!(told.executed(), Executed::No);
    }
    busy.end().await;
    let report = pool.shutdown(LONG).await;
    assert_eq!((report.finished, report.still_running), (1, 0));
    let names: Vec<_> = std::iter::from_fn(|| log.try_recv())
        .map(|event| event.detail::<PoolEvent>().expect("of a pool").clone())
        .collect();
    assert_eq!(names[0], PoolEvent::ShuttingDown);
    assert!(matches!(
        names[1..],
        [PoolEvent::ShutDown(_), PoolEvent::ShutDown(_)]
    ));
}

#[tokio::test]
async fn whoever_waits_in_line_is_told_at_once() {
    let builder = builder("pool").threads(1).max_queued(0);
    let pool = builder.wait_when_full(LONG, 1).build().expect("allowed");
    let busy = Busy::new(&pool);
    let in_line = pool.run(|| ());
    let shutdown = tokio::spawn({
        let pool = pool.clone();
        async move { pool.shutdown(LONG).await }
    });
    let told = in_line.await.expect_err("there will be no place");
    assert_eq!(told.reason(), Reason::ShuttingDown);
    busy.end().await;
    assert!(shutdown.await.expect("no panic").is_clean());
}

#[test]
fn code_that_blocks_can_wait_as_well() {
    let pool = pool(1, 1);
    let busy = Busy::new(&pool);
    let queued = pool.run(|| ());
    let report = pool.shutdown_blocking(Duration::from_millis(5));
    assert_eq!((report.discarded, report.still_running), (1, 1));
    drop((queued, busy));
    assert_eq!(pool.shutdown_blocking(LONG).still_running, 0);
}

/// A deadline that is over already: nothing is begun any more.
#[tokio::test]
async fn there_may_be_no_time_at_all() {
    let pool = pool(1, 1);
    let busy = Busy::new(&pool);
    let queued = pool.run(|| ());
    let report = pool.shutdown(Duration::ZERO).await;
    assert_eq!((report.discarded, report.still_running), (1, 1));
    assert!(queued.await.is_err());
    busy.end().await;
}
