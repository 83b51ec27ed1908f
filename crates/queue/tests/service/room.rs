//! Requests for which there is no room.

use seaworthy_queue::Overload;

use super::*;

fn of_two(overload: Overload) -> (Callers, Work) {
    let builder = builder().capacity(2).overload(overload);
    builder.build().expect("it is allowed")
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_room() {
    let (callers, work) = of_two(Overload::Wait);
    let calls: Vec<_> = (0..6).map(|number| asking(&callers, 2 * number)).collect();
    tokio::task::yield_now().await;
    assert_eq!(callers.len(), 2);
    tokio::spawn(work.serve(Halves::default()));
    for (number, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.expect("well"), Ok(number as u32));
    }
}

#[tokio::test(start_paused = true)]
async fn or_is_turned_away() {
    let (callers, _work) = of_two(Overload::Reject);
    let calls = [2, 4].map(|number| asking(&callers, number));
    tokio::task::yield_now().await;
    rejected(ask(&callers, 6).await, Reason::QueueFull, Executed::No);
    assert!(!calls[0].is_finished());
}

#[tokio::test(start_paused = true)]
async fn or_waits_for_so_long() {
    let (callers, _work) = of_two(Overload::WaitFor(secs(5)));
    let _calls = [2, 4].map(|number| asking(&callers, number));
    tokio::task::yield_now().await;
    let began = tokio::time::Instant::now();
    rejected(ask(&callers, 6).await, Reason::QueueFull, Executed::No);
    assert_eq!(began.elapsed(), secs(5));
}

#[tokio::test(start_paused = true)]
async fn or_takes_the_place_of_the_oldest() {
    let (callers, work) = of_two(Overload::DropOldest);
    let calls = [2, 4, 6].map(|number| asking(&callers, number));
    tokio::task::yield_now().await;
    let [oldest, middle, newest] = calls;
    rejected(oldest.await.expect("well"), Reason::Evicted, Executed::No);
    tokio::spawn(work.serve(Halves::default()));
    assert_eq!(middle.await.expect("well"), Ok(2));
    assert_eq!(newest.await.expect("well"), Ok(3));
}

/// A call that is dropped while it waits for room leaves nothing behind.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_in_line() {
    let (callers, work) = of_two(Overload::Wait);
    let calls: Vec<_> = (0..4).map(|number| asking(&callers, 2 * number)).collect();
    tokio::task::yield_now().await;
    calls[2].abort();
    tokio::task::yield_now().await;
    let halves = Halves::default();
    tokio::spawn(work.serve(halves.clone()));
    for (number, call) in calls.into_iter().enumerate() {
        let outcome = call.await.ok();
        let expected = (number != 2).then_some(Ok(number as u32));
        assert_eq!(outcome, expected);
    }
    assert_eq!(halves.begun.load(SeqCst), 3);
}
