//! A call may be dropped at every await and panic at every poll: nothing is left of it, and nothing is counted.

use std::path::Path;
use std::time::Duration;

use seaworthy_bulkhead::Throttle;
use seaworthy_core::{BoxError, Verdict};
use seaworthy_testkit::{
    Ending, Fuse, Live, LiveGuard, async_functions, at_every_await, panic_at_every_poll,
};
use tokio::time::sleep;
use tower::{Layer, ServiceExt, service_fn};

use crate::throttle;

/// What is tested here, by source file. A new async function has to come with a test.
const TESTED: [(&str, fn()); 3] = [
    ("future.rs: ThrottleFuture", a_layered_service),
    ("handle.rs: call", call),
    ("handle.rs: call_with", call_with),
];

#[test]
fn no_async_function_is_left_out() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/throttle");
    assert_eq!(async_functions(&sources), TESTED.map(|(name, _)| name));
}

struct World {
    throttle: Throttle,
    live: Live,
}

impl World {
    async fn new() -> Self {
        Self {
            throttle: throttle(),
            live: Live::new(),
        }
    }

    async fn check<T>(&mut self, ending: Ending<T>) {
        assert_eq!(self.live.alive(), 0, "the call is gone");
        let completed = matches!(ending, Ending::Completed(_));
        let view = self.throttle.view();
        assert_eq!(view.requests, u64::from(completed));
    }
}

async fn work(guard: LiveGuard) -> Result<(), BoxError> {
    sleep(Duration::from_millis(1)).await;
    tokio::task::yield_now().await;
    sleep(Duration::from_millis(1)).await;
    drop(guard);
    Ok(())
}

fn failure(_: Result<&(), &BoxError>) -> Verdict {
    Verdict::Failure
}

async fn layered(world: &World, fuse: &Fuse) -> Result<(), BoxError> {
    let inner = service_fn(|(): ()| fuse.wrap(work(world.live.guard())));
    world.throttle.layer().layer(inner).oneshot(()).await
}

#[test]
fn call() {
    let awaits = at_every_await(
        8,
        World::new,
        async |world| world.throttle.call(work(world.live.guard())).await,
        World::check,
    );
    assert_eq!(awaits, 3);
}

#[test]
fn call_with() {
    let awaits = at_every_await(
        8,
        World::new,
        async |world| {
            let work = work(world.live.guard());
            world.throttle.call_with(failure, work).await
        },
        World::check,
    );
    assert_eq!(awaits, 3);
}

#[test]
fn a_layered_service() {
    let awaits = at_every_await(
        8,
        World::new,
        async |world| layered(world, &Fuse::new(0)).await,
        World::check,
    );
    assert_eq!(awaits, 3);
}

#[test]
fn panics() {
    let polls = panic_at_every_poll(
        8,
        World::new,
        async |world, fuse| {
            let work = fuse.wrap(work(world.live.guard()));
            world.throttle.call_with(failure, work).await
        },
        World::check,
    );
    assert_eq!(polls, 4);
    let polls = panic_at_every_poll(
        8,
        World::new,
        async |world, fuse| layered(world, &fuse).await,
        World::check,
    );
    assert_eq!(polls, 4);
}
