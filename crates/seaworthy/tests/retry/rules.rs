//! The rules, one by one.

use std::time::Duration;

use seaworthy::core::request::Info;
use seaworthy::core::{BoxError, Reason, Rejected, Verdict};
use seaworthy::retry::{GivenUp, Retry, RetryBudget};
use tokio::time::{Instant, sleep};
use tower::{Layer, Service, ServiceExt};

use crate::script::{Script, describe, idempotent};
use crate::{MILLI, broken, builder, retry, turned_away};

/// What becomes of a call.
async fn call(retry: &Retry, info: Info, script: &Script) -> Result<u32, BoxError> {
    let layer = retry.layer().describe(describe);
    layer.layer(script.clone()).oneshot(info).await
}

/// That it was given up once, for this, after so many retries.
fn assert_given_up(retry: &Retry, reason: GivenUp, retries: u64) {
    let view = retry.view();
    assert_eq!(view.given_up(reason), 1, "{view:?}");
    assert_eq!((view.retries, view.recovered), (retries, 0));
    let all = retry.snapshot().fields;
    assert!(all.contains(&("given_up", 1.into())), "for nothing else");
}

#[tokio::test(start_paused = true)]
async fn what_was_not_executed_is_tried_again_whatever_it_is() {
    use Reason::*;
    for reason in [
        CircuitOpen,
        BulkheadFull,
        Throttled,
        QueueFull,
        Expired,
        Evicted,
        Restarting,
    ] {
        let (retry, script) = (retry(3), Script::new([Err(turned_away(reason)), Ok(7)]));
        assert_eq!(call(&retry, Info::new(), &script).await.unwrap(), 7);
        assert_eq!(script.came(), [0, 100], "{reason}");
        let view = retry.view();
        assert_eq!((view.retries, view.recovered), (1, 1));
    }
}

