//! Where parts meet: found by those who tried to break it.

use std::future::ready;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use seaworthy_bulkhead::limit::{Aimd, Limit};
use seaworthy_bulkhead::{Bulkhead, BulkheadBuilder, Bulkheads, Partition};
use seaworthy_core::BoxError;
use seaworthy_core::component::Registry;
use tokio::task::yield_now;
use tokio::time::{Instant, advance};
use tower::{Layer, Service, ServiceExt, service_fn};

const SECOND: Duration = Duration::from_secs(1);

fn builder(limit: u32) -> BulkheadBuilder {
    Bulkhead::builder("b")
        .registry(&Registry::new())
        .max_concurrent(limit)
}
fn noop() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

async fn reclaims(at_once: bool) -> bool {
    let shop = builder(10)
        .partition(Partition::new("checkout").guaranteed(0.5))
        .partition(Partition::new("pages"))
        .build()
        .unwrap();
    let (checkout, pages) = (
        shop.partition("checkout").unwrap(),
        shop.partition("pages").unwrap(),
    );
    let mut flood: Vec<_> = std::iter::from_fn(|| pages.try_acquire().ok()).collect();
    assert_eq!(flood.len(), 10);
    let inner = || service_fn(|()| ready(Ok::<_, BoxError>(())));
    for _ in 0..5 {
        let refused = if at_once {
            checkout.layer().at_once().layer(inner()).oneshot(()).await
        } else {
            checkout.layer().layer(inner()).oneshot(()).await
        };
        refused.unwrap_err();
    }
    flood.pop();
    pages.try_acquire().is_err()
}
#[tokio::test(start_paused = true)]
async fn a_guarantee_is_reclaimed_also_by_who_does_not_wait() {
    assert!(reclaims(false).await, "default");
    assert!(reclaims(true).await, "at_once");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_readiness_takes_no_place_in_line_from_calls() {
    let b = builder(1).max_waiting(1).max_wait(SECOND).build().unwrap();
    let permit = b.try_acquire().unwrap();
    let service = service_fn(|()| ready(Ok::<_, BoxError>(())));
    let mut balanced = b.layer().not_ready_while_full().layer(service);
    assert!(balanced.poll_ready(&mut noop()).is_pending());
    let mut waiting = Box::pin(b.acquire());
    let polled = waiting.as_mut().poll(&mut noop());
    drop(permit);
    assert!(polled.is_pending(), "{polled:?}");
}

#[tokio::test]
async fn a_call_holds_its_place_until_its_future_is_gone() {
    struct Work(Bulkhead, Arc<AtomicU32>);
    impl Future for Work {
        type Output = Result<(), BoxError>;
        fn poll(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
            Poll::Ready(Ok(()))
        }
    }
    impl Drop for Work {
        fn drop(&mut self) {
            self.1.store(self.0.view().in_flight, Ordering::SeqCst);
        }
    }
    let b = builder(1).build().unwrap();
    let seen = Arc::new(AtomicU32::new(99));
    b.call(Work(b.clone(), seen.clone())).await.unwrap();
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[cfg(feature = "metrics")]
mod recorder {
    use super::*;
    use metrics::{
        Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
        with_local_recorder,
    };
    pub struct Bad(pub &'static str, pub AtomicBool);
    impl Bad {
        fn hit(&self, key: &Key) {
            if key.name() == self.0 && self.1.swap(false, Ordering::SeqCst) {
                panic!("recorder");
            }
        }
    }
    impl Recorder for Bad {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            self.hit(key);
            Counter::noop()
        }
        fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
            self.hit(key);
            Gauge::noop()
        }
        fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
            self.hit(key);
            Histogram::noop()
        }
    }
    #[test]
    fn a_recorder_that_panics_leaks_nothing() {
        let mut leaks = Vec::new();
        for name in [
            "seaworthy_bulkhead_admitted_total",
            "seaworthy_bulkhead_waiting",
            "seaworthy_bulkhead_wait_seconds",
            "seaworthy_bulkhead_rejected_total",
            "seaworthy_bulkhead_limit",
        ] {
            let bad = Bad(name, AtomicBool::new(true));
            with_local_recorder(&bad, || {
                let b = builder(1).max_waiting(1).max_wait(SECOND).build().unwrap();
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .start_paused(true)
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    let b2 = b.clone();
                    let go = tokio::spawn(async move {
                        let one = b2.try_acquire();
                        let b3 = b2.clone();
                        let two = tokio::spawn(async move { drop(b3.acquire().await) });
                        yield_now().await;
                        drop(one);
                        let _ = two.await;
                    });
                    let _ = go.await;
                });
                let view = b.view();
                if (view.in_flight, view.waiting) != (0, 0) {
                    leaks.push((name, view.in_flight, view.waiting));
                }
            });
        }
        assert!(leaks.is_empty(), "{leaks:?}");
    }
}

