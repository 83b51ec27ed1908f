//! What ends an incarnation, what its callers get, and what does not concern its successor.

use std::task::{Context, Poll};

use seaworthy_core::{BoxError, Rejected};
use seaworthy_supervisor::{Supervised, Supervisor};
use seaworthy_testkit::Live;
use tower::{Service, ServiceExt};

use crate::common::{Seen, millis, secs, settle};
use crate::shop::*;

/// In the call or later: the caller is told, the next call has the next instance.
#[tokio::test(start_paused = true)]
async fn a_panic_replaces_the_instance() {
    let mut town = Town::new().await;
    for (order, message) in [
        (Order::PanicInCall, "panic: in the call at "),
        (Order::Panic, "panic: in the response at "),
    ] {
        let before = town.shop.incarnation().unwrap();
        assert_eq!(rejection(ask(&mut town.shop, order).await), CRASHED);
        assert_eq!(ask(&mut town.shop, Order::Who).await, Ok(before + 1));
        let [crash] = &*town.crashes() else {
            panic!("not one crash")
        };
        assert!(
            crash.starts_with(message) && crash.contains("shop.rs:"),
            "{crash}"
        );
    }
    assert_eq!(town.plan.calls.alive(), 0);
}

/// A call that is dropped drops its future; if that panics, the instance is as broken as by any panic.
#[tokio::test(start_paused = true)]
async fn a_panic_in_the_drop_of_a_call_replaces_the_instance() {
    let mut town = Town::new().await;
    let mut call = town.shop.ready().await.unwrap().call(Order::PanicInDrop);
    assert!(futures_poll(&mut call).is_pending());
    drop(call);
    assert_eq!(ask(&mut town.shop, Order::Who).await, Ok(2));
    let [crash] = &*town.crashes() else {
        panic!("not one crash")
    };
    assert!(crash.starts_with("panic: in the drop at "), "{crash}");
}

