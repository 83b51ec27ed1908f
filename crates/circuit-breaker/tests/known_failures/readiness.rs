//! Services that are not ready while the breaker is open, and the contract of tower.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};

use seaworthy_circuit_breaker::{CircuitBreakerService, MaxWait};
use seaworthy_core::BoxError;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tower::{Layer, Service, ServiceExt};

use super::*;

/// Takes a second for each call, and counts how many run at once.
#[derive(Clone, Default)]
struct Slow {
    calls: Arc<AtomicUsize>,
    running: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Service<()> for Slow {
    type Response = Instant;
    type Error = BoxError;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Instant, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            this.calls.fetch_add(1, SeqCst);
            let running = this.running.fetch_add(1, SeqCst) + 1;
            this.most.fetch_max(running, SeqCst);
            sleep(secs(1)).await;
            this.running.fetch_sub(1, SeqCst);
            Ok(Instant::now())
        })
    }
}

fn waiting(breaker: &CircuitBreaker) -> (Slow, CircuitBreakerService<Slow>) {
    let slow = Slow::default();
    let service = breaker.layer().not_ready_while_open().layer(slow.clone());
    (slow, service)
}

/// All wait until it may be tried; then each gets a place of its own or goes on waiting. Nobody is turned away.
#[tokio::test(start_paused = true)]
async fn clones_that_were_ready_and_are_turned_away() {
    let mut config = config();
    config.half_open = trial(Permits::AtOnce(2), JudgedBy::Successes(4));
    let breaker = breaker(config);
    let (slow, service) = waiting(&breaker);
    fail(&breaker, 2);
    let began = Instant::now();
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        calls.spawn(service.clone().oneshot(()));
    }
    let mut ended = Vec::new();
    while let Some(call) = calls.join_next().await {
        let at = call.expect("well").expect("nobody is turned away");
        ended.push(at.duration_since(began).as_secs());
    }
    assert_eq!(
        slow.most.load(SeqCst),
        16,
        "two, two, and then all the rest"
    );
    assert_eq!(ended[..4], [6, 6, 7, 7]);
    assert!(ended[4..].iter().all(|at| *at == 8), "{ended:?}");
    assert_eq!(breaker.rejections(), 0);
    assert_eq!(breaker.state(), State::Closed);
}

