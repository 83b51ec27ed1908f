//! Each rule of the algorithms, on a service that is so simple that one can say what has to come out.

mod noise;

use std::time::Duration;

use proptest::prelude::*;
use seaworthy_core::Verdict;

use super::{Aimd, Algorithm, Fixed, Gradient, Limit, Sample, Vegas};

const MS: Duration = Duration::from_millis(1);

/// Calls that come in an endless crowd: as many are let in as the limit allows, and each takes as long as the queue
/// before it makes it.
struct Crowd {
    algorithm: Box<dyn Algorithm>,
    now: Duration,
    /// How many the service works on at once.
    places: u32,
    /// How long it works on one.
    work: Duration,
}

impl Crowd {
    fn new(limit: impl Into<Limit>, places: u32, work: Duration) -> Self {
        let limit = limit.into();
        limit.check("test").expect("it can be");
        Self {
            algorithm: limit.start(),
            now: Duration::ZERO,
            places,
            work,
        }
    }

    fn limit(&self) -> u32 {
        self.algorithm.limit()
    }

    /// So many calls, with so many in flight at most.
    fn calls(&mut self, calls: u32, crowd: u32, verdict: Verdict) -> u32 {
        for _ in 0..calls {
            let in_flight = self.algorithm.limit().min(crowd);
            let rounds = f64::from(in_flight.max(self.places)) / f64::from(self.places);
            let took = self.work.mul_f64(rounds);
            self.now += self.work / in_flight.min(self.places);
            self.algorithm.observe(&Sample {
                now: self.now,
                took,
                in_flight,
                verdict,
            });
        }
        self.limit()
    }

    fn flood(&mut self, calls: u32) -> u32 {
        self.calls(calls, u32::MAX, Verdict::Success)
    }
}

fn adaptive() -> [Limit; 2] {
    [Gradient::default().into(), Vegas::default().into()]
}

#[test]
fn a_fixed_limit_stays() {
    let mut crowd = Crowd::new(Fixed::new(7), 2, 10 * MS);
    assert_eq!(crowd.calls(1000, u32::MAX, Verdict::Overload), 7);
}

#[test]
fn few_places_and_many_are_found() {
    for limit in adaptive() {
        for places in [2, 16, 300] {
            let mut crowd = Crowd::new(limit.clone(), places, 10 * MS);
            let found = crowd.flood(100_000);
            let most = places * 2 + 10 + 4 * places.isqrt();
            assert!(
                (places..=most).contains(&found),
                "{limit:?}, {places}: {found}"
            );
        }
    }
}

#[test]
fn nothing_grows_while_the_limit_holds_nobody_back() {
    let aimd = Limit::from(Aimd::default());
    for limit in adaptive().into_iter().chain([aimd]) {
        let mut crowd = Crowd::new(limit.clone(), 100, 10 * MS);
        assert_eq!(crowd.calls(50_000, 4, Verdict::Success), limit.initial());
        assert!(crowd.calls(5000, 8, Verdict::Success) > limit.initial());
    }
}

#[test]
fn what_is_ignored_says_nothing() {
    let aimd = Limit::from(Aimd::default());
    for limit in adaptive().into_iter().chain([aimd]) {
        let mut crowd = Crowd::new(limit.clone(), 1, 10 * MS);
        assert_eq!(
            crowd.calls(50_000, u32::MAX, Verdict::Ignored),
            limit.initial()
        );
    }
}

#[test]
fn overload_counts_once_for_all_that_were_under_way() {
    let aimd = Limit::from(Aimd::default());
    for limit in adaptive().into_iter().chain([aimd]) {
        let mut algorithm = limit.start_at(100);
        let mut sample = Sample {
            now: 10 * MS,
            took: 10 * MS,
            in_flight: 100,
            verdict: Verdict::Overload,
        };
        for _ in 0..100 {
            assert_eq!(algorithm.observe(&sample), 90);
        }
        sample.now = 20 * MS;
        assert_eq!(algorithm.observe(&sample), 81);
    }
}

#[test]
fn failures_alone_do_not_shrink_it() {
    let aimd = Limit::from(Aimd::default());
    for limit in adaptive().into_iter().chain([aimd]) {
        let mut crowd = Crowd::new(limit, 50, 10 * MS);
        let before = crowd.flood(20_000);
        assert!(crowd.calls(20_000, u32::MAX, Verdict::Failure) * 10 >= before * 9);
    }
}