/// A future that panics when polled and when dropped: the first is told.
#[tokio::test(start_paused = true)]
async fn a_panic_on_top_of_a_panic_is_contained() {
    struct Twice;
    impl Future for Twice {
        type Output = Result<(), BoxError>;
        fn poll(self: std::pin::Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Self::Output> {
            panic!("first")
        }
    }
    impl Drop for Twice {
        fn drop(&mut self) {
            panic!("second")
        }
    }
    let seen = Seen::new();
    let (mut svc, child) = Supervised::builder("twice")
        .build(|_cx| async { Ok(tower::service_fn(|(): ()| Twice)) })
        .unwrap();
    let root = Supervisor::builder("app").events(&seen.events).child(child);
    let root = root.start().await.unwrap();
    let error = svc.ready().await.unwrap().call(()).await.unwrap_err();
    assert!(Rejected::find_in(error.as_ref()).is_some());
    settle().await;
    let [crash] = &*seen.crashes() else {
        panic!("not one crash")
    };
    assert!(
        crash.reason.to_string().starts_with("panic: first"),
        "{crash}"
    );
    assert_eq!(svc.incarnation(), Some(2));
    root.stop().await;
}

/// What kills other shared services for good.
#[tokio::test(start_paused = true)]
async fn an_error_of_readiness_is_survived() {
    let mut town = Town::new().await;
    town.plan.next_readiness([Readiness::Error]);
    assert_eq!(ask(&mut town.shop, Order::Who).await, Ok(2));
    town.plan.next_readiness([Readiness::Panic]);
    assert_eq!(ask(&mut town.shop, Order::Who).await, Ok(3));
    town.plan
        .next_readiness([Readiness::Pending, Readiness::Error, Readiness::Pending]);
    assert_eq!(ask(&mut town.shop, Order::Who).await, Ok(4));
    let crashes = town.crashes();
    assert_eq!(crashes[0], "error: never ready again: broken: door");
    assert!(
        crashes[1].starts_with("panic: the door fell off at "),
        "{}",
        crashes[1]
    );
    assert_eq!(crashes[2], crashes[0]);
}

/// Errors are answers, unless they were said to be fatal; these are answers, too.
#[tokio::test(start_paused = true)]
async fn a_fatal_error_replaces_the_instance() {
    let (plan, seen) = (Plan::default(), Seen::new());
    let fatal = |problem: &Problem| match problem {
        Problem::Broken("lamp") => panic!("in the dark"),
        problem => *problem == Problem::Broken("till"),
    };
    let (mut shop, child) = shop(&plan, secs(0), builder().fatal(fatal));
    let root = Supervisor::builder("town")
        .events(&seen.events)
        .child(child);
    let _root = root.start().await.unwrap();
    for (what, next) in [("pen", 1), ("till", 2), ("pen", 2), ("lamp", 3)] {
        let answer = ask(&mut shop, Order::Fail(what)).await;
        assert_eq!(answer, Err(Problem::Broken(what)));
        assert_eq!(ask(&mut shop, Order::Who).await, Ok(next), "after `{what}`");
    }
    let crashes = seen.crashes();
    assert_eq!(
        crashes[0].reason.to_string(),
        "error: fatal error: broken: till"
    );
    assert!(
        crashes[1]
            .reason
            .to_string()
            .starts_with("panic: in the dark at ")
    );
    assert_eq!(crashes.len(), 2);
}

/// Other calls run on in their callers' tasks, and nothing that they do hurts the next instance.
#[tokio::test(start_paused = true)]
async fn a_late_failure_does_not_hurt_the_next_instance() {
    let plan = Plan::default();
    let fatal = |problem: &Problem| *problem == Problem::Broken("till");
    let (mut shop, child) = shop(&plan, secs(0), builder().fatal(fatal));
    let _root = Supervisor::builder("town")
        .child(child)
        .start()
        .await
        .unwrap();
    let mut begin = async |order| {
        let call = shop.ready().await.unwrap().call(order);
        tokio::spawn(call)
    };
    let fine = begin(Order::Later(secs(1))).await;
    let fatal = begin(Order::FailLater(secs(2), "till")).await;
    let panics = begin(Order::PanicLater(secs(3))).await;
    settle().await;
    assert_eq!(rejection(ask(&mut shop, Order::Panic).await), CRASHED);
    assert_eq!(ask(&mut shop, Order::Who).await, Ok(2));
    assert_eq!(fine.await.unwrap(), Ok(1));
    assert_eq!(fatal.await.unwrap(), Err(Problem::Broken("till")));
    assert_eq!(rejection(panics.await.unwrap()), CRASHED);
    settle().await;
    assert_eq!(ask(&mut shop, Order::Who).await, Ok(2));
}

/// A clone that panics costs the incarnation, wherever it was made, and nobody else.
#[tokio::test(start_paused = true)]
async fn a_panic_in_a_clone_replaces_the_instance() {
    let mut town = Town::new().await;
    let mut first = town.shop.clone();
    *town.plan.panic_in_clone.lock().unwrap() = true;
    assert_eq!(
        ask(&mut first, Order::Who).await,
        Ok(2),
        "the handle's own clone"
    );
    *town.plan.panic_in_clone.lock().unwrap() = true;
    let mut second = first.clone();
    assert_eq!(
        ask(&mut second, Order::Who).await,
        Ok(3),
        "a clone of the handle"
    );
    assert_eq!(ask(&mut town.shop, Order::Who).await, Ok(3));
    assert_eq!(town.crashes().len(), 2);
}

/// Instances that panic when they are dropped come and go all the same.
#[tokio::test(start_paused = true)]
async fn a_panic_in_the_drop_of_an_instance_is_contained() {
    let mut town = Town::new().await;
    *town.plan.panic_in_drop.lock().unwrap() = true;
    let mut other = town.shop.clone();
    assert_eq!(ask(&mut other, Order::Who).await, Ok(1));
    assert_eq!(rejection(ask(&mut town.shop, Order::Panic).await), CRASHED);
    assert_eq!(ask(&mut town.shop, Order::Who).await, Ok(2));
    assert_eq!(ask(&mut other, Order::Who).await, Ok(2));
    drop(other);
    assert!(town.root.stop().await.is_clean());
    drop(town.shop);
    assert_eq!(town.plan.live.alive(), 0);
}

/// From the outside it is a child like any other.
#[tokio::test(start_paused = true)]
async fn it_can_be_killed_and_restarted() {
    let mut town = Town::new().await;
    assert_eq!(ask(&mut town.shop, Order::Who).await, Ok(1));
    assert!(town.root.child("shop").unwrap().kill());
    settle().await;
    assert_eq!(ask(&mut town.shop, Order::Who).await, Ok(2));
    assert_eq!(town.crashes(), ["killed"]);
}

/// Nothing of an instance is left: not in the tree, and not with handles that are used.
#[tokio::test(start_paused = true)]
async fn old_instances_are_dropped() {
    let mut town = Town::new().await;
    let mut idle = town.shop.clone();
    assert_eq!(ask(&mut idle, Order::Who).await, Ok(1));
    for _ in 0..10 {
        rejection(ask(&mut town.shop, Order::Panic).await);
        ask(&mut town.shop, Order::Who).await.unwrap();
    }
    // The one in the tree, that of the handle, and the old one of the handle that was not used.
    assert_eq!(town.plan.live.alive(), 3);
    assert_eq!(ask(&mut idle, Order::Who).await, Ok(11));
    assert_eq!(town.plan.live.alive(), 3);
    drop(idle);
    town.root.stop().await;
    assert_eq!(town.plan.live.alive(), 1);
    let _ = ask(&mut town.shop, Order::Who).await;
    assert_eq!(town.plan.live.alive(), 0);
}

/// An instance may have tasks of its own: they belong to its incarnation.
#[tokio::test(start_paused = true)]
async fn what_the_factory_spawns_ends_with_the_instance() {
    let (plan, tasks) = (Plan::default(), Live::new());
    let (opened, counted) = (plan.clone(), tasks.clone());
    let (mut shop, child) = builder()
        .build(move |cx| {
            let (plan, guard) = (opened.clone(), counted.guard());
            async move {
                cx.spawn(async move {
                    let _guard = guard;
                    std::future::pending::<()>().await;
                });
                Ok(plan.open(&cx))
            }
        })
        .unwrap();
    let root = Supervisor::builder("town")
        .child(child)
        .start()
        .await
        .unwrap();
    rejection(ask(&mut shop, Order::Panic).await);
    assert_eq!(ask(&mut shop, Order::Who).await, Ok(2));
    assert_eq!((tasks.created(), tasks.alive(), tasks.peak()), (2, 1, 1));
    tokio::time::sleep(millis(1)).await;
    root.stop().await;
    assert_eq!(tasks.alive(), 0);
}

fn futures_poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(std::task::Waker::noop()))
}
