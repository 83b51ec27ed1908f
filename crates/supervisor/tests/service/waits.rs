//! While it restarts: who waits, how long, and who is woken.

use std::task::Poll;
use std::time::Duration;

use seaworthy_supervisor::Supervisor;
use tokio::time::{Instant, sleep, timeout};
use tower::{Service, ServiceExt};

use crate::common::{millis, secs, settle};
use crate::shop::*;

/// Half a second to open: all wait, and have their answers as soon as it is open.
#[tokio::test(start_paused = true)]
async fn calls_wait_for_the_next_instance() {
    let mut town = Town::with(|builder| builder, millis(500), 100).await;
    rejection(ask(&mut town.shop, Order::Panic).await);
    let crashed = Instant::now();
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let mut shop = town.shop.clone();
        waiting.spawn(async move { (ask(&mut shop, Order::Who).await, crashed.elapsed()) });
    }
    for answer in waiting.join_all().await {
        assert_eq!(answer, (Ok(2), millis(500)));
    }
}

/// Two seconds to open, one of them waited for: then calls are turned away, until it is open.
#[tokio::test(start_paused = true)]
async fn calls_do_not_wait_for_ever() {
    let mut town = Town::with(|builder| builder.failfast(secs(1)), secs(2), 100).await;
    rejection(ask(&mut town.shop, Order::Panic).await);
    let crashed = Instant::now();
    sleep(millis(600)).await;
    let mut late = town.shop.clone();
    let answer = ask(&mut late, Order::Who).await;
    assert_eq!(crashed.elapsed(), secs(1), "counted from the crash");
    let Err(Problem::Rejected(rejected)) = &answer else {
        panic!("{answer:?}")
    };
    assert_eq!(rejected.retry_after(), Some(secs(1)));
    assert_eq!(rejection(answer), RESTARTING);
    sleep(millis(500)).await;
    assert_eq!(rejection(ask(&mut late, Order::Who).await), RESTARTING);
    assert_eq!(crashed.elapsed(), millis(1500), "at once");
    sleep(millis(501)).await;
    assert_eq!(ask(&mut late, Order::Who).await, Ok(2));
    // The next time counts anew.
    rejection(ask(&mut town.shop, Order::Panic).await);
    let crashed = Instant::now();
    assert_eq!(rejection(ask(&mut late, Order::Who).await), RESTARTING);
    assert_eq!(crashed.elapsed(), secs(1));
}

/// A handle that was ready to turn a call away does so, even if the service came back; then it is ready to call.
#[tokio::test(start_paused = true)]
async fn a_refusal_is_one_refusal() {
    let mut town = Town::with(|builder| builder.failfast(Duration::ZERO), millis(10), 100).await;
    rejection(ask(&mut town.shop, Order::Panic).await);
    town.shop.ready().await.unwrap();
    sleep(millis(20)).await;
    let refused = town.shop.call(Order::Who).await;
    let Err(Problem::Rejected(rejected)) = &refused else {
        panic!("{refused:?}")
    };
    assert_eq!(rejected.retry_after(), None, "nothing that is known");
    assert_eq!(rejection(refused), RESTARTING);
    assert_eq!(ask(&mut town.shop, Order::Who).await, Ok(2));
}

/// Before the tree is started it is the same.
#[tokio::test(start_paused = true)]
async fn calls_wait_for_the_first_instance() {
    let plan = Plan::default();
    let (mut shop, child) = shop(&plan, millis(10), builder());
    let mut early = shop.clone();
    let early = tokio::spawn(async move { ask(&mut early, Order::Who).await });
    sleep(millis(500)).await;
    assert!(!early.is_finished());
    let _root = Supervisor::builder("town")
        .child(child)
        .start()
        .await
        .unwrap();
    assert_eq!(early.await.unwrap(), Ok(1));
    assert_eq!(ask(&mut shop, Order::Who).await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn calls_do_not_wait_for_ever_for_the_first_instance() {
    let (mut shop, _child) = shop(&Plan::default(), millis(10), builder().failfast(secs(3)));
    let before = Instant::now();
    assert_eq!(rejection(ask(&mut shop, Order::Who).await), RESTARTING);
    assert_eq!(before.elapsed(), secs(3));
}

/// A handle that waits for its own busy clone learns that the clone will never be ready.
#[tokio::test(start_paused = true)]
async fn who_waits_for_a_busy_instance_is_woken_by_its_crash() {
    /// Ready on the first incarnation only for those who come early.
    #[derive(Clone)]
    struct Gate(u64, std::sync::Arc<std::sync::atomic::AtomicBool>);
    impl Service<Order> for Gate {
        type Response = u64;
        type Error = Problem;
        type Future = std::pin::Pin<Box<dyn Future<Output = Result<u64, Problem>> + Send>>;
        fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), Problem>> {
            let shut = self.0 == 1 && self.1.load(std::sync::atomic::Ordering::SeqCst);
            // Whoever is shut out is never woken.
            if shut {
                Poll::Pending
            } else {
                Poll::Ready(Ok(()))
            }
        }
        fn call(&mut self, order: Order) -> Self::Future {
            let who = self.0;
            Box::pin(async move {
                settle().await;
                assert!(matches!(order, Order::Who), "in the gate");
                Ok(who)
            })
        }
    }
    let shut = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let gate = shut.clone();
    let (mut svc, child) = builder()
        .build(move |cx| {
            let gate = Gate(cx.incarnation(), gate.clone());
            async move { Ok(gate) }
        })
        .unwrap();
    let _root = Supervisor::builder("town")
        .child(child)
        .start()
        .await
        .unwrap();
    let crash = tokio::spawn(svc.ready().await.unwrap().call(Order::Panic));
    shut.store(true, std::sync::atomic::Ordering::SeqCst);
    let waited = timeout(secs(1), ask(&mut svc, Order::Who)).await;
    assert_eq!(waited.expect("it is woken"), Ok(2));
    assert_eq!(rejection(crash.await.unwrap()), CRASHED);
}

/// Handles that gave up waiting, or are gone, are forgotten.
#[tokio::test(start_paused = true)]
async fn who_no_longer_waits_is_not_kept() {
    struct Counted(seaworthy_testkit::LiveGuard);
    impl std::task::Wake for Counted {
        fn wake(self: std::sync::Arc<Self>) {
            let _ = &self.0;
        }
    }
    let (wakers, plan) = (seaworthy_testkit::Live::new(), Plan::default());
    let (shop, _child) = shop(&plan, secs(0), builder());
    let mut handles: Vec<_> = (0..10).map(|_| shop.clone()).collect();
    for _ in 0..5 {
        for handle in &mut handles {
            let waker = std::sync::Arc::new(Counted(wakers.guard())).into();
            let mut cx = std::task::Context::from_waker(&waker);
            assert!(<_ as Service<Order>>::poll_ready(handle, &mut cx).is_pending());
        }
        // Those in line, and as many in the timers.
        assert!(wakers.alive() <= 20, "{} are kept", wakers.alive());
    }
    handles.truncate(3);
    assert!((3..=6).contains(&wakers.alive()));
    drop(handles);
    assert_eq!(wakers.alive(), 0);
}
