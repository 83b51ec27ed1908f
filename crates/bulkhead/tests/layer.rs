//! The bulkhead in front of services.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use seaworthy_bulkhead::{Bulkhead, BulkheadBuilder, Demand, Partition, Permit};
use seaworthy_core::component::Registry;
use seaworthy_core::{BoxError, Cause, Executed, Reason, Rejected};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};
use tower::{Layer, Service, ServiceExt, service_fn};

const SECOND: Duration = Duration::from_secs(1);

fn builder(limit: u32) -> BulkheadBuilder {
    let builder = Bulkhead::builder("b").registry(&Registry::new());
    builder.max_concurrent(limit)
}

fn bulkhead(limit: u32) -> Bulkhead {
    builder(limit).build().expect("allowed")
}

fn noop() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

fn rejected(error: &BoxError) -> Rejected {
    *Rejected::find_in(error.as_ref()).expect("turned away")
}

async fn hang(_request: ()) -> Result<(), BoxError> {
    pending().await
}

#[tokio::test(start_paused = true)]
async fn whoever_finds_no_place_is_turned_away_and_told_how_full_it_is() {
    let bulkhead = bulkhead(2);
    let service = bulkhead.layer().layer(service_fn(hang));
    let first = service.clone().oneshot(());
    let second = service.clone().oneshot(());
    let (mut first, mut second) = (Box::pin(first), Box::pin(second));
    assert!(first.as_mut().poll(&mut noop()).is_pending());
    assert!(second.as_mut().poll(&mut noop()).is_pending());

    let error = service.clone().oneshot(()).await.unwrap_err();
    let rejection = rejected(&error);
    assert_eq!(rejection.reason(), Reason::BulkheadFull);
    assert_eq!(rejection.executed(), Executed::No);
    let cause = Cause::AtLimit {
        in_flight: 2,
        limit: 2,
    };
    assert_eq!(rejection.cause(), Some(cause));
    assert_eq!(error.to_string(), "`b`: bulkhead full (2 of 2 under way)");
    assert_eq!(bulkhead.view().rejected, 1);

    drop(first);
    let again = timeout(SECOND, service.oneshot(())).await;
    assert!(again.is_err(), "let in, and it hangs");
    drop(second);
    assert_eq!(bulkhead.view().in_flight, 0);
}

/// Connections that are idle ask for readiness before there is a request, as hyper does: none of that takes a place.
#[tokio::test]
async fn idle_connections_hold_nothing() {
    let bulkhead = bulkhead(1);
    let mut template = bulkhead
        .layer()
        .layer(service_fn(|()| ready(Ok::<_, BoxError>(()))));
    template.ready().await.unwrap();
    let mut idle: Vec<_> = (0..100).map(|_| template.clone()).collect();
    for connection in &mut idle {
        connection.ready().await.unwrap();
        assert_eq!(bulkhead.view().in_flight, 0);
    }
    idle[7].call(()).await.unwrap();
    // All of those that were ready may call, one after the other, in any order.
    for connection in idle.iter_mut().rev() {
        connection.ready().await.unwrap().call(()).await.unwrap();
    }
}

/// A service that counts who of its instances was ready and who was called.
struct Strict {
    ready: bool,
    called: Arc<AtomicUsize>,
    delay: Option<oneshot::Receiver<()>>,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self {
            ready: false,
            called: Arc::clone(&self.called),
            delay: None,
        }
    }
}

impl Service<()> for Strict {
    type Response = ();
    type Error = BoxError;
    type Future = std::future::Ready<Result<(), BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if let Some(delay) = &mut self.delay {
            let _ = std::task::ready!(std::pin::Pin::new(delay).poll(cx));
            self.delay = None;
        }
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "the instance was ready");
        self.called.fetch_add(1, Ordering::Relaxed);
        ready(Ok(()))
    }
}

