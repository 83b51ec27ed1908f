//! Workers that crash.

use std::num::NonZeroUsize;

use super::*;

/// The one whose request it was is told; those who wait get the next worker, and notice nothing.
#[tokio::test(start_paused = true)]
async fn a_crash_is_felt_by_those_whose_requests_were_under_way() {
    let (callers, work) = pair();
    let worker = tokio::spawn(work.clone().serve(Halves::default()));
    let unlucky = asking(&callers, 13);
    tokio::task::yield_now().await;
    let waiting = asking(&callers, 8);
    assert!(worker.await.expect_err("it crashed").is_panic());
    rejected(
        unlucky.await.expect("well"),
        Reason::Crashed,
        Executed::Maybe,
    );
    tokio::time::sleep(secs(60)).await;
    assert!(!waiting.is_finished(), "it waits for the next worker");
    tokio::spawn(work.serve(Halves::default()));
    assert_eq!(waiting.await.expect("well"), Ok(4));
}

/// With several under way, one crash ends them all.
#[tokio::test(start_paused = true)]
async fn all_that_are_under_way_end_with_their_worker() {
    let (callers, work) = pair();
    let three = NonZeroUsize::new(3).expect("more than zero");
    let worker = tokio::spawn(work.clone().concurrency(three).serve(Halves::default()));
    let calls: Vec<_> = [13, 2, 4, 6].map(|number| asking(&callers, number)).into();
    assert!(worker.await.expect_err("it crashed").is_panic());
    tokio::spawn(work.serve(Halves::default()));
    let mut outcomes = Vec::new();
    for call in calls {
        outcomes.push(call.await.expect("well"));
    }
    for outcome in &outcomes[..3] {
        rejected(*outcome, Reason::Crashed, Executed::Maybe);
    }
    assert_eq!(outcomes[3], Ok(3), "it had not been begun");
}

/// A worker that is dropped has crashed as far as its callers can tell.
#[tokio::test(start_paused = true)]
async fn a_worker_that_is_cancelled() {
    let (callers, work) = pair();
    let worker = tokio::spawn(work.clone().serve(Halves::default()));
    let call = asking(&callers, 2);
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    worker.abort();
    rejected(call.await.expect("well"), Reason::Crashed, Executed::Maybe);
    tokio::spawn(work.serve(Halves::default()));
    assert_eq!(ask(&callers, 2).await, Ok(1));
}

/// A request that may be executed more than once is served by the next worker.
#[tokio::test(start_paused = true)]
async fn requests_that_can_be_copied_are_served_again() {
    let builder = builder().redeliver(3, |number| *number);
    let (callers, work) = builder.build().expect("it is allowed");
    let luck = Halves::default();
    let call = asking(&callers, 8);
    for _ in 0..2 {
        let worker = tokio::spawn(work.clone().serve(luck.clone()));
        tokio::time::sleep(secs(1) / 2).await;
        worker.abort();
    }
    tokio::spawn(work.serve(luck.clone()));
    assert_eq!(call.await.expect("well"), Ok(4));
    assert_eq!(luck.begun.load(SeqCst), 3);
}

/// One that kills each worker is given up after so many of them, and the others are served.
#[tokio::test(start_paused = true)]
async fn a_request_that_kills_its_workers_is_given_up() {
    let builder = builder().redeliver(3, |number| *number);
    let (callers, work) = builder.build().expect("it is allowed");
    let luck = Halves::default();
    let (poison, other) = (asking(&callers, 13), asking(&callers, 8));
    for _ in 0..3 {
        let worker = tokio::spawn(work.clone().serve(luck.clone()));
        assert!(worker.await.expect_err("it crashed").is_panic());
    }
    rejected(
        poison.await.expect("well"),
        Reason::Crashed,
        Executed::Maybe,
    );
    tokio::spawn(work.serve(luck.clone()));
    assert_eq!(other.await.expect("well"), Ok(4));
    assert_eq!(luck.begun.load(SeqCst), 4, "three times and once");
}

/// What its caller has left while it was with a worker goes with that worker, and keeps nobody out.
#[tokio::test(start_paused = true)]
async fn a_request_that_nobody_waits_for_any_more_is_not_served_again() {
    let builder = builder().redeliver(3, |number| *number);
    let (callers, work) = builder.build().expect("it is allowed");
    let luck = Halves::default();
    let call = asking(&callers, 8);
    let worker = tokio::spawn(work.clone().serve(luck.clone()));
    tokio::time::sleep(secs(1) / 2).await;
    call.abort();
    worker.abort();
    tokio::time::sleep(secs(1)).await;
    assert_eq!(callers.len(), 0, "it did not come back");
    tokio::spawn(work.serve(luck.clone()));
    assert_eq!(ask(&callers, 2).await, Ok(1));
    assert_eq!(luck.begun.load(SeqCst), 2);
}

/// It never begins, and says so.
#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_get_ready() {
    let (callers, work) = pair();
    let broken = tower::service_fn(async |_: u32| Ok::<u32, Trouble>(0));
    let broken = Unready(broken);
    let call = asking(&callers, 2);
    assert_eq!(work.clone().serve(broken).await, Err(Trouble::Odd));
    tokio::spawn(work.serve(Halves::default()));
    assert_eq!(call.await.expect("well"), Ok(1), "it was not begun");
}

struct Unready<S>(S);

impl<S: Service<u32, Error = Trouble>> Service<u32> for Unready<S> {
    type Response = S::Response;
    type Error = Trouble;
    type Future = S::Future;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Trouble>> {
        std::task::Poll::Ready(Err(Trouble::Odd))
    }

