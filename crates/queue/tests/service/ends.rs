//! How it ends.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_worker_ends_when_all_callers_are_gone_and_served() {
    let (callers, work) = pair();
    let last = asking(&callers, 8);
    drop(callers);
    let worker = tokio::spawn(work.serve(Halves::default()));
    assert_eq!(last.await.expect("well"), Ok(4));
    assert_eq!(worker.await.expect("well"), Ok(()));
}

/// Nobody is left who could serve them.
#[tokio::test(start_paused = true)]
async fn callers_are_told_when_the_last_worker_is_gone() {
    let (callers, work) = pair();
    let call = asking(&callers, 8);
    tokio::task::yield_now().await;
    drop(work);
    rejected(call.await.expect("well"), Reason::Stopped, Executed::No);
    rejected(ask(&callers, 8).await, Reason::Stopped, Executed::No);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_served_in_time_is_turned_away() {
    let (callers, work) = pair();
    tokio::spawn(work.clone().serve(Halves::default()));
    let calls: Vec<_> = (1..=5).map(|number| asking(&callers, 2 * number)).collect();
    tokio::task::yield_now().await;
    let drained = work.drain(secs(2) + secs(1) / 2).await;
    assert_eq!((drained.there, drained.dropped), (5, 2));
    let mut outcomes = Vec::new();
    for call in calls {
        outcomes.push(call.await.expect("well"));
    }
    assert_eq!(outcomes[..3], [Ok(1), Ok(2), Ok(3)]);
    for outcome in &outcomes[3..] {
        rejected(*outcome, Reason::ShuttingDown, Executed::No);
    }
    rejected(ask(&callers, 8).await, Reason::ShuttingDown, Executed::No);
}

/// It ends with the last request, and not when time is up: whether that is answered, or its worker dies of it.
#[tokio::test(start_paused = true)]
async fn a_drain_takes_as_long_as_the_last_request() {
    for dies in [false, true] {
        let (callers, work) = pair();
        let worker = tokio::spawn(work.clone().serve(Halves::default()));
        let call = asking(&callers, 8);
        tokio::task::yield_now().await;
        assert!(callers.is_empty(), "it is with the worker");
        let began = tokio::time::Instant::now();
        let drain = tokio::spawn(async move { work.drain(secs(60)).await });
        tokio::time::sleep(secs(1) / 2).await;
        if dies {
            worker.abort();
        }
        let drained = drain.await.expect("well");
        assert_eq!(
            (drained.there, drained.dropped, drained.in_flight),
            (1, 0, 0)
        );
        assert_eq!(began.elapsed(), if dies { secs(1) / 2 } else { secs(1) });
        assert_eq!(call.await.expect("well").is_ok(), !dies);
    }
}