#[test]
fn a_limit_that_is_set_loses_no_other_change() {
    let mut lost = 0;
    for _ in 0..2000 {
        let b = builder(10).build().unwrap();
        let mut config = b.config();
        config.max_waiting = 7;
        config.max_wait = SECOND;
        let barrier = std::sync::Barrier::new(2);
        std::thread::scope(|s| {
            s.spawn(|| {
                barrier.wait();
                for n in 10..14 {
                    b.set_limit(n).unwrap();
                }
            });
            s.spawn(|| {
                barrier.wait();
                b.reconfigure(config).unwrap();
            });
        });
        lost += u32::from(b.config().max_waiting != 7);
    }
    assert_eq!(lost, 0);
}

#[tokio::test]
async fn a_service_that_failed_keeps_no_place() {
    #[derive(Clone)]
    struct Failing(u32);
    impl Service<()> for Failing {
        type Response = ();
        type Error = BoxError;
        type Future = std::future::Ready<Result<(), BoxError>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            self.0 += 1;
            Poll::Ready(if self.0 > 1 {
                Err("broken".into())
            } else {
                Ok(())
            })
        }
        fn call(&mut self, (): ()) -> Self::Future {
            ready(Ok(()))
        }
    }
    let b = builder(1).build().unwrap();
    let mut service = b.layer().not_ready_while_full().layer(Failing(0));
    service.ready().await.unwrap();
    assert!(service.ready().await.is_err());
    assert_eq!(b.view().in_flight, 0);
}

