//! When nothing brings it back any more, and when something does after all.

use seaworthy_core::{Executed, Reason};
use seaworthy_supervisor::service::ServiceState;
use seaworthy_supervisor::{Child, Context, Restart, Strategy, Supervised, Supervisor};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tower::{Service, ServiceExt};

use crate::common::{counter, idle, millis, secs, settle};
use crate::shop::*;

/// Waits in a task of its own; the answer comes with the time at which it came.
fn waiter(shop: &Supervised<Shop>) -> JoinHandle<((Reason, Executed), Instant)> {
    let mut shop = shop.clone();
    tokio::spawn(async move { (rejection(ask(&mut shop, Order::Who).await), Instant::now()) })
}

/// The supervisor gives up: who waits is told at once, by an error, and so is everybody after.
#[tokio::test(start_paused = true)]
async fn too_many_crashes_are_the_end() {
    let mut town = Town::with(|builder| builder.failfast(secs(60)), millis(10), 2).await;
    for _ in 0..2 {
        rejection(ask(&mut town.shop, Order::Panic).await);
        ask(&mut town.shop, Order::Who).await.unwrap();
    }
    rejection(ask(&mut town.shop, Order::Panic).await);
    // Asked in the same breath: the supervisor has not even heard of the crash.
    let crashed = Instant::now();
    assert_eq!(rejection(ask(&mut town.shop, Order::Who).await), STOPPED);
    assert_eq!(crashed.elapsed(), secs(0));
    assert_eq!(waiter(&town.shop).await.unwrap(), (STOPPED, crashed));
    assert_eq!(rejection(town.shop.ready().await.map(drop)), STOPPED);
    assert_eq!(rejection(town.shop.call(Order::Who).await), STOPPED);
    assert_eq!(town.shop.state(), ServiceState::Stopped);
    assert!(!town.root.is_alive());
}

/// The factory fails again and again: who waits is told as soon as the supervisor gives up.
#[tokio::test(start_paused = true)]
async fn a_factory_that_always_fails_is_the_end() {
    let (plan, calls) = (Plan::default(), counter());
    let (mut shop, child) = builder()
        .failfast(secs(60))
        .build(move |cx: Context| {
            let (plan, first) = (plan.clone(), calls() == 1);
            async move {
                sleep(millis(10)).await;
                if first {
                    Ok(plan.open(&cx))
                } else {
                    Err("no key".into())
                }
            }
        })
        .unwrap();
    let root = Supervisor::builder("town")
        .child(child)
        .start()
        .await
        .unwrap();
    rejection(ask(&mut shop, Order::Panic).await);
    let (crashed, waiting) = (Instant::now(), waiter(&shop));
    assert_eq!(waiting.await.unwrap(), (STOPPED, crashed + millis(30)));
    assert!(!root.is_alive());
}

/// Terminated while somebody waits: told at once. Restarted by hand: the same handle works.
#[tokio::test(start_paused = true)]
async fn a_terminated_child_may_come_back() {
    let mut town = Town::with(|builder| builder.failfast(secs(60)), millis(100), 9).await;
    rejection(ask(&mut town.shop, Order::Panic).await);
    let crashed = Instant::now();
    let waiting = waiter(&town.shop);
    sleep(millis(10)).await;
    // Handled when the restart that is under way is.
    town.root.terminate_child("shop").await.unwrap();
    assert_eq!(waiting.await.unwrap(), (STOPPED, crashed + millis(100)));

    let now = Instant::now();
    assert_eq!(town.shop.state(), ServiceState::Stopped);
    assert_eq!(rejection(ask(&mut town.shop, Order::Who).await), STOPPED);
    assert_eq!(now.elapsed(), secs(0));
    let (root, mut shop) = (town.root.clone(), town.shop.clone());
    let restarted = tokio::spawn(async move { root.restart_child("shop").await });
    settle().await;
    assert_eq!(shop.state(), ServiceState::Restarting);
    assert_eq!(ask(&mut shop, Order::Who).await, Ok(3));
    assert_eq!(ask(&mut town.shop, Order::Who).await, Ok(3));
    restarted.await.unwrap().unwrap();
}

/// A temporary child is not restarted: who waits is told as soon as that is clear.
#[tokio::test(start_paused = true)]
async fn a_temporary_child_has_one_life() {
    let plan = Plan::default();
    let (mut shop, child) = shop(&plan, secs(0), builder().failfast(secs(60)));
    let child = child.restart(Restart::Temporary);
    let root = Supervisor::builder("town")
        .child(child)
        .child(idle("other"));
    let root = root.start().await.unwrap();
    let mut other = shop.clone();
    rejection(ask(&mut shop, Order::Panic).await);
    let crashed = Instant::now();
    assert_eq!(rejection(ask(&mut other, Order::Who).await), STOPPED);
    assert_eq!(waiter(&shop).await.unwrap(), (STOPPED, crashed));
    assert!(root.is_alive());
}

