//! Whatever waits for a pool may be dropped at every await: no place is lost, and what was not begun never is.

use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use seaworthy_bulkhead::{JobFuture, ThreadPool, ThreadPoolBuilder};
use seaworthy_core::BoxError;
use seaworthy_testkit::{Ending, Live, async_functions, at_every_await};
use tower::ServiceExt;

use crate::{Busy, builder};

/// What is tested here, by source file. A new async function has to come with a test.
const TESTED: [(&str, fn()); 3] = [
    ("future.rs: JobFuture", a_job),
    ("future.rs: PoolResponse", a_call),
    ("handle.rs: shutdown", shutdown),
];

#[test]
fn no_async_function_is_left_out() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/pool");
    assert_eq!(async_functions(&sources), TESTED.map(|(name, _)| name));
}

const LONG: Duration = Duration::from_secs(1800);

/// A pool whose one thread is at work until it is released.
struct World {
    pool: ThreadPool,
    busy: JobFuture<()>,
    release: Option<Sender<()>>,
    live: Live,
}

impl World {
    fn new(builder: ThreadPoolBuilder) -> Self {
        let pool = builder.threads(1).build().expect("it is allowed");
        let Busy { job, release } = Busy::new(&pool);
        Self {
            pool,
            busy: job.expect("it is at work"),
            release: Some(release),
            live: Live::new(),
        }
    }

    async fn with_a_queue() -> Self {
        Self::new(builder("pool").max_queued(1))
    }

    async fn with_a_line() -> Self {
        Self::new(builder("pool").max_queued(0).wait_when_full(LONG, 1))
    }

    /// What the job has of its caller's is alive until it is done or dropped.
    fn job(&self) -> impl FnOnce() -> u32 + Send + 'static {
        let guard = self.live.guard();
        move || {
            drop(guard);
            7
        }
    }

    /// Each job was done or taken back, and the pool has all its places.
    async fn check<T>(&mut self, ending: Ending<T>) {
        drop(self.release.take());
        (&mut self.busy).await.expect("it is done");
        // It comes after all that is queued.
        assert_eq!(self.pool.run_blocking(|| 7), Ok(7));
        assert_eq!(self.live.alive(), 0);
        let view = self.pool.view();
        let brought = 2 + self.live.created() as u64;
        assert_eq!(view.done + view.withdrawn + view.rejected, brought);
        if matches!(ending, Ending::Completed(_)) {
            assert_eq!(view.withdrawn, 0);
        }
        assert_eq!((view.queued, view.waiting, view.is_full), (0, 0, false));
        // In real time.
        assert!(self.pool.shutdown_blocking(LONG).is_clean());
    }
}

/// Virtual time stands still while this is there: what runs on threads runs in real time.
struct StandStill {
    _end: Sender<()>,
}

impl StandStill {
    fn new() -> Self {
        let (end, ended) = channel();
        // Tokio does not advance its clock while a thread of its own is at work.
        tokio::task::spawn_blocking(move || ended.recv());
        Self { _end: end }
    }
}

/// Releases the thread once the future has begun to wait.
async fn released<F: Future>(release: &mut Option<Sender<()>>, future: F) -> F::Output {
    let _still = StandStill::new();
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|cx| {
        let polled = future.as_mut().poll(cx);
        drop(release.take());
        polled
    })
    .await
}

#[test]
fn a_job() {
    let awaits = at_every_await(
        4,
        World::with_a_queue,
        async |world| {
            let job = world.pool.run(world.job());
            released(&mut world.release, job).await
        },
        World::check,
    );
    assert_eq!(awaits, 1);
}

#[test]
fn a_job_in_line() {
    let awaits = at_every_await(
        4,
        World::with_a_line,
        async |world| {
            let job = world.pool.run(world.job());
            released(&mut world.release, job).await.expect("it is done")
        },
        World::check,
    );
    assert_eq!(awaits, 1);
}

/// Its time in line is over: virtual time goes on.
#[test]
fn a_job_that_waits_in_line_for_too_long() {
    let awaits = at_every_await(
        4,
        World::with_a_line,
        async |world| {
            let job = world.pool.run(world.job());
            job.await.expect_err("there is no place");
        },
        World::check,
    );
    assert_eq!(awaits, 1);
}

#[test]
fn a_call() {
    let awaits = at_every_await(
        4,
        World::with_a_queue,
        async |world| {
            let job = world.job();
            let work = |job: Box<dyn FnOnce() -> u32 + Send>| Ok::<_, BoxError>(job());
            let call = world.pool.service(work).oneshot(Box::new(job));
            released(&mut world.release, call).await
        },
        World::check,
    );
    assert_eq!(awaits, 1);
}

#[test]
fn shutdown() {
    let awaits = at_every_await(
        4,
        World::with_a_queue,
        async |world| {
            let pool = world.pool.clone();
            let report = released(&mut world.release, pool.shutdown(LONG)).await;
            assert!(report.is_clean());
        },
        async |world, ending| {
            let has_begun = !matches!(ending, Ending::Unpolled);
            assert_eq!(world.pool.view().is_shutting_down, has_begun);
            drop(world.release.take());
            assert_eq!(world.pool.run_blocking(|| ()).is_err(), has_begun);
            (&mut world.busy).await.expect("it is done");
            // In real time.
            assert!(world.pool.shutdown_blocking(LONG).is_clean());
            assert_eq!(world.pool.view().threads, 0);
        },
    );
    assert_eq!(awaits, 1);
}