/// How often the future of `ready` is polled.
async fn polls_of<T>(future: impl Future<Output = T>, polls: &AtomicUsize) -> T {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|cx| {
        polls.fetch_add(1, SeqCst);
        future.as_mut().poll(cx)
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn waiting_by_asking_again_and_again() {
    let breaker = breaker(config());
    let (_, service) = waiting(&breaker);
    breaker.force_open();
    let polls = AtomicUsize::new(0);
    let (mut one, mut other) = (service.clone(), service);
    let waits = timeout(secs(3600), polls_of(one.ready(), &polls)).await;
    assert!(waits.is_err());
    assert_eq!(
        polls.swap(0, SeqCst),
        2,
        "at first, and at the end of its patience"
    );
    // All places are taken, for an hour without a lease.
    let mut config = config();
    config.half_open.lease = None;
    let _ = breaker.reconfigure(config).expect("it is allowed");
    breaker.reset();
    until_it_may_be_tried(&breaker).await;
    let probe = admitted(&breaker);
    let both = async {
        tokio::join!(
            polls_of(one.ready(), &polls),
            polls_of(other.ready(), &polls)
        )
    };
    assert!(timeout(secs(3600), both).await.is_err());
    assert!(polls.load(SeqCst) <= 6, "{polls:?}");
    probe.success();
    assert_eq!(breaker.state(), State::Closed);
    timeout(NANO, one.ready())
        .await
        .expect("now")
        .expect("it is ready");
}

/// Several wait when an order changes everything: all are told.
#[tokio::test(start_paused = true)]
async fn waiters_of_whom_only_one_is_woken() {
    let breaker = breaker(config());
    let (slow, service) = waiting(&breaker);
    breaker.force_open();
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        calls.spawn(service.clone().oneshot(()));
    }
    sleep(secs(60)).await;
    assert_eq!(slow.calls.load(SeqCst), 0);
    breaker.reset();
    sleep(millis(1)).await;
    assert_eq!(slow.running.load(SeqCst), 50);
    while let Some(call) = calls.join_next().await {
        call.expect("well").expect("it was let in");
    }
}

/// The probe hangs and nobody else calls: who waits finds out by itself that the place is free again.
#[tokio::test(start_paused = true)]
async fn waiters_that_a_lost_probe_keeps_waiting() {
    for by_lease in [true, false] {
        let mut config = config();
        if !by_lease {
            config.half_open.lease = None;
            let (time, then) = (secs(10), Default::default());
            config.half_open.max_wait = Some(MaxWait { time, then });
        }
        let breaker = breaker(config);
        let (_, mut service) = waiting(&breaker);
        until_it_may_be_tried(&breaker).await;
        let _lost = admitted(&breaker);
        let began = Instant::now();
        let ready = timeout(secs(60), service.ready()).await;
        ready
            .expect("woken")
            .expect("well")
            .call(())
            .await
            .expect("let in");
        let waited = began.elapsed() - secs(1);
        let until_overdue_and_open = secs(15)..secs(15) + millis(50);
        assert!(until_overdue_and_open.contains(&waited), "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn waiters_that_recovery_keeps_waiting() {
    let mut config = config();
    config.ramp_up = Some(secs(100));
    let breaker = breaker(config);
    let (_, mut service) = waiting(&breaker);
    until_it_may_be_tried(&breaker).await;
    succeed(&breaker, 1);
    assert_eq!(breaker.state(), State::Recovering);
    for _ in 0..5 {
        let ready = timeout(secs(100), service.ready()).await;
        let called = ready.expect("woken").expect("well").call(());
        called.await.expect("let in");
    }
}

/// Who is ready and does not call gives its place back when it is asked again, cloned from, or dropped.
#[tokio::test(start_paused = true)]
async fn places_that_are_lost_with_who_had_reserved_them() {
    let breaker = breaker(config());
    let (_, mut service) = waiting(&breaker);
    until_it_may_be_tried(&breaker).await;
    let began = Instant::now();
    for _ in 0..5 {
        service.ready().await.expect("well");
        assert_eq!(breaker.view().probes, 1);
    }
    assert_eq!(began.elapsed(), Duration::ZERO, "nobody waits for himself");
    let mut clone = service.clone();
    let waits = timeout(secs(1), clone.ready()).await;
    assert!(waits.is_err(), "a clone takes nothing over");
    let waiter = tokio::spawn(async move { clone.ready().await.map(|_| Instant::now()) });
    sleep(secs(1)).await;
    let dropped = Instant::now();
    drop(service);
    let ready = waiter.await.expect("well").expect("well");
    assert!(ready - dropped <= millis(1), "it is told at once");
    assert_eq!(breaker.view().probes, 0, "and dropped in turn");
}

/// Readiness is for one call.
#[tokio::test(start_paused = true)]
async fn a_place_that_serves_for_two_calls() {
    let breaker = breaker(config());
    let (slow, mut service) = waiting(&breaker);
    until_it_may_be_tried(&breaker).await;
    service.ready().await.expect("well");
    let (first, second) = (service.call(()), service.call(()));
    let rejected = second.await.expect_err("nobody said that it was ready");
    assert!(Rejected::find_in(rejected.as_ref()).is_some());
    first.await.expect("let in");
    assert_eq!(slow.calls.load(SeqCst), 1);
}

/// The call was never made: that is no call that was cancelled, whatever is thought of those.
#[tokio::test(start_paused = true)]
async fn an_unused_place_that_counts_as_a_failure() {
    let mut config = config();
    config.cancelled = seaworthy_circuit_breaker::Cancelled::Failure;
    let breaker = breaker(config);
    let (_, mut service) = waiting(&breaker);
    until_it_may_be_tried(&breaker).await;
    service.ready().await.expect("well");
    service.ready().await.expect("well");
    assert_eq!(breaker.view().openings_in_a_row, 1);
    drop(service);
    assert_eq!(
        (breaker.state(), breaker.view().probes),
        (State::HalfOpen, 0)
    );
}