#[test]
fn lucky_calls_do_not_collapse_it() {
    for limit in adaptive() {
        let mut crowd = Crowd::new(limit.clone(), 16, 10 * MS);
        let before = crowd.flood(20_000);
        for _ in 0..1000 {
            crowd.flood(20);
            let (now, verdict) = (crowd.now, Verdict::Success);
            let (took, in_flight) = (MS / 100, 1);
            crowd.algorithm.observe(&Sample {
                now,
                took,
                in_flight,
                verdict,
            });
        }
        let after = crowd.flood(1000).max(crowd.flood(200));
        assert!(after * 4 >= before * 3, "{limit:?}: {before}, then {after}");
    }
}

#[test]
fn a_lasting_slow_down_does_not_collapse_it_for_ever() {
    for limit in adaptive() {
        let mut crowd = Crowd::new(limit.clone(), 16, 10 * MS);
        let before = crowd.flood(20_000);
        crowd.work *= 5;
        crowd.flood(20_000);
        let after = crowd.flood(1000).max(crowd.flood(200));
        assert!(after * 4 >= before * 3, "{limit:?}: {before}, then {after}");
    }
}

#[test]
fn a_long_overload_does_not_raise_it() {
    for limit in adaptive() {
        // Long calls: more than half an hour, with hardly more calls between two probes than there have to be.
        let mut crowd = Crowd::new(limit.clone(), 16, 60 * MS);
        let before = crowd.flood(20_000);
        let mut most = 0;
        for _ in 0..5000 {
            most = most.max(crowd.flood(100));
        }
        assert!(crowd.now > 1800 * 1000 * MS);
        assert!(
            most * 4 <= before * 5,
            "{limit:?}: {before}, at most {most}"
        );
    }
}

#[test]
fn what_began_under_overload_is_not_believed() {
    for limit in adaptive() {
        // Ten times as many at once as would be right, from the first call on.
        let mut crowd = Crowd::new(limit.clone(), 2, 10 * MS);
        crowd.algorithm = limit.start_at(200);
        let found = crowd.flood(10_000);
        assert!(found <= 16, "{limit:?}: {found}");
    }
}

#[test]
fn a_limit_of_one_recovers() {
    let aimd = Limit::from(Aimd::default());
    for limit in adaptive().into_iter().chain([aimd]) {
        let mut crowd = Crowd::new(limit.clone(), 16, 10 * MS);
        crowd.algorithm = limit.start_at(1);
        assert_eq!(crowd.limit(), 1);
        let found = crowd.flood(5000).max(crowd.flood(200));
        assert!(found >= 12, "{limit:?}: {found}");
    }
}

#[test]
fn a_probe_that_is_stuck_ends() {
    let mut crowd = Crowd::new(Gradient::default(), 100, 10 * MS);
    let before = loop {
        let before = crowd.limit();
        if crowd.flood(1) < before && crowd.algorithm.holds_until().is_some() {
            break before;
        }
    };
    let until = crowd.algorithm.holds_until().expect("a probe");
    assert!(until > crowd.now);
    assert!(crowd.algorithm.lapse(until - MS / 1000) < before, "not yet");
    assert_eq!(crowd.algorithm.lapse(until), crowd.limit());
    assert!(crowd.limit() >= before, "{} of {before}", crowd.limit());
    assert_eq!(crowd.algorithm.holds_until(), None);
}

#[test]
fn aimd_shrinks_by_slow_calls_only_if_told() {
    let mut aimd = Aimd::default();
    let mut crowd = Crowd::new(aimd.clone(), 4, 10 * MS);
    assert_eq!(crowd.flood(100_000), aimd.max);
    aimd.slow = Some(50 * MS);
    let mut crowd = Crowd::new(aimd, 4, 10 * MS);
    let found = crowd.flood(100_000);
    assert!((17..=21).contains(&found), "{found}");
}

fn any_sample() -> impl Strategy<Value = (Duration, Duration, u32, Verdict)> {
    let nanos = prop_oneof![Just(0), 0..1_000_000_000_000_u64, Just(u64::MAX)];
    let took = nanos.clone().prop_map(Duration::from_nanos);
    let took = prop_oneof![took, Just(Duration::MAX)];
    let step = nanos.prop_map(Duration::from_nanos);
    let verdict = prop_oneof![
        10 => Just(Verdict::Success),
        1 => Just(Verdict::Failure),
        1 => Just(Verdict::Overload),
        1 => Just(Verdict::Ignored),
    ];
    (step, took, prop_oneof![0..50_u32, any::<u32>()], verdict)
}

