//! Trials that never end, let in too many, or are decided by the wrong calls.

use seaworthy_circuit_breaker::{AfterWait, MaxWait, SlowCalls};

use super::*;

fn with(permits: Permits, judged_by: JudgedBy) -> Config {
    let mut config = config();
    config.half_open = trial(permits, judged_by);
    config
}

/// Two seconds between probes, a window of one second: the results of a trial do not go out of date.
#[tokio::test(start_paused = true)]
async fn a_wedged_trial_whose_successes_expire() {
    let mut config = with(Permits::InTotal(3), JudgedBy::Successes(3));
    let (span, buckets) = (secs(1), 10);
    config.window = Window::Time { span, buckets };
    let breaker = breaker(config);
    until_it_may_be_tried(&breaker).await;
    for _ in 0..3 {
        assert_ne!(breaker.state(), State::Closed);
        succeed(&breaker, 1);
        advance(secs(2)).await;
    }
    assert_eq!(breaker.state(), State::Closed);
}

/// The probe hangs for ever, and its place is not lost.
#[tokio::test(start_paused = true)]
async fn a_wedged_trial_whose_probe_never_comes_back() {
    let breaker = breaker(config());
    for _ in 0..3 {
        until_it_may_be_tried(&breaker).await;
        let lost = admitted(&breaker);
        assert_eq!(cause(&breaker), Cause::ProbesBusy);
        advance(secs(10)).await;
        assert_eq!(breaker.state(), State::Open);
        assert_eq!(cause(&breaker), Cause::ProbeOverdue);
        // What it comes back with says nothing any more.
        lost.success();
        assert_eq!(breaker.state(), State::Open);
    }
    until_it_may_be_tried(&breaker).await;
    succeed(&breaker, 1);
    assert_eq!(breaker.state(), State::Closed);
}

/// Too few calls come to decide, and a probe is lost without a lease: the longest wait ends it all the same.
#[tokio::test(start_paused = true)]
async fn a_trial_that_never_ends() {
    for (then, state) in [
        (AfterWait::Open, State::Open),
        (AfterWait::Closed, State::Closed),
    ] {
        let mut config = with(Permits::InTotal(3), JudgedBy::Successes(3));
        let time = secs(30);
        config.half_open.lease = None;
        config.half_open.max_wait = Some(MaxWait { time, then });
        let breaker = breaker(config);
        until_it_may_be_tried(&breaker).await;
        let _lost = admitted(&breaker);
        succeed(&breaker, 2);
        assert_eq!(cause(&breaker), Cause::ProbesBusy);
        advance(secs(30) - NANO).await;
        assert_eq!(breaker.state(), State::HalfOpen);
        advance(NANO).await;
        assert_eq!(breaker.state(), state);
    }
}

#[tokio::test(start_paused = true)]
async fn permits_that_leak_when_a_probe_is_dropped() {
    for permits in [Permits::AtOnce(1), Permits::InTotal(1)] {
        let breaker = breaker(with(permits, JudgedBy::Successes(1)));
        until_it_may_be_tried(&breaker).await;
        for _ in 0..10 {
            drop(admitted(&breaker));
            admitted(&breaker).release();
            let call = breaker.call(std::future::pending::<Result<(), Rejected>>());
            let cut_off = tokio::time::timeout(millis(1), call).await;
            assert!(cut_off.is_err(), "it was let in");
        }
        assert_eq!(breaker.view().probes, 0);
        succeed(&breaker, 1);
        assert_eq!(breaker.state(), State::Closed);
    }
}

