//! Handles on two threads, over restarts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use seaworthy_core::Reason;
use seaworthy_supervisor::Supervisor;
use seaworthy_testkit::seeds;
use tokio::time::timeout;

use crate::common::{secs, two_workers};
use crate::shop::*;

/// Each call has exactly one answer of those that there are, nobody is left waiting, and in the end the service
/// is as good as ever.
#[test]
fn clones_race_over_restarts() {
    two_workers().block_on(async {
        let plan = Plan::default();
        let (shop, child) = shop(&plan, secs(0), builder().failfast(secs(60)));
        let root = Supervisor::builder("town")
            .intensity(u32::MAX, secs(1))
            .child(child);
        let root = root.start().await.unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..8_u64 {
            let mut shop = shop.clone();
            tasks.spawn(async move {
                let (mut answered, mut last) = (0, 0);
                for round in 0..400_u64 {
                    let crash = (round * 7 + number) % 40 == 0;
                    let order = if crash { Order::Panic } else { Order::Who };
                    match ask(&mut shop, order).await {
                        Ok(who) => {
                            assert!(who >= last, "an old instance after a new one");
                            (answered, last) = (answered + 1, who);
                        }
                        Err(Problem::Rejected(rejected)) => {
                            let reason = rejected.reason();
                            // Down between `poll_ready` and `call`, or in the call that crashed it.
                            let fits = if crash {
                                Reason::Crashed
                            } else {
                                Reason::Restarting
                            };
                            assert!(reason == fits || reason == Reason::Restarting, "{reason}");
                        }
                        Err(other) => panic!("{other}"),
                    }
                    if round % 50 == 0 {
                        shop = shop.clone();
                    }
                }
                answered
            });
        }
        let answers = timeout(secs(60), tasks.join_all())
            .await
            .expect("nobody waits for ever");
        assert!(answers.iter().sum::<u64>() > 2000, "{answers:?}");
        let mut shop = shop;
        ask(&mut shop, Order::Who).await.unwrap();
        assert!(root.stop().await.is_clean());
        drop(shop);
        assert_eq!((plan.live.alive(), plan.calls.alive()), (0, 0));
    });
}

/// Many wait, one instance comes: all are woken, whoever has it in hand at that moment.
#[test]
fn no_wake_up_is_lost() {
    two_workers().block_on(async {
        let plan = Plan::default();
        let (shop, child) = shop(&plan, secs(0), builder().failfast(secs(60)));
        let root = Supervisor::builder("town")
            .intensity(u32::MAX, secs(1))
            .child(child);
        let root = root.start().await.unwrap();
        for _ in 0..200 {
            let mut tasks = tokio::task::JoinSet::new();
            for number in 0..20 {
                let mut shop = shop.clone();
                tasks.spawn(async move {
                    if number == 0 {
                        let _ = ask(&mut shop, Order::Panic).await;
                    }
                    while ask(&mut shop, Order::Who).await.is_err() {}
                });
            }
            timeout(secs(30), tasks.join_all())
                .await
                .expect("nobody is forgotten");
        }
        root.stop().await;
    });
}

/// The end of the tree, while calls come from another thread: each is answered, by one of the reasons that fit.
#[test]
fn calls_race_with_the_end() {
    for seed in seeds(60) {
        let pause = seed.rng().range(0..200) as usize;
        two_workers().block_on(async move {
            let plan = Plan::default();
            let (shop, child) = shop(&plan, secs(0), builder().owned().failfast(secs(60)));
            let root = Supervisor::builder("town")
                .child(child)
                .start()
                .await
                .unwrap();
            let (over, calls) = (
                Arc::new(AtomicBool::new(false)),
                Arc::new(AtomicUsize::new(0)),
            );
            let mut tasks = tokio::task::JoinSet::new();
            for _ in 0..3 {
                let (mut shop, over, calls) = (shop.clone(), over.clone(), calls.clone());
                tasks.spawn(async move {
                    while !over.load(SeqCst) {
                        match ask(&mut shop, Order::Who).await {
                            Ok(1) => _ = calls.fetch_add(1, SeqCst),
                            Err(Problem::Rejected(rejected)) => match rejected.reason() {
                                Reason::Stopped | Reason::ShuttingDown => {}
                                reason => panic!("{reason}"),
                            },
                            answer => panic!("{answer:?}"),
                        }
                        tokio::task::yield_now().await;
                    }
                });
            }
            while calls.load(SeqCst) < pause {
                tokio::task::yield_now().await;
            }
            assert!(root.stop().await.is_clean());
            over.store(true, SeqCst);
            timeout(secs(30), tasks.join_all())
                .await
                .expect("nobody waits");
        });
    }
}