    fn call(&mut self, number: u32) -> S::Future {
        self.0.call(number)
    }
}

/// 13 panics after a second; the others take three.
fn slow_but_for_13() -> impl Service<u32, Response = u32, Error = Trouble, Future: Send> + Clone {
    tower::service_fn(async |number: u32| {
        tokio::time::sleep(secs(1)).await;
        assert_ne!(number, 13, "bad luck");
        tokio::time::sleep(secs(2)).await;
        Ok(number)
    })
}

/// A panic is the fault of the request that panicked.
#[tokio::test(start_paused = true)]
async fn those_that_were_under_way_with_a_poisonous_request_do_not_die_with_it() {
    let four = NonZeroUsize::new(4).expect("more than zero");
    let builder = builder().concurrency(four).redeliver(3, |number| *number);
    let (callers, work) = builder.build().expect("it is allowed");
    let innocent = [1, 2, 3].map(|number| asking(&callers, number));
    let poison = asking(&callers, 13);
    tokio::task::yield_now().await;
    for _ in 0..3 {
        let worker = tokio::spawn(work.clone().serve(slow_but_for_13()));
        assert!(worker.await.expect_err("it crashed").is_panic());
    }
    rejected(
        poison.await.expect("well"),
        Reason::Crashed,
        Executed::Maybe,
    );
    tokio::spawn(work.serve(slow_but_for_13()));
    for (call, number) in innocent.into_iter().zip(1..) {
        assert_eq!(call.await.expect("well"), Ok(number));
    }
}

/// Nobody knows whose fault that is.
#[tokio::test(start_paused = true)]
async fn a_worker_that_is_killed_costs_all_of_them_an_attempt() {
    let two = NonZeroUsize::new(2).expect("more than zero");
    let builder = builder().concurrency(two).redeliver(2, |number| *number);
    let (callers, work) = builder.build().expect("it is allowed");
    let calls = [2, 4].map(|number| asking(&callers, number));
    for _ in 0..2 {
        let worker = tokio::spawn(work.clone().serve(Halves::default()));
        tokio::time::sleep(secs(1) / 2).await;
        worker.abort();
    }
    for call in calls {
        rejected(call.await.expect("well"), Reason::Crashed, Executed::Maybe);
    }
}

/// It hangs, or is slow: then two are at it, and the first answer counts.
#[tokio::test(start_paused = true)]
async fn a_request_with_a_lease_is_served_by_another_worker_if_the_first_one_hangs() {
    let builder = builder().redeliver(3, |number| *number).lease(secs(5));
    let (callers, work) = builder.build().expect("it is allowed");
    let hangs = tower::service_fn(async |_: u32| std::future::pending().await);
    tokio::spawn(work.clone().serve(hangs));
    let call = asking(&callers, 8);
    tokio::time::sleep(secs(1)).await;
    tokio::spawn(work.serve(Halves::default()));
    let began = tokio::time::Instant::now();
    assert_eq!(call.await.expect("well"), Ok(4));
    assert!(began.elapsed() >= secs(5), "{:?}", began.elapsed());
}

/// Whatever else a configuration says: a worker that is slow has not crashed.
#[tokio::test(start_paused = true)]
async fn a_configuration_says_nothing_of_leases_and_attempts() {
    let slow = tower::service_fn(async |number: u32| {
        tokio::time::sleep(secs(1000)).await;
        Ok::<_, Trouble>(number)
    });
    let mut config = seaworthy_queue::Config::default();
    config.deliveries.max_attempts = 1;
    let builder = builder().redeliver(2, |number| *number).config(config);
    let (callers, work) = builder.build().expect("it is allowed");
    let call = asking(&callers, 8);
    let first = tokio::spawn(work.clone().serve(slow));
    tokio::time::sleep(secs(1)).await;
    first.abort();
    tokio::spawn(work.clone().serve(slow));
    tokio::spawn(work.serve(slow));
    assert_eq!(call.await.expect("well"), Ok(8), "the second attempt");
}

/// What the future of an answer holds is free when the caller has the answer.
#[tokio::test(start_paused = true)]
async fn a_future_that_is_done_is_gone_before_its_answer_is_there() {
    /// Done in its first poll; what it holds goes with it.
    struct Holding(#[expect(dead_code, reason = "held")] Arc<()>);
    impl Future for Holding {
        type Output = Result<u32, Trouble>;
        fn poll(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Self::Output> {
            std::task::Poll::Ready(Ok(1))
        }
    }
    let (mut callers, work) = pair();
    let held = Arc::new(());
    let holds = Arc::clone(&held);
    let service = tower::service_fn(move |_: u32| Holding(Arc::clone(&holds)));
    let mut call = std::pin::pin!(callers.call(1));
    let mut worker = Box::pin(work.serve(service));
    let counts = Arc::new(AtomicUsize::new(0));
    let sees = Sees(Arc::clone(&held), Arc::clone(&counts));
    let waker = std::task::Waker::from(Arc::new(sees));
    assert!(
        call.as_mut()
            .poll(&mut std::task::Context::from_waker(&waker))
            .is_pending()
    );
    assert!(
        worker
            .as_mut()
            .poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
            .is_pending()
    );
    // The test's, the service's and the waker's.
    assert_eq!(counts.load(SeqCst), 3);
}

/// Notes how many hold it when it is woken.
struct Sees(Arc<()>, Arc<AtomicUsize>);

impl std::task::Wake for Sees {
    fn wake(self: Arc<Self>) {
        self.1.store(Arc::strong_count(&self.0), SeqCst);
    }
}
