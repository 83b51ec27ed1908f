//! Calls that are no services go through the same stages.

use seaworthy::circuit_breaker::Control;
use seaworthy::core::{BoxError, Verdict};
use seaworthy::fallback::{LastGood, Source};
use tokio::time::{Instant, sleep};

use super::*;

fn down(attempt: u32) -> Result<u32, BoxError> {
    if attempt < 3 {
        Err("down".into())
    } else {
        Ok(attempt)
    }
}

#[tokio::test(start_paused = true)]
async fn each_attempt_is_seen_by_the_breaker_and_has_its_own_time() {
    let mut config = Config::default();
    config.attempt_timeout = Some(SECOND);
    let stack = builder().config(config).describe(idempotent);
    let stack = stack.build().unwrap();
    let begun = Instant::now();
    let slow = async |attempt: u32| {
        sleep(10 * SECOND / attempt.pow(3)).await;
        Ok::<_, BoxError>(attempt)
    };
    assert_eq!(stack.call_for(&7, slow).await.unwrap(), 3);
    assert!((2 * SECOND..4 * SECOND).contains(&begun.elapsed()));
    assert_eq!(stack.attempt_timeout().view().timed_out, 2);
    assert_eq!(stack.circuit_breaker().view().failures, 2);
    assert_eq!(stack.retry().view().retries, 2);
    assert_eq!(stack.bulkhead().view().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_executed_is_not_tried_again_unless_it_is_known_to_do_no_harm() {
    let stack = builder().build().unwrap();
    let error = stack.call(async |attempt| down(attempt)).await.unwrap_err();
    assert_eq!(error.to_string(), "down");
    let stack = builder().describe(idempotent).build().unwrap();
    let answer = stack.call_for(&7, async |attempt| down(attempt)).await;
    assert_eq!(answer.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_of_the_request_ends_it() {
    let deadline = |at: &Instant| Info::new().with_deadline(*at);
    let stack = builder().describe(deadline).build().unwrap();
    let forever = async |_| std::future::pending::<Result<(), BoxError>>().await;
    let at = Instant::now() + SECOND;
    let error = stack.call_for(&at, forever).await.unwrap_err();
    assert_eq!(reason(&error), (Reason::TimedOut, Executed::Maybe));
    assert!(Instant::now() < at + 10 * MILLI);
    let error = stack.call_for(&at, forever).await.unwrap_err();
    assert_eq!(reason(&error), (Reason::Expired, Executed::No));
}

#[tokio::test(start_paused = true)]
async fn the_fallback_says_who_has_answered() {
    let kept = LastGood::by(|key: &u32| *key).build().unwrap();
    let stack = builder().fallback(|it| it.last_good(kept).value(0));
    let stack = stack.build().unwrap();
    let ask = async |key: u32| {
        let call = stack.call_with_source(&key, async |_| Ok::<_, BoxError>(key));
        let answer = call.await.unwrap();
        (answer.value, answer.source)
    };
    assert_eq!(ask(7).await, (7, Source::Primary));
    stack.circuit_breaker().control(Control::ForceOpen).unwrap();
    let (value, source) = ask(7).await;
    assert!(matches!(source, Source::Stale { .. }), "{source:?}");
    assert_eq!(value, 7);
    assert_eq!(ask(8).await, (0, Source::Default));
}

#[tokio::test(start_paused = true)]
async fn what_is_turned_away_is_never_polled() {
    let mut config = Config::default();
    config.bulkhead.as_mut().unwrap().limit = Limit::from(1);
    let stack = builder().config(config).build().unwrap();
    let never = |_| -> std::future::Ready<Result<(), BoxError>> { panic!("it is not to run") };
    let place = stack.bulkhead().try_acquire().unwrap();
    let error = stack.call(never).await.unwrap_err();
    assert_eq!(reason(&error), (Reason::BulkheadFull, Executed::No));
    drop(place);
    stack.circuit_breaker().force_open();
    let error = stack.call(never).await.unwrap_err();
    assert_eq!(reason(&error), (Reason::CircuitOpen, Executed::No));
}

#[tokio::test(start_paused = true)]
async fn what_an_attempt_does_before_it_waits_is_part_of_it() {
    let stack = builder().build().unwrap();
    let handle = stack.clone();
    let panics = |_| -> std::future::Ready<Result<(), BoxError>> { panic!("at once") };
    let call = tokio::spawn(async move { handle.call(panics).await });
    assert!(call.await.unwrap_err().is_panic());
    assert_eq!(stack.circuit_breaker().view().failures, 1);
    assert_eq!(stack.bulkhead().view().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn an_open_circuit_says_nothing_about_how_much_there_is_to_do() {
    let mut config = Config::default();
    config.bulkhead.as_mut().unwrap().limit =
        Limit::from(seaworthy::bulkhead::limit::Aimd::default());
    let stack = builder().config(config).build().unwrap();
    let before = stack.bulkhead().view().limit;
    stack.circuit_breaker().force_open();
    for _ in 0..50 {
        let call = stack.call(async |_| Ok::<_, BoxError>(()));
        call.await.unwrap_err();
    }
    assert_eq!(stack.bulkhead().view().limit, before);
}

#[tokio::test(start_paused = true)]
async fn outcomes_are_judged_by_the_rules_of_the_stack() {
    let stack = builder()
        .classify(|outcome: Result<&u32, &BoxError>| match outcome {
            Ok(500..) | Err(_) => Verdict::Failure,
            Ok(_) => Verdict::Success,
        })
        .describe(idempotent)
        .build()
        .unwrap();
    let statuses = [503, 200];
    let answer = stack.call_for(&7, async |attempt: u32| {
        Ok::<_, BoxError>(statuses[attempt as usize - 1])
    });
    assert_eq!(answer.await.unwrap(), 200);
    let view = stack.circuit_breaker().view();
    assert_eq!((view.failures, view.calls), (1, 2));
}
