//! A drop at every await, a panic at every poll.

use seaworthy_testkit::{Ending, at_every_await, panic_at_every_poll};
use tower::{Service, ServiceExt};

use crate::common::millis;
use crate::shop::*;

/// Dropped while it waits for an instance or for the answer: nobody else notices, nothing is left.
#[test]
fn a_call_may_be_dropped_at_every_await() {
    let awaits = at_every_await(
        8,
        async || {
            let mut town = Town::with(|builder| builder, millis(10), 100).await;
            rejection(ask(&mut town.shop, Order::Panic).await);
            town
        },
        async |town| {
            let mut shop = town.shop.clone();
            ask(&mut shop, Order::Later(millis(10))).await
        },
        async |town, ending| {
            assert_eq!(town.plan.calls.alive(), 0, "{ending}");
            assert!(
                town.plan.live.alive() <= 2,
                "the instance, and the clone of the handle: {ending}"
            );
            assert_eq!(ask(&mut town.shop, Order::Who).await, Ok(2), "{ending}");
            if let Ending::Completed(answer) = ending {
                assert_eq!(answer, Ok(2));
            }
            assert!(town.root.stop().await.is_clean());
        },
    );
    assert!(awaits >= 2, "for the instance, and for the answer");
}

/// Owned calls run on.
#[test]
fn an_owned_call_may_be_dropped_at_every_await() {
    let awaits = at_every_await(
        8,
        async || {
            let plan = Plan::default();
            let (shop, child) = shop(&plan, millis(10), builder().owned());
            let root = seaworthy_supervisor::Supervisor::builder("town").child(child);
            (shop, root.start().await.unwrap(), plan)
        },
        async |(shop, ..)| {
            let mut shop = shop.clone();
            ask(&mut shop, Order::Later(millis(10))).await
        },
        async |(shop, root, plan), ending| {
            assert_eq!(plan.calls.alive(), 0, "{ending}");
            let begun = usize::from(!matches!(ending, Ending::Unpolled));
            assert_eq!(plan.calls.created(), begun, "{ending}");
            assert_eq!(ask(shop, Order::Who).await, Ok(1), "{ending}");
            assert!(root.stop().await.is_clean());
        },
    );
    assert_eq!(awaits, 1);
}

/// Whichever poll of the response panics: the caller is told, and the next call is answered.
#[test]
fn the_response_may_panic_at_every_poll() {
    let polls = panic_at_every_poll(
        8,
        Town::new,
        async |town, fuse| ask(&mut town.shop, Order::Fused(fuse)).await,
        async |town, ending| {
            let Ending::Completed(answer) = ending else {
                panic!("the panic came out: {ending}")
            };
            match answer {
                Ok(who) => assert_eq!(who, 1),
                answer => assert_eq!(rejection(answer), CRASHED),
            }
            let crashes = town.crashes().len() as u64;
            assert_eq!(ask(&mut town.shop, Order::Who).await, Ok(1 + crashes));
            assert_eq!(town.plan.calls.alive(), 0);
        },
    );
    assert_eq!(polls, 4);
}

/// The same for the future of the factory: it is a start that fails, and is tried again.
#[test]
fn the_factory_may_panic_at_every_poll() {
    let polls = panic_at_every_poll(
        8,
        async || (),
        async |(), fuse| {
            let plan = Plan::default();
            let (mut shop, child) = builder()
                .build(move |cx| {
                    let (plan, fuse) = (plan.clone(), fuse.clone());
                    // The first instance is there without the fuse.
                    let first = cx.incarnation() == 1;
                    async move {
                        if !first {
                            fuse.wrap(tokio::task::yield_now()).await;
                        }
                        Ok(plan.open(&cx))
                    }
                })
                .unwrap();
            let root = seaworthy_supervisor::Supervisor::builder("town").child(child);
            let _root = root.start().await.unwrap();
            shop.ready().await.unwrap();
            rejection(shop.call(Order::Panic).await);
            ask(&mut shop, Order::Who).await
        },
        async |(), ending| {
            let answer = ending.completed().expect("contained");
            assert!(answer == Ok(2) || answer == Ok(3), "{answer:?}");
        },
    );
    assert_eq!(polls, 2);
}
