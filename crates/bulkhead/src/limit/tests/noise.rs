//! Calls that say something other than how full the service is.

use std::time::Duration;

use seaworthy_core::Verdict;

use super::{Crowd, MS, adaptive};
use crate::limit::times::Times;
use crate::limit::{Aimd, Sample};

/// One call that ends now, besides those of the crowd.
fn ends(crowd: &mut Crowd, took: Duration, in_flight: u32, verdict: Verdict) -> u32 {
    let now = crowd.now;
    crowd.algorithm.observe(&Sample {
        now,
        took,
        in_flight,
        verdict,
    })
}

#[test]
fn the_typical_call_is_the_one_in_the_middle() {
    for calls in [1, 5, 16, 17, 1000, 10_001] {
        let mut times = Times::<16>::new();
        // One in four took a hundred times as long, and later ones took longer.
        for call in 1..=calls {
            let slow = if call % 4 == 0 { 100 } else { 1 };
            times.add(MS * slow * call);
        }
        let middle = times.median().expect("there are some").as_millis();
        let share = middle as f64 / f64::from(calls);
        assert!((0.4..=1.0).contains(&share), "{calls}: {share}");
        assert_eq!(times.median(), None);
    }
}

#[test]
fn quick_failures_do_not_say_how_long_work_takes() {
    for limit in adaptive() {
        let mut crowd = Crowd::new(limit.clone(), 16, 10 * MS);
        let before = crowd.flood(20_000);
        for _ in 0..10_000 {
            crowd.flood(1);
            for _ in 0..2 {
                let in_flight = crowd.limit();
                ends(&mut crowd, MS / 100, in_flight, Verdict::Failure);
            }
        }
        let after = crowd.flood(1000).max(crowd.flood(200));
        assert!(after * 4 >= before * 3, "{limit:?}: {before}, then {after}");
        assert!(after * 3 <= before * 4, "{limit:?}: {before}, then {after}");
    }
}

#[test]
fn calls_from_before_a_change_say_nothing_about_it() {
    for limit in adaptive() {
        let mut crowd = Crowd::new(limit.clone(), 16, 10 * MS);
        crowd.algorithm = limit.start_at(100);
        crowd.now = 1000 * MS;
        assert_eq!(ends(&mut crowd, 10 * MS, 100, Verdict::Overload), 90);
        crowd.now += MS;
        for _ in 0..1000 {
            let found = ends(&mut crowd, 500 * MS, 100, Verdict::Success);
            assert_eq!(found, 90, "{limit:?}");
        }
    }
}

#[test]
fn at_its_least_it_does_not_remember_how_much_less_was_asked_for() {
    let mut aimd = Aimd::default();
    (aimd.min, aimd.initial) = (5, 5);
    let mut crowd = Crowd::new(aimd, 16, 10 * MS);
    for _ in 0..100 {
        crowd.now += 20 * MS;
        assert_eq!(ends(&mut crowd, 10 * MS, 5, Verdict::Overload), 5);
    }
    for _ in 0..6 {
        ends(&mut crowd, 10 * MS, 5, Verdict::Success);
    }
    assert_eq!(crowd.limit(), 6);
}
