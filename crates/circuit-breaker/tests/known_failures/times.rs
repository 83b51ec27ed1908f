//! How long it is open, and what is said about it.

use seaworthy_circuit_breaker::machine::{Ending, Event, Machine, Refusal};
use seaworthy_core::backoff::Jitter;
use seaworthy_core::clock::Coarse;

use super::*;

fn growing(jitter: Jitter) -> OpenFor {
    let mut open = OpenFor::default();
    (open.first, open.at_most) = (secs(5), secs(60));
    open.jitter = jitter;
    open
}

fn open_for(breaker: &CircuitBreaker) -> Duration {
    let view = breaker.view();
    view.until.expect("it is open").since(view.since)
}

#[tokio::test(start_paused = true)]
async fn a_rejection_that_does_not_say_when_to_come_back() {
    let breaker = breaker(config());
    fail(&breaker, 2);
    advance(secs(2)).await;
    let rejected = rejected(&breaker);
    let delay = rejected.retry_after().expect("it is known");
    assert!(
        delay >= secs(3) && delay <= secs(3) + millis(5),
        "{delay:?}"
    );
    assert_eq!(rejected.cause(), Some(Cause::ConsecutiveFailures(2)));
    assert_eq!(rejected.component().to_string(), "b");
}

/// Whoever comes back exactly then is let in, however odd the moment.
#[tokio::test(start_paused = true)]
async fn a_time_to_come_back_that_is_too_early() {
    use seaworthy_circuit_breaker::Begins;
    for begins in [Begins::OnCall, Begins::OnLook, Begins::Timer] {
        for asked_after in [Duration::ZERO, NANO, millis(1234), secs(5) - NANO, secs(5)] {
            let mut config = config();
            config.half_open.begins = begins;
            let breaker = breaker(config);
            fail(&breaker, 2);
            advance(asked_after).await;
            let Err(rejected) = breaker.try_acquire() else {
                assert_eq!((begins, asked_after), (Begins::Timer, secs(5)));
                continue;
            };
            advance(rejected.retry_after().expect("it is known")).await;
            succeed(&breaker, 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_open_time_that_never_grows() {
    let mut config = by_rate(Window::Calls(4), 4, 0.5);
    config.open = growing(Jitter::None);
    let breaker = breaker(config);
    fail(&breaker, 4);
    for expected in [5, 10, 20, 40, 60, 60] {
        assert_eq!(open_for(&breaker), secs(expected));
        until_it_may_be_tried(&breaker).await;
        fail(&breaker, 1);
    }
}

/// It closes, and opens by the very next calls: that is not well in between, though they fill the window.
#[tokio::test(start_paused = true)]
async fn an_open_time_that_starts_again_with_each_success() {
    let (span, buckets) = (secs(10), 10);
    for window in [Window::Calls(4), Window::Time { span, buckets }] {
        let mut config = by_rate(window, 4, 0.5);
        config.open = growing(Jitter::None);
        let breaker = breaker(config);
        for expected in [5, 10, 20, 40] {
            fail(&breaker, 4);
            assert_eq!(open_for(&breaker), secs(expected), "{window:?}");
            until_it_may_be_tried(&breaker).await;
            succeed(&breaker, 1);
            assert_eq!(breaker.state(), State::Closed);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_open_time_that_stays_long_after_the_service_was_well() {
    let (span, buckets) = (secs(10), 10);
    for window in [Window::Calls(4), Window::Time { span, buckets }] {
        let mut config = by_rate(window, 4, 0.5);
        config.open = growing(Jitter::None);
        let breaker = breaker(config);
        for _ in 0..3 {
            fail(&breaker, 4);
            until_it_may_be_tried(&breaker).await;
            succeed(&breaker, 1);
        }
        succeed(&breaker, 4);
        advance(secs(10)).await;
        // Half of the last four, or all in the last ten seconds.
        let failures = match window {
            Window::Calls(calls) => calls / 2,
            Window::Time { .. } => 4,
        };
        fail(&breaker, failures);
        assert_eq!(open_for(&breaker), secs(5), "{window:?}");
    }
}

/// Breakers that open together do not come back together.
#[tokio::test(start_paused = true)]
async fn a_herd_that_comes_back_at_the_same_moment() {
    let mut config = config();
    config.open = growing(Jitter::Equal);
    let mut times: Vec<_> = (0..100)
        .map(|seed| {
            let builder = CircuitBreaker::builder("b").config(config.clone());
            let builder = builder.registry(&Registry::new()).seed(seed);
            let breaker = builder.build().expect("it is allowed");
            fail(&breaker, 2);
            open_for(&breaker)
        })
        .collect();
    assert!(
        times
            .iter()
            .all(|time| (millis(2500)..=secs(5)).contains(time))
    );
    times.sort_unstable();
    times.dedup();
    assert!(times.len() > 90, "{}", times.len());
    assert!(times[times.len() - 1] - times[0] > secs(2));
}

/// After it has closed, the load comes back little by little.
#[tokio::test(start_paused = true)]
async fn a_flood_at_the_moment_of_closing() {
    let mut config = config();
    config.ramp_up = Some(secs(10));
    let breaker = breaker(config);
    until_it_may_be_tried(&breaker).await;
    succeed(&breaker, 1);
    let mut shares = Vec::new();
    for _ in 0..10 {
        assert_eq!(breaker.state(), State::Recovering);
        shares.push((0..100).filter(|_| breaker.try_acquire().is_ok()).count());
        advance(secs(1)).await;
    }
    assert_eq!(shares, [10, 19, 28, 37, 46, 55, 64, 73, 82, 91]);
    assert_eq!(breaker.state(), State::Closed);
}

/// For those who bring a clock of their own, and it is set back: it stands still until it is where it was.
#[test]
fn a_clock_that_goes_back() {
    let at = |seconds: u64| Coarse::from_nanos(seconds * 1_000_000_000);
    let mut config = config();
    config.minimum_calls = 1000;
    let mut machine = Machine::new(config, at(0), 0).expect("it is allowed");
    let mut call = |seconds, how| -> Result<State, Refusal> {
        let step = machine.step(at(seconds), Event::Acquire);
        let ticket = step.admitted.expect("asked")?;
        let took = None;
        Ok(machine
            .step(at(seconds), Event::End { ticket, how, took })
            .state)
    };
    // One at 100 s, one at what is called 1 s, and one when that is 10 s old: the two that came first are gone together.
    for seconds in [100, 1] {
        assert_eq!(call(seconds, Ending::SUCCESS), Ok(State::Closed));
    }
    assert_eq!(call(111, Ending::FAILURE), Ok(State::Closed));
    assert_eq!(call(2, Ending::FAILURE), Ok(State::Open));
    // Open until 116 s, and not until 7 s.
    for seconds in [2, 7, 0, 115, 116] {
        let refusal = call(seconds, Ending::SUCCESS).expect_err("it is open");
        assert_eq!(refusal.until, Some(at(116)), "asked at {seconds} s");
    }
    assert_eq!(call(117, Ending::SUCCESS), Ok(State::Closed));
}
