//! A call may be dropped at every await and panic at every poll: nothing is left of it, and what it has not used of the
//! budget is there again.

use std::cell::Cell;
use std::mem::replace;
use std::path::Path;
use std::task::{Context, Poll};

use seaworthy::core::BoxError;
use seaworthy::core::request::Info;
use seaworthy::retry::{ByVerdict, Retry, RetryBudget};
use seaworthy_testkit::{
    Ending, Fuse, Live, LiveGuard, async_functions, at_every_await, panic_at_every_poll,
};
use tokio::time::sleep;
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::{MILLI, broken, builder};

/// What is tested here, by source file. A new async function has to come with a test.
const TESTED: [(&str, fn()); 3] = [
    ("future.rs: ResponseFuture", a_layered_service),
    ("handle.rs: call", call),
    ("handle.rs: call_with", call_with),
];

#[test]
fn no_async_function_is_left_out() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/retry");
    let mut here = async_functions(&sources);
    // These have a list of their own.
    let elsewhere = async_functions(&sources.join("http"));
    here.retain(|name| !elsewhere.contains(name));
    assert_eq!(here, TESTED.map(|(name, _)| name));
}

struct World {
    retry: Retry,
    live: Live,
    attempts: Cell<u32>,
}

impl World {
    async fn new() -> Self {
        let budget = RetryBudget {
            ratio: 1e-9,
            burst: 10,
        };
        Self {
            retry: builder().budget(budget).build().expect("allowed"),
            live: Live::new(),
            attempts: Cell::new(0),
        }
    }

    async fn check<T>(&mut self, ending: Ending<T>) {
        assert_eq!(self.live.alive(), 0, "the attempt is gone");
        let retries = self.attempts.get().saturating_sub(1);
        let view = self.retry.view();
        assert_eq!(view.retries, u64::from(retries), "{ending}");
        assert_eq!(
            view.budget.map(f64::ceil),
            Some(f64::from(10 - retries)),
            "{ending}"
        );
        if matches!(ending, Ending::Completed(_)) {
            assert_eq!((retries, view.recovered), (2, 1));
        }
    }

    /// The first two attempts fail, each after a while.
    fn attempt(&self) -> impl Future<Output = Result<(), BoxError>> + use<> {
        let attempt = self.attempts.get() + 1;
        self.attempts.set(attempt);
        work(self.live.guard(), attempt)
    }
}

async fn work(guard: LiveGuard, attempt: u32) -> Result<(), BoxError> {
    sleep(MILLI).await;
    drop(guard);
    if attempt < 3 { Err(broken()) } else { Ok(()) }
}

fn idempotent() -> Info {
    Info::new().with_idempotent(true)
}

/// Each instance has to get ready, and is not at once.
struct NotAtOnce<S> {
    inner: S,
    is_ready: bool,
}

impl<S: Clone> Clone for NotAtOnce<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            is_ready: false,
        }
    }
}

impl<S: Service<()>> Service<()> for NotAtOnce<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        if !replace(&mut self.is_ready, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, (): ()) -> S::Future {
        assert!(self.is_ready, "it was not ready");
        self.inner.call(())
    }
}

async fn layered(world: &World, fuse: &Fuse) -> Result<(), BoxError> {
    let layer = world.retry.layer().describe(|(): &()| idempotent());
    let service = NotAtOnce {
        inner: service_fn(|()| fuse.wrap(world.attempt())),
        is_ready: false,
    };
    layer.layer(service).oneshot(()).await
}

/// Three attempts and two waits.
const AWAITS: usize = 5;

#[test]
fn call() {
    let operation = async |world: &mut World| {
        let world = &*world;
        world
            .retry
            .call(idempotent(), async |_| world.attempt().await)
            .await
    };
    assert_eq!(
        at_every_await(9, World::new, operation, World::check),
        AWAITS
    );
}

#[test]
fn call_with() {
    let operation = async |world: &mut World| {
        let world = &*world;
        let judge = ByVerdict::default();
        let attempt = async |_| world.attempt().await;
        world.retry.call_with(judge, idempotent(), attempt).await
    };
    assert_eq!(
        at_every_await(9, World::new, operation, World::check),
        AWAITS
    );
}

#[test]
fn a_layered_service() {
    let operation = async |world: &mut World| layered(world, &Fuse::new(0)).await;
    let awaits = at_every_await(9, World::new, operation, World::check);
    assert_eq!(
        awaits,
        AWAITS + 2,
        "to be ready for the first two, of which the third is made by the second"
    );
}

#[test]
fn panics() {
    let operation = async |world: &mut World, fuse: Fuse| layered(world, &fuse).await;
    let polls = panic_at_every_poll(9, World::new, operation, World::check);
    assert_eq!(polls, 6, "two of each attempt");
}
