//! A call may be dropped at every await and panic at every poll: its place is free again, and the next in line has it.

use std::path::Path;
use std::time::Duration;

use seaworthy_bulkhead::Bulkhead;
use seaworthy_core::component::Registry;
use seaworthy_core::{BoxError, Verdict};
use seaworthy_testkit::{
    Ending, Fuse, Live, LiveGuard, async_functions, at_every_await, panic_at_every_poll,
};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tower::{Layer, Service, ServiceExt, service_fn};

/// What is tested here, by source file. A new async function has to come with a test.
const TESTED: [(&str, fn()); 5] = [
    ("bulkhead.rs: acquire", acquire),
    ("bulkhead.rs: acquire_many", acquire_many),
    ("bulkhead.rs: call", call),
    ("bulkhead.rs: call_with", call_with),
    ("future.rs: ResponseFuture", a_layered_service),
];

#[test]
fn no_async_function_is_left_out() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut here = async_functions(&sources);
    // These have lists of their own.
    for part in ["pool", "throttle"] {
        let elsewhere = async_functions(&sources.join(part));
        here.retain(|name| !elsewhere.contains(name));
    }
    assert_eq!(here, TESTED.map(|(name, _)| name));
}

const MILLI: Duration = Duration::from_millis(1);

/// A bulkhead with one place, which is taken for two milliseconds.
struct World {
    bulkhead: Bulkhead,
    live: Live,
    holder: JoinHandle<()>,
}

impl World {
    async fn new() -> Self {
        let bulkhead = Bulkhead::builder("b")
            .max_concurrent(1)
            .max_waiting(2)
            .max_wait(10 * MILLI)
            .registry(&Registry::new())
            .build()
            .expect("allowed");
        let permit = bulkhead.try_acquire().expect("free");
        let holder = tokio::spawn(async move {
            sleep(2 * MILLI).await;
            drop(permit);
        });
        let live = Live::new();
        Self {
            bulkhead,
            live,
            holder,
        }
    }

    /// Nothing is left of the call, and the one place there is goes to whoever comes next.
    async fn check<T>(&mut self, ending: Ending<T>) {
        drop(ending);
        assert_eq!(self.live.alive(), 0, "the call is gone");
        assert_eq!(self.bulkhead.view().waiting, 0);
        let permit = self.bulkhead.acquire().await.expect("it becomes free");
        assert!(self.holder.is_finished());
        assert_eq!(self.bulkhead.view().in_flight, 1);
        drop(permit);
        assert_eq!(self.bulkhead.view().in_flight, 0);
    }
}

async fn work(alive: LiveGuard) -> Result<(), BoxError> {
    sleep(MILLI).await;
    drop(alive);
    Ok(())
}

#[test]
fn acquire() {
    let operation = async |world: &mut World| world.bulkhead.acquire().await;
    assert_eq!(at_every_await(10, World::new, operation, World::check), 1);
}

#[test]
fn acquire_many() {
    let operation = async |world: &mut World| world.bulkhead.acquire_many(7).await;
    assert_eq!(at_every_await(10, World::new, operation, World::check), 1);
}

#[test]
fn call() {
    let operation = async |world: &mut World| world.bulkhead.call(work(world.live.guard())).await;
    assert_eq!(at_every_await(10, World::new, operation, World::check), 2);
}

#[test]
fn call_with() {
    let operation = async |world: &mut World| {
        let classify = |_: Result<&(), &BoxError>| Verdict::Overload;
        let work = work(world.live.guard());
        world.bulkhead.call_with(classify, work).await
    };
    assert_eq!(at_every_await(10, World::new, operation, World::check), 2);
}

async fn layered(world: &World, fuse: Fuse) -> Result<(), BoxError> {
    let live = world.live.clone();
    let service = service_fn(move |()| fuse.wrap(work(live.guard())));
    let mut service = world.bulkhead.layer().layer(service);
    service.ready().await?.call(()).await
}

#[test]
fn a_layered_service() {
    let operation = async |world: &mut World| layered(world, Fuse::new(0)).await;
    assert_eq!(at_every_await(10, World::new, operation, World::check), 2);
}

/// The place is taken in `poll_ready`.
#[test]
fn a_service_that_is_not_ready_while_full() {
    let operation = async |world: &mut World| {
        let live = world.live.clone();
        let service = service_fn(move |()| work(live.guard()));
        let layer = world.bulkhead.layer().not_ready_while_full();
        layer.layer(service).oneshot(()).await
    };
    assert_eq!(at_every_await(10, World::new, operation, World::check), 2);
}

#[test]
fn a_panic_gives_the_place_back() {
    let operation = async |world: &mut World, fuse: Fuse| layered(world, fuse).await;
    let polls = panic_at_every_poll(10, World::new, operation, World::check);
    assert_eq!(polls, 2);
}

/// A service that panics before there is a future, at once or after it was waited for.
#[test]
fn a_panic_of_the_call_itself_gives_the_place_back() {
    for waits in [false, true] {
        seaworthy_testkit::block_on_paused(async {
            let mut world = World::new().await;
            if !waits {
                sleep(3 * MILLI).await;
            }
            let service = service_fn(|()| -> std::future::Ready<Result<(), BoxError>> {
                panic!("in the call")
            });
            let service = world.bulkhead.layer().layer(service);
            let task = tokio::spawn(service.oneshot(()));
            assert!(task.await.unwrap_err().is_panic());
            world.check(Ending::<()>::Unpolled).await;
        });
    }
}