/// Nobody will ever start it.
#[tokio::test(start_paused = true)]
async fn a_child_that_is_dropped_is_never_started() {
    let (shop, child) = shop(&Plan::default(), secs(0), builder());
    let waiting = waiter(&shop);
    sleep(millis(100)).await;
    drop(child);
    assert_eq!(waiting.await.unwrap(), (STOPPED, Instant::now()));
}

/// A sibling that fails to start takes the tree with it.
#[tokio::test(start_paused = true)]
async fn a_tree_that_does_not_start_is_the_end() {
    for before in [true, false] {
        let (shop, child) = shop(&Plan::default(), secs(0), builder());
        let waiting = waiter(&shop);
        let fails = || {
            Child::init("f", |_cx| async {
                sleep(millis(5)).await;
                Err::<seaworthy_supervisor::Init<std::future::Pending<_>>, _>("no".into())
            })
        };
        let root = Supervisor::builder("town");
        let root = if before {
            root.child(fails()).child(child)
        } else {
            root.child(child).child(fails())
        };
        assert!(root.start().await.is_err());
        if before {
            assert_eq!(waiting.await.unwrap().0, STOPPED);
        }
        let mut shop = shop;
        assert_eq!(rejection(ask(&mut shop, Order::Who).await), STOPPED);
    }
}

/// A nested supervisor gives up, its parent restarts it: the same handle goes on.
#[tokio::test(start_paused = true)]
async fn a_supervisor_further_up_brings_it_back() {
    let plan = Plan::default();
    let (mut shop, child) = shop(&plan, millis(100), builder());
    let quarter = Supervisor::builder("quarter")
        .intensity(0, secs(5))
        .child(child);
    let town = Supervisor::builder("town").child(Child::supervisor(quarter));
    let root = Supervisor::builder("land")
        .child(Child::supervisor(town))
        .start()
        .await
        .unwrap();
    for incarnation in [1, 2, 3] {
        let who = ask(&mut shop, Order::Who).await.unwrap();
        assert!(who >= incarnation);
        rejection(ask(&mut shop, Order::Panic).await);
        assert_eq!(shop.state(), ServiceState::Restarting);
        settle().await;
        assert_eq!(shop.state(), ServiceState::Restarting);
    }
    let waiting = waiter(&shop);
    // Too much for the town as well, by hand: its parent brings both back.
    root.child("town").unwrap().kill();
    settle().await;
    assert_eq!(shop.state(), ServiceState::Restarting);
    assert!(!waiting.is_finished());
    ask(&mut shop, Order::Who).await.expect("it is back");
    waiting.abort();
    // Terminated further up, it stays away.
    let mut idle = shop.clone();
    root.terminate_child("town").await.unwrap();
    assert_eq!(rejection(ask(&mut idle, Order::Who).await), STOPPED);
    root.restart_child("town").await.unwrap();
    ask(&mut idle, Order::Who).await.expect("it is back");
    root.stop().await;
    assert_eq!(rejection(ask(&mut idle, Order::Who).await), STOPPED);
}

/// In a restart of its group it is as it is in any other.
#[tokio::test(start_paused = true)]
async fn a_restart_of_its_group_is_a_restart() {
    let (plan, crash) = (
        Plan::default(),
        std::sync::Arc::new(tokio::sync::Notify::new()),
    );
    let (mut shop, child) = shop(&plan, millis(10), builder());
    let order = crash.clone();
    let first = Child::task("first", move |_cx| {
        let order = order.clone();
        async move {
            order.notified().await;
            Err("no".into())
        }
    });
    // Stopped before the shop is, slowly; the shop's slot is vacant meanwhile.
    let slow = Child::init("slow", |cx: Context| async move {
        sleep(millis(50)).await;
        Ok(seaworthy_supervisor::Init::Run(async move {
            cx.shutdown().await;
            sleep(millis(50)).await;
            Ok(())
        }))
    });
    let root = Supervisor::builder("town").strategy(Strategy::OneForAll);
    let root = root
        .child(slow)
        .child(first)
        .child(child)
        .start()
        .await
        .unwrap();
    assert_eq!(ask(&mut shop, Order::Who).await, Ok(3));
    crash.notify_one();
    settle().await;
    let before = Instant::now();
    assert_eq!(shop.state(), ServiceState::Restarting);
    assert_eq!(ask(&mut shop, Order::Who).await, Ok(6));
    assert!(
        before.elapsed() > millis(100),
        "they were all stopped and started"
    );
    root.stop().await;
}

/// The tree stops while it restarts: nothing will come.
#[tokio::test(start_paused = true)]
async fn a_stop_of_the_tree_is_the_end() {
    let mut town = Town::with(|builder| builder.failfast(secs(60)), secs(5), 9).await;
    rejection(ask(&mut town.shop, Order::Panic).await);
    let waiting = waiter(&town.shop);
    settle().await;
    let now = Instant::now();
    town.root.stop().await;
    assert_eq!(waiting.await.unwrap(), (STOPPED, now));
}