/// `PROPTEST_CASES` says how many sequences; 32 if it is not set.
fn config() -> ProptestConfig {
    if std::env::var_os("PROPTEST_CASES").is_none() {
        return ProptestConfig::with_cases(32);
    }
    ProptestConfig::default()
}

proptest! {
    #![proptest_config(config())]
    #[test]
    fn limits_stay_where_they_may_be(
        samples in prop::collection::vec(any_sample(), 0..2000),
        min in 1..20_u32,
        more in 0..100_u32,
        window in 10..200_u32,
    ) {
        let max = min + more;
        let gradient = Gradient { min, max, initial: min, window, ..Gradient::default() };
        let vegas = Vegas { min, max, initial: max, window, ..Vegas::default() };
        let aimd = Aimd { min, max, initial: min, slow: Some(MS), ..Aimd::default() };
        for limit in [Limit::from(gradient), vegas.into(), aimd.into()] {
            limit.check("test").expect("it can be");
            let mut algorithm = limit.start();
            let mut now = Duration::ZERO;
            for (step, took, in_flight, verdict) in &samples {
                now = now.saturating_add(*step);
                let sample = Sample { now, took: *took, in_flight: *in_flight, verdict: *verdict };
                let limit = algorithm.observe(&sample);
                prop_assert!((min..=max).contains(&limit), "{}", limit);
                prop_assert_eq!(limit, algorithm.limit());
                let limit = algorithm.lapse(now);
                prop_assert!((min..=max).contains(&limit), "{}", limit);
            }
        }
    }
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let gradient = |change: fn(&mut Gradient)| {
        let mut gradient = Gradient::default();
        change(&mut gradient);
        Limit::from(gradient)
    };
    let cases = [
        (Fixed::new(0).into(), "limit"),
        (gradient(|it| it.min = 0), "gradient.min"),
        (gradient(|it| it.max = 0), "gradient.max"),
        (gradient(|it| it.initial = 2000), "gradient.initial"),
        (gradient(|it| it.tolerance = f64::NAN), "gradient.tolerance"),
        (gradient(|it| it.window = 0), "gradient.window"),
        (
            gradient(|it| it.probe_every = Duration::ZERO),
            "gradient.probe_every",
        ),
        (
            Vegas {
                beta: 3.0,
                ..Vegas::default()
            }
            .into(),
            "vegas.beta",
        ),
        (
            Aimd {
                backoff: 1.0,
                ..Aimd::default()
            }
            .into(),
            "aimd.backoff",
        ),
        (
            Aimd {
                slow: Some(Duration::ZERO),
                ..Aimd::default()
            }
            .into(),
            "aimd.slow",
        ),
    ];
    for (limit, field) in cases {
        let error = limit.check("payments").expect_err(field);
        assert_eq!((error.field, error.component.as_str()), (field, "payments"));
        // And yet nothing panics.
        let sample = Sample {
            now: MS,
            took: MS,
            in_flight: 1,
            verdict: Verdict::Success,
        };
        assert!(limit.start().observe(&sample) >= 1);
    }
    assert_eq!(Limit::adaptive().check("payments"), Ok(()));
}

#[cfg(feature = "serde")]
#[test]
fn files_say_it_in_three_ways() {
    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct File {
        limit: Limit,
    }
    let read = |text: &str| toml::from_str::<File>(text).map(|file| file.limit);
    assert_eq!(read("limit = 20"), Ok(Fixed::new(20).into()));
    assert_eq!(read("limit = 'gradient'"), Ok(Limit::adaptive()));
    let vegas = Vegas {
        max: 500,
        ..Vegas::default()
    };
    assert_eq!(read("limit = { vegas = { max = 500 } }"), Ok(vegas.into()));
    for wrong in [
        "-1",
        "5000000000",
        "'best'",
        "{ vegas = { most = 3 } }",
        "{}",
    ] {
        assert!(read(&format!("limit = {wrong}")).is_err(), "{wrong}");
    }
    for limit in [
        Limit::adaptive(),
        3.into(),
        Vegas::default().into(),
        Aimd::default().into(),
    ] {
        let text = toml::to_string(&File {
            limit: limit.clone(),
        })
        .expect("it can be written");
        assert_eq!(read(&text), Ok(limit), "{text}");
    }
}
