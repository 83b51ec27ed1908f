//! Retries that change while they are in use.

use std::future::poll_fn;
use std::task::Poll;

use seaworthy::core::backoff::Backoff;
use seaworthy::core::request::Info;
use seaworthy::core::{BoxError, Reason};
use seaworthy::retry::{Retry, RetryBudget, RetryConfig};
use tokio::runtime::Builder;
use tokio::task::yield_now;
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::script::{Script, describe, idempotent};
use crate::{MILLI, broken, builder, retry, turned_away};

/// How many attempts a call makes that always fails.
async fn attempts(retry: &Retry) -> usize {
    let script = Script::new((0..9).map(|_| Err(broken())));
    let service = retry.layer().describe(describe).layer(script.clone());
    service.oneshot(idempotent()).await.unwrap_err();
    script.came().len()
}

fn changed(retry: &Retry, change: impl FnOnce(&mut RetryConfig)) -> bool {
    let mut config = retry.config();
    change(&mut config);
    retry.reconfigure(config).expect("allowed")
}

#[tokio::test(start_paused = true)]
async fn calls_that_begin_see_how_often_and_those_under_way_keep_it() {
    let retry = retry(2);
    let script = Script::new((0..9).map(|_| Err(broken())));
    let mut service = retry.layer().describe(describe).layer(script.clone());
    let before = service.ready().await.unwrap().call(idempotent());
    assert!(changed(&retry, |config| config.attempts = 4));
    assert!(!changed(&retry, |config| config.attempts = 4), "no other");
    before.await.unwrap_err();
    assert_eq!(script.came().len(), 2);
    let after = service.ready().await.unwrap().call(idempotent());
    after.await.unwrap_err();
    assert_eq!(script.came().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn it_can_be_switched_off_and_on() {
    let retry = retry(1);
    assert_eq!(attempts(&retry).await, 1);
    assert!(changed(&retry, |config| config.attempts = 3));
    assert_eq!(attempts(&retry).await, 3);
    assert!(changed(&retry, |config| config.attempts = 1));
    assert_eq!(attempts(&retry).await, 1);
    // While it is off nothing is counted.
    assert_eq!(retry.view().retries, 2);
    let fields = retry.snapshot().fields;
    assert!(fields.contains(&("given_up", 1.into())), "{fields:?}");
}

#[tokio::test(start_paused = true)]
async fn the_rest_holds_for_calls_under_way_as_well() {
    let retry = retry(3);
    let mut config = retry.config();
    config.within = Some(50 * MILLI);
    assert!(retry.reconfigure(config).expect("allowed"));
    assert_eq!(attempts(&retry).await, 1, "the first would wait for 100 ms");
    assert!(changed(&retry, |config| config.within = None));
    assert_eq!(attempts(&retry).await, 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_the_budget_stays_there_as_far_as_there_is_room() {
    let retry = retry(3);
    let budget = |ratio, burst| Some(RetryBudget { ratio, burst });
    let tokens = || retry.view().budget;
    assert_eq!(tokens(), Some(10.0));
    assert_eq!(attempts(&retry).await, 3);
    assert_eq!(tokens(), Some(8.0));
    assert!(changed(&retry, |config| config.budget = budget(0.5, 20)));
    assert_eq!(tokens(), Some(8.0));
    assert!(changed(&retry, |config| config.budget = budget(0.5, 3)));
    assert_eq!(tokens(), Some(3.0));
    // Something else changes: nothing is filled up.
    assert_eq!(attempts(&retry).await, 3);
    assert!(changed(&retry, |config| config.attempts = 2));
    assert_eq!(tokens(), Some(1.0));
    assert!(changed(&retry, |config| config.budget = None));
    assert_eq!(tokens(), None);
    assert!(changed(&retry, |config| config.budget = budget(0.5, 7)));
    assert_eq!(tokens(), Some(7.0));
}

#[tokio::test(start_paused = true)]
async fn all_layers_share_the_budget() {
    let retry = retry(3);
    let ok = async |service: Script| {
        let service = retry.clone().layer().describe(describe).layer(service);
        service.oneshot(Info::new()).await
    };
    let answer: Result<u32, BoxError> = ok(Script::new([Ok::<_, BoxError>(7)])).await;
    assert_eq!(answer.unwrap(), 7);
    for left in [8.0, 6.0] {
        assert_eq!(attempts(&retry.clone()).await, 3);
        let tokens = retry.view().budget.expect("there is one");
        assert!((tokens - left).abs() < 0.5, "{tokens}");
    }
}

/// Whatever becomes of calls on several threads: what is gone from the budget are the retries that were made.
#[test]
fn calls_that_race_and_are_dropped_lose_nothing_of_the_budget() {
    const BURST: u32 = 100_000;
    let budget = RetryBudget {
        ratio: 1e-9,
        burst: BURST,
    };
    let backoff = Backoff::exponential(MILLI, MILLI).build().expect("allowed");
    let retry = builder().attempts(5).budget(budget).backoff(backoff);
    let retry = retry.build().expect("allowed");
    let service = service_fn(|number: u32| async move {
        if number.is_multiple_of(3) {
            yield_now().await;
        }
        Err::<u32, _>(BoxError::from(turned_away(Reason::QueueFull)))
    });
    let service = retry.layer().layer(service);
    let mut threads = Builder::new_multi_thread();
    let threads = threads.worker_threads(4).enable_time().build();
    let threads = threads.expect("a runtime");
    threads.block_on(async {
        let calls = (0..2000_u32).map(|number| {
            let mut call = Box::pin(service.clone().oneshot(number));
            // From none of its retries to all of them.
            let mut polls = number % 7;
            tokio::spawn(poll_fn(move |cx| match polls.checked_sub(1) {
                Some(left) => {
                    polls = left;
                    call.as_mut().poll(cx).map(drop)
                }
                None => Poll::Ready(()),
            }))
        });
        for call in calls.collect::<Vec<_>>() {
            call.await.expect("no panic");
        }
    });
    let view = retry.view();
    assert!((1000..8000).contains(&view.retries), "{}", view.retries);
    // What the calls have put in does not make a whole one.
    let left = view.budget.map(f64::floor);
    assert_eq!(left, Some(f64::from(BURST) - view.retries as f64));
}
