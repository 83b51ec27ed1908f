//! A call may be dropped at every await and panic at every poll: its place is free again, and nothing is left of it.

use std::path::Path;
use std::time::Duration;

use seaworthy_core::BoxError;
use seaworthy_core::component::Registry;
use seaworthy_fallback::{Fallback, FallbackBuilder, LastGood, Strategy};
use seaworthy_testkit::{
    Ending, Fuse, Live, LiveGuard, async_functions, at_every_await, panic_at_every_poll,
};
use tokio::time::sleep;
use tower::{Layer, Service, ServiceExt, service_fn};

/// What is tested here, by source file. A new async function has to come with a test.
const TESTED: [(&str, fn()); 4] = [
    ("fallback.rs: call", call),
    ("fallback.rs: call_for", call_for),
    ("fallback.rs: call_with_source", call_with_source),
    ("future.rs: ResponseFuture", a_layered_service),
];

#[test]
fn no_async_function_is_left_out() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    assert_eq!(async_functions(&sources), TESTED.map(|(name, _)| name));
}

const MILLI: Duration = Duration::from_millis(1);

/// A fallback that takes its time: a backup that fails, after it was not ready at first, and then a function.
struct World<T> {
    fallback: Fallback<T>,
    last: LastGood<(), u32, u32>,
    live: Live,
}

impl World<()> {
    async fn new() -> World<impl Strategy<(), u32, BoxError>> {
        let live = Live::new();
        let last = LastGood::by(|(): &()| 1).max_age(MILLI).one_at_a_time();
        let last = last.build().expect("allowed");
        let (of_backup, of_function) = (live.clone(), live.clone());
        let backup = service_fn(move |()| fails(of_backup.guard()));
        let builder: FallbackBuilder = Fallback::builder("f").registry(&Registry::new());
        let fallback = builder
            .last_good(last.clone())
            .backup("b", tower::limit::ConcurrencyLimit::new(backup, 1))
            .async_function(move |_: Result<&u32, &BoxError>| {
                let guard = of_function.guard();
                async move {
                    sleep(MILLI).await;
                    drop(guard);
                    Ok::<_, BoxError>(5)
                }
            })
            .max_concurrent(1)
            .build()
            .expect("allowed");
        // From here on one call asks at a time, and what is kept is too old by then.
        last.insert(1, 4);
        fallback
            .call(async { Err("down".into()) })
            .await
            .expect("kept");
        sleep(10 * MILLI).await;
        World {
            fallback,
            last,
            live,
        }
    }
}

impl<T: Strategy<(), u32, BoxError>> World<T> {
    /// Nothing is left of the call, and the next one asks, finds a place, and may have its turn.
    async fn check<R>(&mut self, ending: Ending<R>) {
        drop(ending);
        assert_eq!(self.live.alive(), 0, "the call is gone");
        assert_eq!(self.fallback.view().under_way, 0);
        let next = self.fallback.call(fails(self.live.guard()));
        assert_eq!(next.await.expect("of the function"), 5);
        let well = self.fallback.call(async { Ok(6) });
        assert_eq!(well.await.expect("of itself"), 6);
        assert_eq!(self.last.len(), 1);
    }
}

async fn fails(alive: LiveGuard) -> Result<u32, BoxError> {
    sleep(MILLI).await;
    drop(alive);
    Err("down".into())
}

#[test]
fn call() {
    let awaits = at_every_await(
        10,
        World::new,
        async |world| world.fallback.call(fails(world.live.guard())).await,
        async |world, ending| world.check(ending).await,
    );
    assert_eq!(awaits, 3, "the service, the backup, the function");
}

#[test]
fn call_for() {
    let awaits = at_every_await(
        10,
        World::new,
        async |world| {
            let work = fails(world.live.guard());
            world.fallback.call_for(&(), work).await
        },
        async |world, ending| world.check(ending).await,
    );
    assert_eq!(awaits, 3);
}

#[test]
fn call_with_source() {
    let awaits = at_every_await(
        10,
        World::new,
        async |world| {
            let work = fails(world.live.guard());
            world.fallback.call_with_source(&(), work).await
        },
        async |world, ending| world.check(ending).await,
    );
    assert_eq!(awaits, 3);
}

async fn layered<T: Strategy<(), u32, BoxError>>(
    world: &World<T>,
    fuse: Fuse,
) -> Result<u32, BoxError> {
    let live = world.live.clone();
    let service = service_fn(move |()| fuse.wrap(fails(live.guard())));
    let mut service = world.fallback.layer().layer(service);
    service.ready().await?.call(()).await
}

#[test]
fn a_layered_service() {
    let awaits = at_every_await(
        10,
        World::new,
        async |world| layered(world, Fuse::new(0)).await,
        async |world, ending| world.check(ending).await,
    );
    assert_eq!(awaits, 3);
}

#[test]
fn a_panic_of_the_service_leaves_nothing_behind() {
    let polls = panic_at_every_poll(
        10,
        World::new,
        async |world, fuse| layered(world, fuse).await,
        async |world, ending| world.check(ending).await,
    );
    assert_eq!(polls, 2);
}
