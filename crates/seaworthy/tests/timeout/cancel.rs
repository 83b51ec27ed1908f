//! A call may be dropped at every await and panic at every poll: nothing is left of it, and nothing is counted.

use std::path::Path;

use seaworthy::core::request::Info;
use seaworthy::core::{BoxError, clock};
use seaworthy::timeout::Timeout;
use seaworthy_testkit::{
    Ending, Fuse, Live, LiveGuard, async_functions, at_every_await, panic_at_every_poll,
};
use tokio::time::sleep;
use tower::{Layer, ServiceExt, service_fn};

use crate::{MILLI, timeout};

/// What is tested here, by source file. A new async function has to come with a test.
const TESTED: [(&str, fn()); 3] = [
    ("future.rs: TimeoutFuture", a_layered_service),
    ("handle.rs: call", call),
    ("handle.rs: call_with", call_with),
];

#[test]
fn no_async_function_is_left_out() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/timeout");
    assert_eq!(async_functions(&sources), TESTED.map(|(name, _)| name));
}

struct World {
    timeout: Timeout,
    live: Live,
}

impl World {
    async fn new() -> Self {
        Self {
            timeout: timeout(10 * MILLI),
            live: Live::new(),
        }
    }

    async fn check<T>(&mut self, ending: Ending<T>) {
        assert_eq!(self.live.alive(), 0, "the call is gone");
        let completed = matches!(ending, Ending::Completed(_));
        assert_eq!(self.timeout.view().timed_out, u64::from(completed));
    }
}

/// Takes as long as it is let.
async fn work(guard: LiveGuard) -> Result<(), BoxError> {
    sleep(4 * MILLI).await;
    tokio::task::yield_now().await;
    sleep(100 * MILLI).await;
    drop(guard);
    Ok(())
}

async fn layered(world: &World, fuse: &Fuse) -> Result<(), BoxError> {
    let inner = service_fn(|(): ()| fuse.wrap(work(world.live.guard())));
    world.timeout.layer().layer(inner).oneshot(()).await
}

#[test]
fn call() {
    let operation = async |world: &mut World| world.timeout.call(work(world.live.guard())).await;
    assert_eq!(at_every_await(8, World::new, operation, World::check), 3);
}

#[test]
fn call_with() {
    let operation = async |world: &mut World| {
        let info = Info::new().with_deadline(clock::after(100 * MILLI));
        let work = work(world.live.guard());
        world.timeout.call_with(info, work).await
    };
    assert_eq!(at_every_await(8, World::new, operation, World::check), 3);
}

#[test]
fn a_layered_service() {
    let operation = async |world: &mut World| layered(world, &Fuse::new(0)).await;
    assert_eq!(at_every_await(8, World::new, operation, World::check), 3);
}

#[test]
fn panics() {
    let operation = async |world: &mut World, fuse: Fuse| layered(world, &fuse).await;
    let polls = panic_at_every_poll(8, World::new, operation, World::check);
    assert_eq!(polls, 4);
}
