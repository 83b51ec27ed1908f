//! The rule against one that remembers every call.

use proptest::prelude::*;

use super::*;

/// Every request, with the bucket in which it ended and whether it was accepted.
struct Model {
    config: ThrottleConfig,
    requests: Vec<(u128, bool)>,
}

impl Model {
    fn bucket(&self, now: Duration) -> u128 {
        now.as_nanos() / (self.config.window.as_nanos() / u128::from(self.config.buckets))
    }

    fn chance(&self, now: Duration) -> f64 {
        let now = self.bucket(now);
        let counts = |at: u128| now - at < u128::from(self.config.buckets);
        let counted: Vec<_> = self.requests.iter().filter(|(at, _)| counts(*at)).collect();
        let requests = counted.len() as f64;
        let accepts = counted.iter().filter(|(_, accepted)| *accepted).count() as f64;
        if counted.len() < self.config.minimum_requests as usize {
            return 0.0;
        }
        let chance = (requests - self.config.multiplier * accepts) / (requests + 1.0);
        chance.max(0.0).min(self.config.cap)
    }
}

fn verdict() -> impl Strategy<Value = Option<Verdict>> {
    prop_oneof![
        4 => Just(Some(Verdict::Overload)),
        2 => Just(Some(Verdict::Success)),
        1 => Just(Some(Verdict::Failure)),
        1 => Just(Some(Verdict::Ignored)),
        // Held back.
        2 => Just(None),
    ]
}

fn pause() -> impl Strategy<Value = u64> {
    prop_oneof![10 => 0..300_u64, 2 => 300..2000_u64, 1 => 2000..100_000_u64]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn it_does_as_one_would_that_remembers_every_call(
        buckets in prop::sample::select(vec![2_u32, 5, 10]),
        minimum_requests in 1..20_u32,
        multiplier in 1.0..4.0_f64,
        cap in 0.5..0.99_f64,
        calls in prop::collection::vec((pause(), verdict()), 1..200),
    ) {
        let config = ThrottleConfig {
            window: Duration::from_secs(1),
            buckets,
            minimum_requests,
            multiplier,
            cap,
        };
        let mut rule = ThrottleRule::new(config.clone()).expect("allowed");
        let mut model = Model { config, requests: Vec::new() };
        let mut now = Duration::ZERO;
        for (pause, verdict) in calls {
            now += Duration::from_millis(pause);
            match verdict {
                Some(verdict) => rule.record(now, verdict),
                None => rule.throttled(now),
            }
            match verdict {
                Some(Verdict::Ignored) => {}
                Some(Verdict::Success | Verdict::Failure) => {
                    model.requests.push((model.bucket(now), true));
                }
                Some(Verdict::Overload) | None => model.requests.push((model.bucket(now), false)),
            }
            prop_assert_eq!(rule.chance(now), model.chance(now));
            prop_assert!(rule.chance(now) <= rule.config.cap);
        }
    }
}

fn overloaded(config: ThrottleConfig, calls: u32) -> ThrottleRule {
    let mut rule = ThrottleRule::new(config).expect("allowed");
    (0..calls).for_each(|_| rule.record(Duration::ZERO, Verdict::Overload));
    rule
}

#[test]
fn it_is_never_closed_entirely() {
    let mut rule = overloaded(ThrottleConfig::default(), 1_000_000);
    assert_eq!(rule.chance(Duration::ZERO), 0.9);
}

#[test]
fn little_traffic_is_let_through() {
    let mut rule = overloaded(ThrottleConfig::default(), 99);
    assert_eq!(rule.chance(Duration::ZERO), 0.0);
    rule.throttled(Duration::ZERO);
    assert_eq!(rule.chance(Duration::ZERO), 0.9);
}

#[test]
fn what_was_counted_counts_if_the_window_is_the_same() {
    let at = Duration::from_secs(1000);
    let mut rule = ThrottleRule::new(ThrottleConfig::default()).expect("allowed");
    (0..200).for_each(|_| rule.record(at, Verdict::Overload));
    let mut config = ThrottleConfig {
        cap: 0.5,
        ..ThrottleConfig::default()
    };
    assert_eq!(rule.reconfigure("t", config.clone()), Ok(true));
    assert_eq!((rule.chance(at), rule.counted(at)), (0.5, (200, 0)));
    config.buckets = 12;
    assert_eq!(rule.reconfigure("t", config), Ok(false));
    assert_eq!((rule.chance(at), rule.counted(at)), (0.0, (0, 0)));
    rule.record(at, Verdict::Success);
    assert_eq!(rule.counted(at), (1, 1));
    let later = at + Duration::from_secs(121);
    assert_eq!(rule.counted(later), (0, 0));
}
