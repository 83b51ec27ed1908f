//! Retries that change while they are in use.

use seaworthy::core::BoxError;
use seaworthy::core::request::Info;
use seaworthy::retry::{Retry, RetryBudget, RetryConfig};
use tower::{Layer, Service, ServiceExt};

use crate::script::{Script, describe, idempotent};
use crate::{MILLI, broken, retry};

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
