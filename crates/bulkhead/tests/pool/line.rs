//! Waiting for a place when the queue is full.

use std::time::Duration;

use seaworthy_bulkhead::ThreadPool;
use seaworthy_core::Reason;

use crate::{Busy, builder};

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(5);

fn waiting(max_wait: Duration, max_waiting: u32) -> ThreadPool {
    let builder = builder("pool").threads(1).max_queued(0);
    let builder = builder.wait_when_full(max_wait, max_waiting);
    builder.build().expect("it is allowed")
}

#[tokio::test]
async fn those_in_line_come_in_one_after_the_other() {
    let pool = waiting(LONG, 10);
    let busy = Busy::new(&pool);
    let jobs: Vec<_> = (0..10).map(|number| pool.run(move || number)).collect();
    assert_eq!((pool.view().waiting, pool.view().queued), (10, 0));
    let refused = pool.run(|| 10).await.expect_err("the line is bounded");
    assert_eq!(refused.reason(), Reason::BulkheadFull);
    busy.end().await;
    for (number, job) in jobs.into_iter().enumerate() {
        assert_eq!(job.await, Ok(number));
    }
    assert_eq!(pool.view().rejected, 1);
}

#[tokio::test]
async fn nobody_waits_for_longer_than_he_may() {
    let pool = waiting(SHORT, 1);
    let busy = Busy::new(&pool);
    let refused = pool.run(|| ()).await.expect_err("it is busy");
    assert_eq!(refused.reason(), Reason::BulkheadFull);
    let view = pool.view();
    assert_eq!((view.waiting, view.rejected), (0, 1));
    busy.end().await;
}

/// The time is for the line: whoever is in the queue waits as long as it takes.
#[tokio::test]
async fn the_queue_has_no_time_limit() {
    let pool = waiting(SHORT, 1);
    let busy = Busy::new(&pool);
    let mut in_line = pool.run(|| "done");
    let mut config = pool.config();
    config.max_queued = 1;
    pool.reconfigure(config).expect("it is allowed");
    assert_eq!((pool.view().waiting, pool.view().queued), (0, 1));
    // His time in line would be over.
    tokio::time::sleep(2 * SHORT).await;
    let cx = &mut std::task::Context::from_waker(std::task::Waker::noop());
    assert!(std::pin::Pin::new(&mut in_line).poll(cx).is_pending());
    busy.end().await;
    assert_eq!(in_line.await, Ok("done"));
}

/// It has waited in line, it has waited in the queue for longer than it might have in line, and now its caller goes.
#[tokio::test]
async fn one_that_came_in_from_the_line_can_be_taken_back() {
    let pool = waiting(SHORT, 1);
    let busy = Busy::new(&pool);
    let mut job = pool.run(|| panic!("it never runs"));
    let mut config = pool.config();
    config.max_queued = 1;
    pool.reconfigure(config).expect("it is allowed");
    tokio::time::sleep(2 * SHORT).await;
    let cx = &mut std::task::Context::from_waker(std::task::Waker::noop());
    assert!(std::pin::Pin::new(&mut job).poll(cx).is_pending());
    drop(job);
    let view = pool.view();
    assert_eq!((view.queued, view.withdrawn), (0, 1));
    busy.end().await;
    assert_eq!(pool.run(|| 7).await, Ok(7));
    assert_eq!(pool.view().panicked, 0);
}

#[tokio::test]
async fn one_that_leaves_the_line_leaves_nothing() {
    let pool = waiting(LONG, 1);
    let busy = Busy::new(&pool);
    drop(pool.run(|| panic!("it never runs")));
    assert_eq!(pool.view().waiting, 0);
    let next = pool.run(|| ());
    busy.end().await;
    next.await.expect("it had the place in line");
}

/// Without a runtime there are no timers: nobody could be told that he has waited for long enough.
#[test]
fn without_timers_nobody_waits() {
    let pool = waiting(LONG, 1);
    let busy = Busy::new(&pool);
    let mut refused = std::pin::pin!(pool.run(|| ()));
    let cx = &mut std::task::Context::from_waker(std::task::Waker::noop());
    assert!(refused.as_mut().poll(cx).is_ready(), "refused at once");
    drop(busy);
}

#[test]
fn threads_that_block_wait_in_line_too() {
    let pool = waiting(SHORT, 1);
    let busy = Busy::new(&pool);
    let refused = pool.run_blocking(|| ()).expect_err("it is busy");
    assert_eq!(refused.reason(), Reason::BulkheadFull);
    drop(busy);
    let pool = waiting(LONG, 1);
    let busy = Busy::new(&pool);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| pool.run_blocking(|| 7));
        while pool.view().waiting == 0 {
            std::thread::yield_now();
        }
        drop(busy);
        assert_eq!(other.join().expect("no panic"), Ok(7));
    });
}