/// A rejection is found where it is the error itself as well.
#[tokio::test(start_paused = true)]
async fn a_rejection_need_not_be_boxed() {
    let (retry, script) = (
        retry(3),
        Script::new([Err(turned_away(Reason::QueueFull)), Ok(7)]),
    );
    let unboxed = |error: BoxError| *error.downcast::<Rejected>().expect("no other is written");
    let service = ServiceExt::<()>::map_err(script.clone(), unboxed);
    let answer = retry.layer().layer(service).oneshot(()).await;
    assert_eq!(answer, Ok(7));
    assert_eq!(script.came(), [0, 100]);
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_executed_is_tried_again_only_if_it_is_idempotent() {
    let outcomes = || {
        let maybe = turned_away(Reason::Evicted).maybe_executed();
        [
            broken(),
            turned_away(Reason::TimedOut).into(),
            turned_away(Reason::Crashed).into(),
            maybe.into(),
        ]
    };
    for error in outcomes() {
        let (retry, script) = (retry(3), Script::new([Err(error)]));
        call(&retry, Info::new(), &script).await.unwrap_err();
        assert_eq!(script.came(), [0]);
        assert_given_up(&retry, GivenUp::NotIdempotent, 0);
    }
    for error in outcomes() {
        let (retry, script) = (retry(3), Script::new([Err(error), Ok(7)]));
        assert_eq!(call(&retry, idempotent(), &script).await.unwrap(), 7);
        assert_eq!(script.came(), [0, 100]);
    }
    // Each attempt counts for itself: turned away first, begun the second time.
    let outcomes = [Err(turned_away(Reason::QueueFull).into()), Err(broken())];
    let (retry, script) = (retry(3), Script::new(outcomes));
    call(&retry, Info::new(), &script).await.unwrap_err();
    assert_eq!(script.came(), [0, 100]);
    assert_given_up(&retry, GivenUp::NotIdempotent, 1);
}

#[tokio::test(start_paused = true)]
async fn who_is_gone_is_not_asked_again() {
    for reason in [Reason::ShuttingDown, Reason::Stopped] {
        for rejected in [turned_away(reason), turned_away(reason).maybe_executed()] {
            let (retry, script) = (retry(3), Script::new([Err(rejected)]));
            call(&retry, idempotent(), &script).await.unwrap_err();
            assert_eq!(script.came(), [0]);
            assert_given_up(&retry, GivenUp::InVain, 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_attempt_is_the_last_and_each_waits_longer() {
    let errors = ["first", "second", "third", "fourth", "fifth", "sixth"];
    let (retry, script) = (retry(6), Script::new(errors.map(Err)));
    let error = call(&retry, idempotent(), &script).await.unwrap_err();
    assert_eq!(error.to_string(), "sixth");
    assert_eq!(script.came(), [0, 100, 300, 700, 1500, 2500]);
    assert_given_up(&retry, GivenUp::Attempts, 5);
}

#[tokio::test(start_paused = true)]
async fn nobody_comes_back_before_the_service_said() {
    let busy = |millis: u32| turned_away(Reason::CircuitOpen).with_retry_after(millis * MILLI);
    // A rejection that may have been executed says it as well.
    let crashed = turned_away(Reason::Crashed).with_retry_after(1000 * MILLI);
    let outcomes = [Err(busy(1500)), Err(busy(50)), Err(crashed), Ok(7)];
    let (retry, script) = (retry(4), Script::new(outcomes));
    assert_eq!(call(&retry, idempotent(), &script).await.unwrap(), 7);
    assert_eq!(script.came(), [0, 1500, 1700, 2700]);
}

#[tokio::test(start_paused = true)]
async fn there_is_no_waiting_past_the_deadline_of_the_request() {
    for (deadline, came) in [(300, vec![0, 100]), (301, vec![0, 100, 300])] {
        let (retry, script) = (retry(3), Script::new(["first", "second", "third"].map(Err)));
        let begun = Instant::now();
        let info = idempotent().with_deadline(begun + deadline * MILLI);
        call(&retry, info, &script).await.unwrap_err();
        assert_eq!(script.came(), came);
        // At once.
        assert_eq!(begun.elapsed().as_millis(), *came.last().expect("one"));
        let reason = if came.len() == 2 {
            GivenUp::Deadline
        } else {
            GivenUp::Attempts
        };
        assert_given_up(&retry, reason, came.len() as u64 - 1);
    }
    // It has said when to come back: later than there is time.
    let late = turned_away(Reason::CircuitOpen).with_retry_after(Duration::MAX);
    let builder = builder().max_retry_after(None);
    let (retry, script) = (builder.build().expect("allowed"), Script::new([Err(late)]));
    call(&retry, Info::new(), &script).await.unwrap_err();
    assert_given_up(&retry, GivenUp::Deadline, 0);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_long_for_a_service_that_says_when_to_come_back() {
    for (millis, came) in [(2000, vec![0, 2000]), (2001, vec![0])] {
        let busy = turned_away(Reason::CircuitOpen).with_retry_after(millis * MILLI);
        let (retry, script) = (retry(3), Script::new([Err(busy), Ok(7)]));
        let begun = Instant::now();
        let outcome = call(&retry, Info::new(), &script).await;
        assert_eq!(script.came(), came);
        if outcome.is_err() {
            assert_eq!(begun.elapsed(), Duration::ZERO, "it is told at once");
            assert_given_up(&retry, GivenUp::RetryAfter, 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn there_is_no_waiting_past_the_time_of_the_whole_call() {
    for (within, came) in [(300, vec![0, 100]), (301, vec![0, 100, 300])] {
        let builder = builder().within(within * MILLI);
        let (retry, script) = (
            builder.build().expect("allowed"),
            Script::new(["a", "b", "c"].map(Err)),
        );
        call(&retry, idempotent(), &script).await.unwrap_err();
        assert_eq!(script.came(), came);
    }
    // Counted from the call, attempts included; of two deadlines the earlier one counts.
    let retry = builder().within(1000 * MILLI).build().expect("allowed");
    let slow = Script::new(["a", "b"].map(Err));
    let service = slow.clone();
    let service = tower::service_fn(move |_: Info| {
        let service = service.clone();
        async move {
            sleep(500 * MILLI).await;
            service.next()
        }
    });
    let far = idempotent().with_deadline(Instant::now() + 9000 * MILLI);
    let call = retry.layer().describe(describe).layer(service).oneshot(far);
    call.await.unwrap_err();
    assert_eq!(
        slow.came(),
        [500, 1100],
        "the second ends at 1100: too late for a third"
    );
    assert_given_up(&retry, GivenUp::Deadline, 1);
}

#[tokio::test(start_paused = true)]
async fn there_are_no_more_retries_than_the_budget_has() {
    let budget = RetryBudget {
        ratio: 0.5,
        burst: 2,
    };
    let builder = builder().attempts(2).budget(budget);
    let retry = builder.build().expect("allowed");
    let failing = Script::new((0..100).map(|_| Err(broken())));
    let mut service = retry.layer().describe(describe).layer(failing.clone());
    let mut attempts = Vec::new();
    for _ in 0..7 {
        let before = failing.came().len();
        let call = service.ready().await.unwrap().call(idempotent());
        call.await.unwrap_err();
        attempts.push(failing.came().len() - before);
    }
    // Two from before, of which the first call could add nothing to; then one for two calls.
    assert_eq!(attempts, [2, 2, 2, 1, 2, 1, 2]);
    let view = retry.view();
    assert_eq!(view.given_up(GivenUp::Budget), 2);
    assert_eq!(view.given_up(GivenUp::Attempts), 5);
    assert_eq!(view.budget, Some(0.0));

    // What was not tried again for other reasons has taken nothing.
    let before = retry.view().budget;
    for info in [Info::new(), idempotent().with_deadline(Instant::now())] {
        let script = Script::new([Err(broken())]);
        call(&retry, info, &script).await.unwrap_err();
    }
    assert_eq!(retry.view().budget, before.map(|tokens| tokens + 1.0));
}

#[tokio::test(start_paused = true)]
async fn without_a_budget_there_is_no_end_but_the_others() {
    let retry = builder().budget(None).attempts(2).build();
    let retry = retry.expect("allowed");
    for _ in 0..100 {
        let script = Script::new([Err(broken()), Ok(7)]);
        assert_eq!(call(&retry, idempotent(), &script).await.unwrap(), 7);
    }
    assert_eq!(retry.view().budget, None);
}

#[tokio::test(start_paused = true)]
async fn a_classifier_decides_what_is_no_answer() {
    let classify = |outcome: Result<&u32, &BoxError>| match outcome {
        Ok(500..) => Verdict::Failure,
        Ok(400..) => Verdict::Overload,
        Ok(_) => Verdict::Success,
        Err(_) => Verdict::Ignored,
    };
    for (outcomes, expected) in [
        (vec![Ok(500), Ok(200)], Some(200)),
        (vec![Ok(429), Ok(200)], Some(200)),
        (vec![Ok(200)], Some(200)),
        (vec![Err(broken())], None),
        // Turned away unexecuted: whatever the classifier says.
        (
            vec![Err(turned_away(Reason::Throttled).into()), Ok(200)],
            Some(200),
        ),
        (vec![Err(turned_away(Reason::Stopped).into())], None),
        // It may have been executed: the classifier decides.
        (vec![Err(turned_away(Reason::TimedOut).into())], None),
    ] {
        let (retry, script) = (retry(3), Script::new(outcomes));
        let layer = retry.layer().describe(describe).classify(classify);
        let answer = layer.layer(script.clone()).oneshot(idempotent()).await;
        assert_eq!(answer.ok(), expected);
    }
}
