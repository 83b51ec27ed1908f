//! Who is served, and when.

use std::num::NonZeroUsize;

use super::*;

#[tokio::test(start_paused = true)]
async fn so_many_at_a_time_and_no_more() {
    for most in [1, 3] {
        let (callers, work) = pair();
        let halves = Halves::default();
        let most = NonZeroUsize::new(most).expect("more than zero");
        tokio::spawn(work.concurrency(most).serve(halves.clone()));
        let began = tokio::time::Instant::now();
        let calls: Vec<_> = (0..9).map(|number| asking(&callers, 2 * number)).collect();
        for (number, call) in calls.into_iter().enumerate() {
            assert_eq!(call.await.expect("well"), Ok(number as u32));
        }
        assert_eq!(halves.most.load(SeqCst), most.get());
        assert_eq!(began.elapsed(), secs(9 / most.get() as u64));
    }
}

#[tokio::test(start_paused = true)]
async fn callers_who_gave_up_are_passed_over() {
    let (callers, work) = pair();
    let calls: Vec<_> = (0..5).map(|number| asking(&callers, 2 * number)).collect();
    tokio::task::yield_now().await;
    for call in &calls[1..4] {
        call.abort();
    }
    tokio::task::yield_now().await;
    let halves = Halves::default();
    tokio::spawn(work.serve(halves.clone()));
    let mut outcomes = Vec::new();
    for call in calls {
        outcomes.push(call.await.ok());
    }
    assert_eq!(outcomes, [Some(Ok(0)), None, None, None, Some(Ok(4))]);
    assert_eq!(halves.begun.load(SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_late_is_turned_away_unbegun() {
    let (callers, work) = builder()
        .useful_for(secs(3))
        .build()
        .expect("it is allowed");
    let late = asking(&callers, 2);
    tokio::time::sleep(secs(4)).await;
    let halves = Halves::default();
    tokio::spawn(work.serve(halves.clone()));
    assert_eq!(ask(&callers, 4).await, Ok(2));
    rejected(late.await.expect("well"), Reason::Expired, Executed::No);
    assert_eq!(halves.begun.load(SeqCst), 1);
}

/// 10 and more are in a hurry.
#[tokio::test(start_paused = true)]
async fn how_long_a_request_is_of_use_is_its_own_matter() {
    let builder = builder().useful_for_each(|number| (*number >= 10).then_some(secs(3)));
    let (callers, work) = builder.build().expect("it is allowed");
    let (patient, hurried) = (asking(&callers, 2), asking(&callers, 10));
    tokio::time::sleep(secs(4)).await;
    tokio::spawn(work.serve(Halves::default()));
    assert_eq!(patient.await.expect("well"), Ok(1));
    rejected(hurried.await.expect("well"), Reason::Expired, Executed::No);
}

/// The order in which these are served.
async fn served(builder: ServiceBuilder<u32, u32, Trouble>, numbers: &[u32]) -> Vec<u32> {
    let (callers, work) = builder.build().expect("it is allowed");
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let calls: Vec<_> = numbers
        .iter()
        .map(|number| {
            let (callers, number, order) = (callers.clone(), *number, Arc::clone(&order));
            tokio::spawn(async move {
                ask(&callers, number).await.expect("it is even");
                order.lock().expect("nobody panics").push(number);
            })
        })
        .collect();
    tokio::task::yield_now().await;
    tokio::spawn(work.serve(Halves::default()));
    for call in calls {
        call.await.expect("it is even");
    }
    Arc::into_inner(order)
        .expect("all have ended")
        .into_inner()
        .expect("nobody panics")
}

#[tokio::test(start_paused = true)]
async fn important_requests_go_first() {
    let by_size = builder().classes(2, |number| u8::from(*number < 10));
    assert_eq!(served(by_size, &[2, 4, 10, 6, 12]).await, [10, 12, 2, 4, 6]);
}

#[tokio::test(start_paused = true)]
async fn all_have_their_turn() {
    let by_tens = builder().fair_by(|number| number / 10);
    assert_eq!(
        served(by_tens, &[2, 4, 6, 10, 12, 20]).await,
        [2, 10, 20, 4, 12, 6]
    );
}

/// A worker whose service is not ready leaves the request to one whose service is.
#[tokio::test(start_paused = true)]
async fn a_worker_that_is_not_ready_holds_nothing_up() {
    let (callers, work) = pair();
    for _ in 0..2 {
        let never = tower::limit::ConcurrencyLimit::with_semaphore(
            Halves::default(),
            Arc::new(tokio::sync::Semaphore::new(0)),
        );
        tokio::spawn(work.clone().serve(never));
    }
    let halves = Halves::default();
    tokio::spawn(work.serve(halves));
    tokio::task::yield_now().await;
    for _ in 0..5 {
        assert_eq!(ask(&callers, 4).await, Ok(2));
    }
}

/// The only permit was taken for a request whose time was up.
#[tokio::test(start_paused = true)]
async fn a_readiness_that_came_to_nothing_is_for_the_next_request() {
    let (callers, work) = builder()
        .useful_for(secs(3))
        .build()
        .expect("it is allowed");
    let late = asking(&callers, 2);
    tokio::time::sleep(secs(4)).await;
    let permits = Arc::new(tokio::sync::Semaphore::new(1));
    let limited =
        tower::limit::ConcurrencyLimit::with_semaphore(Halves::default(), Arc::clone(&permits));
    tokio::spawn(work.serve(limited));
    rejected(late.await.expect("well"), Reason::Expired, Executed::No);
    for _ in 0..2 {
        assert_eq!(ask(&callers, 4).await, Ok(2));
    }
    tokio::task::yield_now().await;
    assert_eq!(permits.available_permits(), 1);
}

/// Whoever waits for requests holds no readiness of its service.
#[tokio::test(start_paused = true)]
async fn an_idle_worker_holds_nothing() {
    let (callers, work) = pair();
    let permits = Arc::new(tokio::sync::Semaphore::new(1));
    let limited =
        tower::limit::ConcurrencyLimit::with_semaphore(Halves::default(), Arc::clone(&permits));
    tokio::spawn(work.serve(limited));
    tokio::task::yield_now().await;
    assert_eq!(permits.available_permits(), 1);
    assert_eq!(ask(&callers, 4).await, Ok(2));
    tokio::task::yield_now().await;
    assert_eq!(permits.available_permits(), 1);
}
