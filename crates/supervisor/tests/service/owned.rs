//! Calls that run in tasks of the child.

use std::task::{Context, Poll, Waker};

use seaworthy_core::reject::IntoError;
use seaworthy_supervisor::service::{NeverFatal, Owned, ServiceState};
use seaworthy_supervisor::{Shutdown, Supervised, Supervisor};
use tokio::time::{Instant, sleep};
use tower::{Service, ServiceExt};

use crate::common::{Seen, millis, secs, settle};
use crate::shop::*;

type Handle = Supervised<Shop, IntoError, NeverFatal, Owned>;

struct World {
    shop: Handle,
    root: Supervisor,
    plan: Plan,
    seen: Seen,
}

async fn world(shutdown: Shutdown) -> World {
    let (plan, seen) = (Plan::default(), Seen::new());
    let (shop, child) = shop(&plan, secs(0), builder().owned());
    let root = Supervisor::builder("town").events(&seen.events);
    let root = root.child(child.shutdown(shutdown)).start().await.unwrap();
    World {
        shop,
        root,
        plan,
        seen,
    }
}

const GRACE: Shutdown = Shutdown::Timeout(secs(5));

/// Neither a caller that goes away nor one that never polls hurts the call.
#[tokio::test(start_paused = true)]
async fn a_call_runs_on_without_its_caller() {
    let mut world = world(GRACE).await;
    let shop = world.shop.ready().await.unwrap();
    drop(shop.call(Order::Later(secs(1))));
    let slow = shop.ready().await.unwrap().call(Order::Later(secs(1)));
    sleep(millis(500)).await;
    assert_eq!(world.plan.calls.alive(), 2);
    sleep(secs(1)).await;
    assert_eq!(world.plan.calls.alive(), 0, "both are done");
    assert_eq!(slow.await, Ok(1));
}

/// All calls of the incarnation end with it; each caller is told.
#[tokio::test(start_paused = true)]
async fn calls_end_with_their_incarnation() {
    let mut world = world(GRACE).await;
    let mut begin = async |order| tokio::spawn(world.shop.ready().await.unwrap().call(order));
    let other = begin(Order::Never).await;
    let panics = begin(Order::PanicLater(secs(1))).await;
    assert_eq!(rejection(panics.await.unwrap()), CRASHED);
    assert_eq!(rejection(other.await.unwrap()), CRASHED);
    assert_eq!(world.plan.calls.alive(), 0);
    assert_eq!(ask(&mut world.shop, Order::Who).await, Ok(2));
    assert_eq!(
        rejection(ask(&mut world.shop, Order::PanicInCall).await),
        CRASHED
    );
    assert_eq!(ask(&mut world.shop, Order::Who).await, Ok(3));
    let crashes = world.seen.crashes();
    assert!(
        crashes[0]
            .reason
            .to_string()
            .starts_with("panic: in the end at ")
    );
    assert!(
        crashes[1]
            .reason
            .to_string()
            .starts_with("panic: in the call at ")
    );
}

/// A fatal error is the answer to its own call, and the end of the others.
#[tokio::test(start_paused = true)]
async fn a_fatal_error_ends_the_others() {
    let plan = Plan::default();
    let fatal = |problem: &Problem| *problem == Problem::Broken("till");
    let (mut shop, child) = shop(&plan, secs(0), builder().owned().fatal(fatal));
    let _root = Supervisor::builder("town")
        .child(child)
        .start()
        .await
        .unwrap();
    let other = tokio::spawn(shop.ready().await.unwrap().call(Order::Never));
    settle().await;
    assert_eq!(
        ask(&mut shop, Order::Fail("pen")).await,
        Err(Problem::Broken("pen"))
    );
    assert_eq!(
        ask(&mut shop, Order::Fail("till")).await,
        Err(Problem::Broken("till"))
    );
    assert_eq!(rejection(other.await.unwrap()), CRASHED);
    assert_eq!(ask(&mut shop, Order::Who).await, Ok(2));
}

/// Asked to stop: no new calls, and time for those that run.
#[tokio::test(start_paused = true)]
async fn a_shutdown_lets_calls_finish() {
    let mut world = world(GRACE).await;
    let mut late = world.shop.clone();
    let mut readied = world.shop.clone();
    readied.ready().await.unwrap();
    let call = tokio::spawn(
        world
            .shop
            .ready()
            .await
            .unwrap()
            .call(Order::Later(secs(2))),
    );
    settle().await;
    let (root, now) = (world.root.clone(), Instant::now());
    let stopped = tokio::spawn(async move { root.stop().await });
    sleep(millis(100)).await;
    assert_eq!(world.shop.state(), ServiceState::ShuttingDown);
    assert_eq!(rejection(ask(&mut late, Order::Who).await), SHUTTING_DOWN);
    assert_eq!(rejection(readied.call(Order::Who).await), SHUTTING_DOWN);
    assert_eq!(call.await.unwrap(), Ok(1));
    let report = stopped.await.unwrap();
    assert!(
        report.is_clean() && now.elapsed() < secs(2),
        "not a moment longer"
    );
    assert_eq!(rejection(ask(&mut late, Order::Who).await), STOPPED);
    assert_eq!(
        world.plan.live.alive(),
        2,
        "the clones of handles that were not used since"
    );
}

/// Idle handles and unfinished business of nobody hold nothing up.
#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_for_handles() {
    let mut world = world(GRACE).await;
    let mut idle = world.shop.clone();
    assert_eq!(ask(&mut idle, Order::Who).await, Ok(1));
    idle.ready().await.unwrap();
    let now = Instant::now();
    assert!(world.root.stop().await.is_clean());
    assert_eq!(now.elapsed(), secs(0));
    assert_eq!(rejection(ask(&mut world.shop, Order::Who).await), STOPPED);
}

/// Calls that do not finish in time are cut off, and may have been executed.
#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_for_ever() {
    let mut world = world(Shutdown::Timeout(secs(1))).await;
    let call = tokio::spawn(world.shop.ready().await.unwrap().call(Order::Never));
    settle().await;
    let now = Instant::now();
    let report = world.root.stop().await;
    assert_eq!((report.killed, now.elapsed().as_secs()), (1, 1));
    assert_eq!(rejection(call.await.unwrap()), CUT_OFF);
    assert_eq!(world.plan.calls.alive(), 0);
}

/// A panic of a call that was given time to finish is that caller's alone: the service is going anyway.
#[tokio::test(start_paused = true)]
async fn a_panic_during_a_shutdown_is_no_crash() {
    let mut world = world(GRACE).await;
    let mut begin = async |order| tokio::spawn(world.shop.ready().await.unwrap().call(order));
    let panics = begin(Order::PanicLater(secs(1))).await;
    let fine = begin(Order::Later(secs(2))).await;
    settle().await;
    assert!(world.root.stop().await.is_clean());
    assert_eq!(rejection(panics.await.unwrap()), CRASHED);
    assert_eq!(fine.await.unwrap(), Ok(1));
    assert!(world.seen.crashes().is_empty());
}

/// An answer that nobody has asked for yet outlives the runtime.
#[test]
fn a_call_ends_with_the_runtime() {
    let call = seaworthy_testkit::block_on_paused(async {
        let mut world = world(GRACE).await;
        let call = world.shop.ready().await.unwrap().call(Order::Never);
        settle().await;
        call
    });
    let mut call = std::pin::pin!(call);
    let Poll::Ready(answer) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("nothing will come")
    };
    assert_eq!(rejection(answer), CRASHED);
}