/// Ignored outcomes say nothing; they do not use up what may be tried.
#[tokio::test(start_paused = true)]
async fn permits_that_leak_when_an_outcome_is_ignored() {
    let breaker = breaker(with(Permits::InTotal(2), JudgedBy::Successes(2)));
    until_it_may_be_tried(&breaker).await;
    for _ in 0..10 {
        admitted(&breaker).record(seaworthy_core::Verdict::Ignored);
    }
    succeed(&breaker, 2);
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_stampede_of_probes() {
    let breaker = breaker(with(Permits::AtOnce(3), JudgedBy::Successes(100)));
    until_it_may_be_tried(&breaker).await;
    let admitted: Vec<_> = (0..1000)
        .filter_map(|_| breaker.try_acquire().ok())
        .collect();
    assert_eq!(admitted.len(), 3);
    assert!(admitted.iter().all(Permit::is_probe));
    assert_eq!(breaker.view().probes, 3);
}

/// Real threads, all at once.
#[test]
fn a_stampede_of_threads() {
    let mut config = with(Permits::AtOnce(2), JudgedBy::Successes(100));
    config.initial = seaworthy_circuit_breaker::Initial::Open;
    config.open = OpenFor::fixed(NANO);
    let breaker = breaker(config);
    while breaker.state() == State::Open {
        std::thread::yield_now();
    }
    let barrier = std::sync::Barrier::new(4);
    let admitted: Vec<Permit> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    let calls = (0..100).filter_map(|_| breaker.try_acquire().ok());
                    calls.collect::<Vec<_>>()
                })
            })
            .collect();
        let joined = threads.into_iter().flat_map(|it| it.join().expect("well"));
        joined.collect()
    });
    assert_eq!(admitted.len(), 2);
}

/// Calls from before the trial come back during it: they free no place that is not theirs.
#[tokio::test(start_paused = true)]
async fn permits_that_multiply_by_late_calls() {
    for permits in [Permits::AtOnce(1), Permits::InTotal(2)] {
        let breaker = breaker(with(permits, JudgedBy::Successes(2)));
        let mut late: Vec<_> = (0..8).map(|_| admitted(&breaker)).collect();
        until_it_may_be_tried(&breaker).await;
        let probes: Vec<_> = std::iter::from_fn(|| breaker.try_acquire().ok()).collect();
        let places = probes.len();
        for (number, call) in late.drain(..).enumerate() {
            match number % 4 {
                0 => call.success(),
                1 => call.record(seaworthy_core::Verdict::Ignored),
                2 => call.release(),
                _ => drop(call),
            }
            assert_eq!(cause(&breaker), Cause::ProbesBusy);
            assert_eq!(breaker.view().probes, places);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn late_results_that_decide_the_trial() {
    let breaker = breaker(config());
    let (well, badly, again) = (admitted(&breaker), admitted(&breaker), admitted(&breaker));
    until_it_may_be_tried(&breaker).await;
    let probe = admitted(&breaker);
    well.success();
    assert_eq!(
        breaker.state(),
        State::HalfOpen,
        "that is not how it is now"
    );
    badly.failure();
    assert_eq!(
        breaker.state(),
        State::HalfOpen,
        "that is not how it is now"
    );
    probe.success();
    assert_eq!(breaker.state(), State::Closed);
    again.failure();
    assert_eq!(breaker.view().consecutive_failures, 0);
}

/// A probe of an earlier trial comes back during the next one.
#[tokio::test(start_paused = true)]
async fn a_probe_of_an_earlier_trial_that_decides_the_next() {
    let breaker = breaker(with(Permits::AtOnce(2), JudgedBy::Successes(1)));
    until_it_may_be_tried(&breaker).await;
    let late = admitted(&breaker);
    fail(&breaker, 1);
    until_it_may_be_tried(&breaker).await;
    let _probe = admitted(&breaker);
    late.success();
    assert_eq!(breaker.state(), State::HalfOpen);
    assert_eq!(breaker.view().probes, 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_probe_that_closes() {
    let mut config = config();
    let (longer_than, rate) = (secs(1), 0.5);
    config.slow_calls = Some(SlowCalls { longer_than, rate });
    let breaker = breaker(config);
    until_it_may_be_tried(&breaker).await;
    let probe = admitted(&breaker);
    advance(secs(1) + NANO).await;
    probe.success();
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(cause(&breaker), Cause::ProbeSlow);
    until_it_may_be_tried(&breaker).await;
    let probe = admitted(&breaker);
    advance(secs(1)).await;
    probe.success();
    assert_eq!(breaker.state(), State::Closed, "that is not slow yet");
}

#[tokio::test(start_paused = true)]
async fn a_trial_that_one_success_ends_though_three_are_asked_for() {
    let breaker = breaker(with(Permits::AtOnce(5), JudgedBy::Successes(3)));
    until_it_may_be_tried(&breaker).await;
    succeed(&breaker, 2);
    assert_eq!(breaker.state(), State::HalfOpen);
    fail(&breaker, 1);
    assert_eq!(cause(&breaker), Cause::ProbeFailed);
    until_it_may_be_tried(&breaker).await;
    succeed(&breaker, 3);
    assert_eq!(breaker.state(), State::Closed);
}
