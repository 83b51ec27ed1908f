//! Orders that meet one another, and what is left of them.

use std::num::NonZeroUsize;

use seaworthy_circuit_breaker::{BreakerEvent, Control};

use super::*;

#[tokio::test(start_paused = true)]
async fn an_isolation_after_another_order_isolates_nothing() {
    let breaker = breaker(config());
    let first = breaker.isolate();
    breaker.reset();
    let second = breaker.isolate();
    rejected(&breaker);
    drop(first);
    rejected(&breaker);
    drop(second);
    assert_eq!(breaker.state(), State::Closed);
}

/// The program is restarted in the middle of a maintenance.
#[tokio::test(start_paused = true)]
async fn an_isolation_outlives_the_program() {
    let before = breaker(config());
    let isolation = before.isolate();
    let saved = before.save();
    drop(isolation);
    let after = breaker(config());
    after.restore(saved);
    assert_eq!(after.state(), State::Closed);
    // An order does.
    before.force_open();
    after.restore(before.save());
    assert_eq!(after.state(), State::ForcedOpen);
}

#[tokio::test(start_paused = true)]
async fn open_for_a_time_of_ones_own() {
    let breaker = breaker(config());
    breaker.control(Control::OpenFor(secs(30))).expect("closed");
    let rejected = rejected(&breaker);
    assert_eq!(rejected.cause(), Some(Cause::Forced));
    assert_eq!(rejected.retry_after(), Some(secs(30) + NANO));
    advance(secs(30) + NANO).await;
    admitted(&breaker).success();
    breaker.metrics_only();
    let refused = breaker.control(Control::OpenFor(secs(1)));
    assert_eq!(
        refused.expect_err("it only counts").to_string(),
        "a breaker that is metrics_only cannot be ordered open"
    );
}

/// A day after the last trouble it has not opened "four times in a row".
#[tokio::test(start_paused = true)]
async fn trouble_of_long_ago_makes_the_next_opening_longer() {
    let mut config = config();
    config.open = OpenFor::default();
    let one = breaker(config.clone());
    for openings in 1..=4 {
        until_it_may_be_tried(&one).await;
        assert_eq!(one.view().openings_in_a_row, openings);
    }
    admitted(&one).success();
    assert_eq!(one.view().openings_in_a_row, 4, "not well for long");
    advance(secs(86_400)).await;
    assert_eq!(one.view().openings_in_a_row, 0);
    let next = breaker(config);
    next.restore(one.save());
    fail(&next, 2);
    let delay = rejected(&next).retry_after().expect("known");
    assert!(delay <= secs(5) + NANO, "{delay:?}");
}

/// What a reconfiguration brings about is told after it.
#[tokio::test(start_paused = true)]
async fn a_reconfiguration_is_told_after_what_comes_of_it() {
    let breaker = breaker(config());
    let mut events = breaker
        .events()
        .subscribe(NonZeroUsize::MIN.saturating_add(9));
    let mut config = config();
    config.half_open.lease = None;
    let _ = breaker.reconfigure(config).expect("it is allowed");
    fail(&breaker, 2);
    let mut told = Vec::new();
    while let Some(event) = events.try_recv() {
        told.push(
            event
                .detail::<BreakerEvent>()
                .copied()
                .expect("of a breaker"),
        );
    }
    assert!(
        matches!(
            told[..],
            [
                BreakerEvent::Reconfigured { .. },
                BreakerEvent::MayWedge,
                BreakerEvent::StateChanged { .. }
            ]
        ),
        "{told:?}"
    );
}
