//! A call may be dropped at every await: nothing is left of it, and what it has not used of the budget is there again.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use seaworthy::core::{BoxError, Reason, Rejected};
use seaworthy::fallback::{Fallback, Nothing};
use seaworthy::stack::{Config, Stack};
use seaworthy_testkit::{Ending, Live, LiveGuard, async_functions, at_every_await};
use tokio::time::sleep;
use tower::{Layer, ServiceExt, service_fn};

use crate::{Limit, MILLI, builder};

/// What is tested here, by source file. A new async function has to come with a test.
const TESTED: [(&str, fn()); 3] = [
    ("call.rs: call", call),
    ("call.rs: call_for", call_for),
    ("call.rs: call_with_source", call_with_source),
];

#[test]
fn no_async_function_is_left_out() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/stack");
    assert_eq!(async_functions(&sources), TESTED.map(|(name, _)| name));
}

/// One place, for which the next call waits in vain if it is lost.
struct World {
    stack: Stack<Fallback<Nothing>>,
    live: Live,
    calls: Arc<AtomicU32>,
}

impl World {
    async fn new() -> Self {
        let mut config = Config::default();
        config.bulkhead.as_mut().expect("on").limit = Limit::from(1);
        Self {
            stack: builder().config(config).build().expect("allowed"),
            live: Live::new(),
            calls: Arc::default(),
        }
    }

    async fn check<T>(&mut self, ending: Ending<T>) {
        drop(ending);
        assert_eq!(self.live.alive(), 0, "the call is gone");
        assert_eq!(self.stack.bulkhead().view().in_flight, 0);
        assert!(self.stack.bulkhead().try_acquire().is_ok());
        let retries = self.stack.retry().view();
        assert!(retries.retries <= 1, "{retries:?}");
        let left = 10.0 - retries.retries as f64;
        let why = "only a retry that was made costs one";
        assert_eq!(retries.budget, Some(left), "{why}");
    }

    fn attempt(&self) -> impl Future<Output = Result<u32, BoxError>> + use<> {
        let calls = self.calls.fetch_add(1, Ordering::SeqCst);
        turned_away_once(self.live.guard(), calls)
    }
}

async fn turned_away_once(alive: LiveGuard, calls: u32) -> Result<u32, BoxError> {
    sleep(MILLI).await;
    drop(alive);
    match calls {
        // Which may be tried again, whatever it is.
        0 => Err(Rejected::new(Reason::QueueFull, "inner").into()),
        calls => Ok(calls),
    }
}

/// An attempt, the pause, an attempt.
const AWAITS: usize = 3;

#[test]
fn a_layered_service() {
    let operation = async |world: &mut World| {
        let world = &*world;
        let service = service_fn(|()| world.attempt());
        world.stack.layer().layer(service).oneshot(()).await
    };
    let awaits = at_every_await(10, World::new, operation, World::check);
    assert_eq!(awaits, AWAITS);
}

#[test]
fn call() {
    let operation = async |world: &mut World| {
        let world = &*world;
        world.stack.call(|_| world.attempt()).await
    };
    let awaits = at_every_await(10, World::new, operation, World::check);
    assert_eq!(awaits, AWAITS);
}

#[test]
fn call_for() {
    let operation = async |world: &mut World| {
        let world = &*world;
        world.stack.call_for(&(), |_| world.attempt()).await
    };
    let awaits = at_every_await(10, World::new, operation, World::check);
    assert_eq!(awaits, AWAITS);
}

#[test]
fn call_with_source() {
    let operation = async |world: &mut World| {
        let world = &*world;
        world.stack.call_with_source(&(), |_| world.attempt()).await
    };
    let awaits = at_every_await(10, World::new, operation, World::check);
    assert_eq!(awaits, AWAITS);
}
