//! Each stage judges by its own rule, and knows what is known of the request.

use seaworthy::bulkhead::Config as Bulkhead;
use seaworthy::bulkhead::limit::Aimd;

use super::*;

/// An inner service that turns all calls away: no evidence for the breaker, and too much for a limit that finds itself.
#[tokio::test(start_paused = true)]
async fn what_an_inner_stage_turns_away_is_overload_for_the_limit_and_nothing_to_the_breaker() {
    let stack = || {
        let mut config = Config::default();
        config.retry = None;
        let breaker = config.circuit_breaker.as_mut().unwrap();
        breaker.consecutive_failures = Some(1);
        let mut bulkhead = Bulkhead::default();
        bulkhead.limit = Aimd::default().into();
        config.bulkhead = Some(bulkhead);
        builder().config(config).build().unwrap()
    };
    let full = async || Err::<u32, BoxError>(Rejected::new(Reason::QueueFull, "inner").into());
    let (layered, by_call) = (stack(), stack());
    let service = layered.layer().layer(service_fn(|_: u32| full()));
    for _ in 0..50 {
        service.clone().oneshot(7).await.unwrap_err();
        by_call.call(async |_| full().await).await.unwrap_err();
        sleep(SECOND).await;
    }
    for stack in [layered, by_call] {
        let breaker = stack.circuit_breaker().view();
        assert_eq!((breaker.state, breaker.failures), (State::Closed, 0));
        let limit = stack.bulkhead().view().limit;
        assert!(limit < Aimd::default().initial, "{limit}");
    }
}

/// Who would come back after the deadline is told at once, not at the deadline.
#[tokio::test(start_paused = true)]
async fn retries_know_the_deadline_of_the_request() {
    let deadline = |at: &Instant| Info::new().with_deadline(*at);
    let busy = || Rejected::new(Reason::QueueFull, "inner").with_retry_after(SECOND + 500 * MILLI);
    let busy = async || Err::<u32, BoxError>(busy().into());
    let stack = builder().describe(deadline).build().unwrap();
    let service = stack.layer().layer(service_fn(|_: Instant| busy()));
    let begun = Instant::now();
    let at = begun + SECOND;
    let by_call = stack.call_for(&at, async |_| busy().await).await;
    let layered = service.oneshot(at).await;
    for outcome in [by_call, layered] {
        assert_eq!(reason(&outcome.unwrap_err()).0, Reason::QueueFull);
    }
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!(stack.retry().view().given_up(GivenUp::Deadline), 2);
}