#[tokio::test]
async fn a_service_that_is_not_ready_any_more_keeps_no_place() {
    struct Lost(u32);
    impl Service<()> for Lost {
        type Response = ();
        type Error = BoxError;
        type Future = std::future::Ready<Result<(), BoxError>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            self.0 += 1;
            if self.0 > 1 {
                Poll::Pending
            } else {
                Poll::Ready(Ok(()))
            }
        }
        fn call(&mut self, (): ()) -> Self::Future {
            ready(Ok(()))
        }
    }
    let b = builder(1).build().unwrap();
    let mut service = b.layer().at_once().not_ready_while_full().layer(Lost(0));
    service.ready().await.unwrap();
    assert!(service.poll_ready(&mut noop()).is_pending());
    assert!(b.try_acquire().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_small_guarantee_is_one_call_at_a_low_limit() {
    let b = builder(3)
        .partition(Partition::new("checkout").guaranteed(0.3).lends(false))
        .partition(Partition::new("pages"))
        .build()
        .unwrap();
    let (checkout, pages) = (
        b.partition("checkout").unwrap(),
        b.partition("pages").unwrap(),
    );
    let _flood: Vec<_> = std::iter::from_fn(|| pages.try_acquire().ok()).collect();
    assert!(checkout.try_acquire().is_ok());
}

#[test]
fn a_snapshot_does_not_send_keys_to_the_others() {
    let registry = Registry::new();
    let keys: Bulkheads<u32> = Bulkheads::builder("k")
        .registry(&registry)
        .max_concurrent(1)
        .capacity(60)
        .build()
        .unwrap();
    for key in 0..60_u32 {
        keys.get(key);
    }
    let stop = AtomicBool::new(false);
    let mut to_others = 0;
    std::thread::scope(|s| {
        s.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let _ = registry.snapshot();
            }
        });
        for key in 100..2_000_u32 {
            to_others += u32::from(keys.get(key).name() == keys.others().name());
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(to_others, 0);
}

/// What was held for a class is lent again after 5 s: whoever waits for it must be told.
#[tokio::test(start_paused = true)]
async fn who_waits_for_what_is_lent_again_is_told() {
    let b = Bulkhead::builder("b")
        .registry(&Registry::new())
        .max_concurrent(2)
        .max_waiting(4)
        .max_wait(60 * SECOND)
        .partition(Partition::new("own").guaranteed(0.5))
        .partition(Partition::new("rest"))
        .build()
        .unwrap();
    let (own, rest) = (b.partition("own").unwrap(), b.partition("rest").unwrap());
    let one = rest.try_acquire().unwrap();
    let _two = rest.try_acquire().unwrap();
    own.try_acquire().unwrap_err();
    drop(one);
    let began = Instant::now();
    let waiting = tokio::spawn({
        let rest = rest.clone();
        async move { rest.acquire().await.map(|_| began.elapsed()) }
    });
    yield_now().await;
    advance(7 * SECOND).await;
    assert!(rest.clone().try_acquire().is_err(), "not first");
    let got = waiting.await.unwrap();
    assert!(
        got.as_ref().is_ok_and(|it| *it < 10 * SECOND),
        "{got:?} after {:?}",
        began.elapsed()
    );
}

/// What is held for a class that does not come keeps the limit from growing.
#[tokio::test(start_paused = true)]
async fn a_limit_grows_although_some_of_it_is_held() {
    let mut grown = Vec::new();
    for held in [0.0, 0.6] {
        for limit in [Limit::from(Aimd::default()), Limit::adaptive()] {
            let b = Bulkhead::builder("b")
                .registry(&Registry::new())
                .limit(limit)
                .partition(Partition::new("own").guaranteed(held).lends(false))
                .partition(Partition::new("rest"))
                .build()
                .unwrap();
            let rest = b.partition("rest").unwrap();
            let before = b.total().limit;
            let mut rejected = 0;
            for _ in 0..300 {
                let permits: Vec<_> = std::iter::from_fn(|| rest.try_acquire().ok()).collect();
                rejected += 1;
                advance(Duration::from_millis(10)).await;
                permits.into_iter().for_each(|it| it.success());
            }
            grown.push((held, before, b.total().limit, rejected));
        }
    }
    assert!(grown.iter().all(|it| it.2 > it.1), "{grown:?}");
}

/// A critical class is turned away for the first time while another one is all the time.
#[tokio::test(start_paused = true)]
async fn each_class_tells_that_it_turns_calls_away() {
    let b = Bulkhead::builder("b")
        .registry(&Registry::new())
        .max_concurrent(1)
        .partition(Partition::new("own"))
        .partition(Partition::new("rest"))
        .build()
        .unwrap();
    let (own, rest) = (b.partition("own").unwrap(), b.partition("rest").unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    let _observer = b
        .events()
        .observe(move |event| sink.lock().unwrap().push(event.component.to_string()));
    let _held = rest.try_acquire().unwrap();
    for _ in 0..60 {
        rest.try_acquire().unwrap_err();
        own.try_acquire().unwrap_err();
        advance(SECOND).await;
    }
    assert!(
        seen.lock().unwrap().contains(&"b/own".to_owned()),
        "{seen:?}"
    );
}

/// A class at its bound does not show as full.
#[test]
fn a_class_at_its_bound_is_full() {
    let registry = Registry::new();
    let b = Bulkhead::builder("b")
        .registry(&registry)
        .max_concurrent(10)
        .partition(Partition::new("reports").guaranteed(0.2).borrows(false))
        .partition(Partition::new("rest"))
        .build()
        .unwrap();
    let reports = b.partition("reports").unwrap();
    let _held: Vec<_> = std::iter::from_fn(|| reports.try_acquire().ok()).collect();
    let shown = registry.snapshot()[0].to_string();
    assert!(shown.contains("b/reports: full"), "{shown}");
}

struct Busy;
impl Service<()> for Busy {
    type Response = ();
    type Error = BoxError;
    type Future = std::future::Ready<Result<(), BoxError>>;
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Pending
    }
    fn call(&mut self, (): ()) -> Self::Future {
        unreachable!()
    }
}
impl Clone for Busy {
    fn clone(&self) -> Self {
        Self
    }
}

/// As `a_full_bulkhead_does_not_wait_for_the_service_behind_it`, with partitions.
#[test]
fn a_full_partition_does_not_wait_for_the_service() {
    let b = Bulkhead::builder("b")
        .registry(&Registry::new())
        .max_concurrent(1)
        .partition(Partition::new("all"))
        .build()
        .unwrap();
    let _held = b.try_acquire().unwrap();
    let mut service = b.layer().layer(Busy);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut cx).is_ready());
}
