//! Workers that crash.

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
    let three = std::num::NonZeroUsize::new(3).expect("more than zero");
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

/// What comes back after its caller has left is not served again.
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
    assert_eq!(callers.len(), 1, "it came back");
    tokio::spawn(work.serve(luck.clone()));
    assert_eq!(ask(&callers, 2).await, Ok(1));
    assert_eq!((luck.begun.load(SeqCst), callers.len()), (2, 0));
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
