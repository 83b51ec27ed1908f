//! Every future may be dropped at any of its awaits: nothing is lost or left behind.

mod common;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use seaworthy::core::BoxError;
use seaworthy::queue::{Config, Overload};
use seaworthy::supervisor::Supervisor;
use seaworthy::{WorkersBuilder, dies_of, stateful};
use seaworthy_testkit::{Ending, Live, async_functions, at_every_await};
use tokio::time::sleep;
use tower::{Service, ServiceExt, service_fn};

use common::{Asked, Echo, SECOND, builder, start};

/// What is tested here, by source file. A new future has to come with a test.
const TESTED: [&str; 2] = ["client.rs: Answer", "mortal.rs: MortalFuture"];

#[test]
fn no_async_function_is_left_out() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut here = async_functions(&sources);
    // These have lists of their own.
    for part in ["retry", "stack", "timeout"] {
        let elsewhere = async_functions(&sources.join(part));
        here.retain(|name| !elsewhere.contains(name));
    }
    assert_eq!(here, TESTED);
}

/// A worker takes a second to be built and one for each request, and sleeps after ten.
struct World {
    tree: Supervisor,
    workers: Asked,
    live: Live,
    served: Arc<AtomicU32>,
}

impl World {
    async fn new(builder: WorkersBuilder) -> Self {
        let (live, served) = (Live::new(), Arc::<AtomicU32>::default());
        let (alive, count) = (live.clone(), Arc::clone(&served));
        let (tree, workers) = start(builder.idle_after(10 * SECOND), move |_key, _cx| {
            let (alive, count) = (Arc::new(alive.guard()), Arc::clone(&count));
            async move {
                sleep(SECOND).await;
                let service = service_fn(move |number: u32| {
                    let (alive, count) = (Arc::clone(&alive), Arc::clone(&count));
                    async move {
                        count.fetch_add(1, SeqCst);
                        sleep(SECOND).await;
                        drop(alive);
                        Ok::<_, BoxError>(number)
                    }
                });
                Ok(service.boxed())
            }
        })
        .await;
        Self {
            tree,
            workers,
            live,
            served,
        }
    }

    /// After a minute all sleep, nothing is left of the call, and the next one is served.
    async fn is_as_before(
        &self,
        ending: &Ending<Result<u32, BoxError>>,
        begun: u32,
        awaits: usize,
    ) {
        let before = self.served.load(SeqCst);
        match ending {
            // The answer was there.
            Ending::Woken(last) if *last == awaits => assert_eq!(before, begun + 1),
            Ending::Completed(outcome) => {
                assert_eq!(outcome.as_ref().ok(), Some(&7));
                assert_eq!(before, begun + 1);
            }
            _ => assert_eq!(before, begun, "what nobody waits for is not begun"),
        }
        assert!(self.workers.is_empty(), "{} are awake", self.workers.len());
        assert_eq!(self.live.alive(), 0);
        assert_eq!(self.workers.call("a", 8).await.expect("served"), 8);
        assert!(self.tree.is_alive());
    }
}

#[test]
fn a_call_of_one_that_sleeps() {
    let awaits = at_every_await(
        4,
        async || World::new(builder()).await,
        |world: &mut World| world.workers.call("a", 7),
        async |world, ending| world.is_as_before(&ending, 0, 1).await,
    );
    assert_eq!(awaits, 1);
}

#[test]
fn a_call_of_one_that_is_busy() {
    let awaits = at_every_await(
        4,
        async || {
            let world = World::new(builder()).await;
            tokio::spawn(world.workers.call("a", 1));
            sleep(3 * SECOND / 2).await;
            world
        },
        |world: &mut World| world.workers.call("a", 7),
        async |world, ending| world.is_as_before(&ending, 1, 1).await,
    );
    assert_eq!(awaits, 1);
}

#[test]
fn a_call_that_waits_for_room_in_the_queue() {
    let mut config = Config::default();
    (config.capacity, config.overload) = (1, Overload::Wait);
    let awaits = at_every_await(
        4,
        async || {
            let world = World::new(builder().queue(config.clone())).await;
            for _ in 0..2 {
                tokio::spawn(world.workers.call("a", 1));
            }
            sleep(SECOND / 2).await;
            world
        },
        |world: &mut World| world.workers.call("a", 7),
        async |world, ending| world.is_as_before(&ending, 2, 2).await,
    );
    assert_eq!(awaits, 2);
}

#[test]
fn a_call_that_waits_for_a_place() {
    let awaits = at_every_await(
        4,
        async || {
            let world = World::new(builder().at_most(1).evict_idle(true)).await;
            world.workers.call("b", 1).await.expect("served");
            world
        },
        |world: &mut World| world.workers.call("a", 7),
        async |world, ending| {
            world.is_as_before(&ending, 1, 1).await;
            assert_eq!(world.live.peak(), 1);
        },
    );
    assert_eq!(awaits, 1);
}

/// One that was given up costs the service nothing.
#[test]
fn an_answer_of_which_it_may_die() {
    let awaits = at_every_await(
        4,
        async || {
            let service = service_fn(async |number: u32| {
                sleep(SECOND).await;
                Err::<u32, BoxError>(number.to_string().into())
            });
            dies_of(service, |error: &BoxError| Some(error.to_string().into())).boxed()
        },
        |service: &mut Echo| service.call(7),
        async |service, ending| {
            let ready = service.ready().await.is_ok();
            assert_eq!(ready, !matches!(ending, Ending::Completed(_)));
        },
    );
    assert_eq!(awaits, 1);
}

/// Whoever gives up lets go of the state, be it half way.
#[test]
fn a_call_of_a_state() {
    async fn twice(total: &mut u32, number: u32) -> Result<u32, BoxError> {
        *total += number;
        sleep(SECOND).await;
        *total += number;
        Ok(*total)
    }
    let awaits = at_every_await(
        4,
        async || {
            let mut service = stateful(0, twice).boxed();
            tokio::spawn(service.call(1));
            tokio::task::yield_now().await;
            service
        },
        |service: &mut Echo| service.call(10),
        async |service, ending| {
            let total = service.call(0).await.expect("nobody has it");
            let expected = match ending {
                Ending::Unpolled | Ending::Pending(1) | Ending::Woken(1) => 2,
                Ending::Pending(_) | Ending::Woken(_) => 12,
                _ => 22,
            };
            assert_eq!(total, expected);
        },
    );
    assert_eq!(awaits, 2);
}
