//! Windows that do not slide, or grow.

use seaworthy_circuit_breaker::Evidence;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_count_window_that_never_slides() {
    let breaker = breaker(by_rate(Window::Calls(10), 10, 0.5));
    succeed(&breaker, 1000);
    fail(&breaker, 4);
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!((breaker.view().calls, breaker.view().failures), (10, 4));
    fail(&breaker, 1);
    assert_eq!(breaker.state(), State::Open);
    let (failures, calls) = (5, 10);
    assert_eq!(cause(&breaker), Cause::FailureRate { failures, calls });
}

#[tokio::test(start_paused = true)]
async fn a_time_window_that_keeps_what_is_old() {
    let (span, buckets) = (secs(10), 10);
    let breaker = breaker(by_rate(Window::Time { span, buckets }, 4, 0.5));
    fail(&breaker, 3);
    advance(secs(10)).await;
    assert_eq!(breaker.view().calls, 0, "they are older than the window");
    fail(&breaker, 3);
    assert_eq!(breaker.state(), State::Closed);
    advance(secs(9)).await;
    fail(&breaker, 1);
    assert_eq!(breaker.state(), State::Open, "they are not older yet");
}

/// A fixed interval forgets everything at once, and two halves of a burst are never seen together.
#[tokio::test(start_paused = true)]
async fn a_burst_across_the_border_of_two_intervals() {
    let (span, buckets) = (secs(10), 10);
    let breaker = breaker(by_rate(Window::Time { span, buckets }, 10, 0.5));
    for border in [10, 20, 30] {
        let first = secs(border) - millis(500);
        let elapsed = breaker.view().since;
        let now = seaworthy_core::clock::coarse().since(elapsed);
        advance(first - now).await;
        succeed(&breaker, 4);
        fail(&breaker, 2);
        advance(secs(1)).await;
        assert_eq!(breaker.view().calls, 6);
        advance(secs(9)).await;
        assert_eq!(breaker.view().calls, 0);
    }
    fail(&breaker, 5);
    advance(secs(1)).await;
    fail(&breaker, 5);
    assert_eq!(breaker.state(), State::Open);
}

/// Four good calls an hour ago outvote nothing.
#[tokio::test(start_paused = true)]
async fn an_average_over_the_whole_life() {
    let (span, buckets) = (secs(10), 10);
    let breaker = breaker(by_rate(Window::Time { span, buckets }, 10, 0.5));
    succeed(&breaker, 100_000);
    advance(secs(3600)).await;
    fail(&breaker, 10);
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn too_few_calls_to_say_anything() {
    let breaker = breaker(by_rate(Window::Calls(100), 20, 0.5));
    fail(&breaker, 19);
    assert_eq!(breaker.state(), State::Closed);
    fail(&breaker, 1);
    assert_eq!(breaker.state(), State::Open);
}

/// The last call that was missing went well, and with it half of ten have failed.
#[tokio::test(start_paused = true)]
async fn a_success_after_which_nobody_looks_at_the_failures() {
    let breaker = breaker(by_rate(Window::Calls(10), 10, 0.5));
    fail(&breaker, 5);
    succeed(&breaker, 4);
    assert_eq!(breaker.state(), State::Closed);
    succeed(&breaker, 1);
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn evidence_that_is_lost_when_the_limits_change() {
    let breaker = breaker(by_rate(Window::Calls(20), 10, 0.5));
    fail(&breaker, 9);
    let kept = breaker.reconfigure(by_rate(Window::Calls(10), 10, 0.5));
    assert_eq!(kept, Ok(Evidence::Kept));
    assert_eq!(breaker.view().failures, 9);
    assert_eq!(breaker.state(), State::Closed);
    // Stricter limits open nothing by themselves, only the next result does.
    let kept = breaker.reconfigure(by_rate(Window::Calls(10), 5, 0.1));
    assert_eq!((kept, breaker.state()), (Ok(Evidence::Kept), State::Closed));
    fail(&breaker, 1);
    assert_eq!(breaker.state(), State::Open);
    let (span, buckets) = (secs(10), 10);
    let other_kind = by_rate(Window::Time { span, buckets }, 4, 0.5);
    assert_eq!(breaker.reconfigure(other_kind), Ok(Evidence::Cleared));
    assert_eq!(breaker.view().failures, 0);
    assert_eq!(
        breaker.state(),
        State::Open,
        "that has nothing to do with it"
    );
}

/// A hundred bad results must not hide behind a configuration that was refused half way.
#[tokio::test(start_paused = true)]
async fn a_refused_configuration_that_changes_something() {
    let breaker = breaker(by_rate(Window::Calls(10), 10, 0.5));
    fail(&breaker, 9);
    let before = (breaker.config(), breaker.view());
    let mut bad = by_rate(Window::Calls(5), 5, 0.9);
    bad.half_open.lease = Some(Duration::ZERO);
    let error = breaker
        .reconfigure(bad)
        .expect_err("no lease is that short");
    assert_eq!(error.field, "half_open.lease");
    assert_eq!((breaker.config(), breaker.view()), before);
}