fn strict() -> (Strict, Arc<AtomicUsize>) {
    let called = Arc::new(AtomicUsize::new(0));
    let service = Strict {
        ready: false,
        called: Arc::clone(&called),
        delay: None,
    };
    (service, called)
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_goes_to_the_instance_that_was_ready() {
    let bulkhead = builder(1).max_waiting(1).max_wait(SECOND).build().unwrap();
    let (strict, called) = strict();
    let mut service = bulkhead.layer().layer(strict);
    let permit = bulkhead.try_acquire().unwrap();
    let call = service.ready().await.unwrap().call(());
    let waiting = tokio::spawn(call);
    yield_now().await;
    assert_eq!(
        (bulkhead.view().waiting, called.load(Ordering::Relaxed)),
        (1, 0)
    );
    drop(permit);
    waiting.await.unwrap().unwrap();
    assert_eq!(called.load(Ordering::Relaxed), 1);
    service.ready().await.unwrap().call(()).await.unwrap();
}

#[tokio::test]
async fn a_full_bulkhead_does_not_wait_for_the_service_behind_it() {
    let bulkhead = bulkhead(1);
    let (mut strict, called) = strict();
    let (_never, delay) = oneshot::channel();
    strict.delay = Some(delay);
    let mut service = bulkhead.layer().layer(strict);
    assert!(service.poll_ready(&mut noop()).is_pending());
    let permit = bulkhead.try_acquire().unwrap();
    assert!(service.poll_ready(&mut noop()).is_ready());
    // A place has become free since, but nobody knows whether the service is ready.
    drop(permit);
    let error = service.call(()).await.unwrap_err();
    assert_eq!(rejected(&error).reason(), Reason::BulkheadFull);
    assert_eq!(called.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_is_turned_away_on_time() {
    let bulkhead = builder(1).max_waiting(1).max_wait(SECOND).build().unwrap();
    let _permit = bulkhead.try_acquire().unwrap();
    let began = Instant::now();
    let waiting = bulkhead.acquire();
    let mut waiting = Box::pin(waiting);
    assert!(waiting.as_mut().poll(&mut noop()).is_pending());
    let full = bulkhead.acquire().await.unwrap_err();
    assert_eq!(full.reason(), Reason::BulkheadFull);
    let late = waiting.await.unwrap_err();
    assert_eq!(began.elapsed(), SECOND);
    let cause = late.cause();
    assert!(matches!(cause, Some(Cause::WaitedInVain { .. })), "{late}");
    assert_eq!(bulkhead.view().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn the_line_is_first_come_first_served_and_a_heavy_one_is_not_overtaken() {
    let bulkhead = builder(4).max_waiting(9).max_wait(SECOND).build().unwrap();
    let held: Vec<_> = (0..4).map(|_| bulkhead.try_acquire().unwrap()).collect();
    let (tell, mut order) = tokio::sync::mpsc::unbounded_channel();
    for (number, weight) in [(1, 1), (2, 3), (3, 1), (4, u32::MAX)] {
        let (bulkhead, tell) = (bulkhead.clone(), tell.clone());
        tokio::spawn(async move {
            let permit = bulkhead.acquire_many(weight).await.unwrap();
            tell.send((number, permit.weight())).unwrap();
            sleep(Duration::from_millis(1)).await;
        });
        yield_now().await;
    }
    let mut held = held.into_iter();
    drop(held.next());
    assert_eq!(order.recv().await, Some((1, 1)));
    // Two are free now, and there would be room for the third.
    drop(held.next());
    sleep(Duration::from_millis(5)).await;
    assert!(
        order.try_recv().is_err(),
        "the heavy one is the first in line"
    );
    assert!(
        bulkhead.try_acquire().is_err(),
        "and nobody overtakes it from outside"
    );
    drop(held.next());
    assert_eq!(order.recv().await, Some((2, 3)));
    assert_eq!(order.recv().await, Some((3, 1)));
    drop(held.next());
    assert_eq!(order.recv().await, Some((4, 4)), "with all there is");
}

#[tokio::test]
async fn after_it_is_lowered_nobody_gets_in_until_there_is_room_below() {
    let bulkhead = bulkhead(4);
    let mut held: Vec<_> = (0..4).map(|_| bulkhead.try_acquire().unwrap()).collect();
    bulkhead.set_limit(2).unwrap();
    for _ in 0..2 {
        assert!(bulkhead.try_acquire().is_err());
        held.pop();
    }
    assert!(bulkhead.try_acquire().is_err());
    held.pop();
    assert!(bulkhead.try_acquire().is_ok());
    assert_eq!(bulkhead.view().limit, 2);
    let zero = bulkhead.set_limit(0).unwrap_err();
    assert_eq!(
        zero.to_string(),
        "`b`: field `limit` is 0, allowed: 1 to 1000000"
    );
    assert_eq!(bulkhead.view().limit, 2);
}

#[tokio::test(start_paused = true)]
async fn after_it_is_raised_all_get_in_who_have_room() {
    let bulkhead = builder(1).max_waiting(9).max_wait(SECOND).build().unwrap();
    let _held = bulkhead.try_acquire().unwrap();
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let bulkhead = bulkhead.clone();
            tokio::spawn(async move { bulkhead.acquire().await })
        })
        .collect();
    yield_now().await;
    assert_eq!(bulkhead.view().waiting, 3);
    bulkhead.set_limit(4).unwrap();
    for waiting in waiting {
        drop(waiting.await.unwrap().unwrap());
    }
    assert_eq!(bulkhead.view().in_flight, 1);
}

#[tokio::test]
async fn a_service_that_is_not_clone_is_let_in_at_once_or_not_at_all() {
    struct NotClone;
    impl Service<()> for NotClone {
        type Response = ();
        type Error = BoxError;
        type Future = std::future::Pending<Result<(), BoxError>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Ready(Ok(()))
        }
        fn call(&mut self, (): ()) -> Self::Future {
            pending()
        }
    }
    let bulkhead = builder(1).max_waiting(9).max_wait(SECOND).build().unwrap();
    let mut service = bulkhead.layer().at_once().layer(NotClone);
    let _first = service.ready().await.unwrap().call(());
    let error = service.ready().await.unwrap().call(()).await.unwrap_err();
    assert_eq!(rejected(&error).reason(), Reason::BulkheadFull);
    assert_eq!(bulkhead.view().waiting, 0);
}

#[tokio::test]
async fn a_service_that_cannot_fail_answers() {
    let bulkhead = bulkhead(1);
    let respond = |rejected: Rejected| rejected.reason().to_string();
    let service = service_fn(|()| ready(Ok::<_, Infallible>("served".to_owned())));
    let service = bulkhead.layer().respond(respond).layer(service);
    assert_eq!(service.clone().oneshot(()).await.unwrap(), "served");
    let _held = bulkhead.try_acquire().unwrap();
    assert_eq!(service.oneshot(()).await.unwrap(), "bulkhead full");
}

/// For balancers: it is not ready while full, and holds its place once it is.
#[tokio::test(start_paused = true)]
async fn not_ready_while_full_takes_its_place_in_line() {
    let bulkhead = bulkhead(1);
    let service = service_fn(|()| ready(Ok::<_, BoxError>(())));
    let mut first = bulkhead.layer().not_ready_while_full().layer(service);
    let mut second = first.clone();
    first.ready().await.unwrap();
    assert_eq!(bulkhead.view().in_flight, 1, "held");
    let mut third = first.clone();
    assert!(second.poll_ready(&mut noop()).is_pending());
    assert!(third.poll_ready(&mut noop()).is_pending());
    first.call(()).await.unwrap();
    assert!(
        third.poll_ready(&mut noop()).is_pending(),
        "the second comes first"
    );
    // It goes away without taking what it was given.
    drop(second);
    third.ready().await.unwrap().call(()).await.unwrap();
    let view = bulkhead.view();
    assert_eq!((view.in_flight, view.waiting), (0, 0));
}

#[tokio::test]
async fn requests_weigh_and_belong_where_the_closure_says() {
    let bulkhead = builder(10)
        .partition(Partition::new("own").guaranteed(0.5).lends(false))
        .partition(Partition::new("rest"))
        .build()
        .unwrap();
    let hold = |permit: Permit, class: usize| (permit, class);
    let service = service_fn(|(class, _): (usize, u32)| ready(Ok::<_, BoxError>(class)));
    let service = bulkhead
        .layer()
        .demand(|(class, weight): &(usize, u32)| {
            Demand::default().partition(*class).weight(*weight)
        })
        .release_with(hold)
        .layer(service);
    let own = bulkhead.partition("own").unwrap();
    let rest = bulkhead.partition("rest").unwrap();
    let (_heavy, _) = service.clone().oneshot((0, 3)).await.unwrap();
    // Which there is none of: that of the layer, the least important.
    let (_stray, _) = service.clone().oneshot((9, 0)).await.unwrap();
    let (_large, _) = service.clone().oneshot((1, 4)).await.unwrap();
    assert_eq!((own.view().in_flight, rest.view().in_flight), (3, 5));
    let error = service.clone().oneshot((1, 1)).await.unwrap_err();
    assert_eq!(rejected(&error).component().to_string(), "b/rest");
    let (_last, _) = service.oneshot((0, 2)).await.unwrap();
    assert_eq!(bulkhead.total().in_flight, 10);
}

/// Work that goes on in a thread after its caller has given up still counts.
#[tokio::test]
async fn work_that_was_abandoned_counts_until_it_has_stopped() {
    let bulkhead = bulkhead(1);
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let permit = bulkhead.try_acquire().unwrap();
    let work = std::thread::spawn(move || {
        let _permit = permit;
        stopped.recv().unwrap();
    });
    assert!(bulkhead.try_acquire().is_err());
    stop.send(()).unwrap();
    work.join().unwrap();
    assert!(bulkhead.try_acquire().is_ok());
}
