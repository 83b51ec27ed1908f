//! Back-off against a model that multiplies step by step, and at the edges of its types.

use std::time::Duration;

use proptest::prelude::*;
use seaworthy_core::backoff::{Backoff, Jitter};

const SECOND: Duration = Duration::from_secs(1);

/// What the delay would be without jitter, in seconds: no power, no clever order of operations.
fn model(min: Duration, max: Duration, factor: f64, attempt: u32) -> f64 {
    let mut delay = min.as_secs_f64();
    for _ in 0..attempt {
        delay = (delay * factor).min(max.as_secs_f64());
    }
    delay
}

fn share_of(jitter: Jitter) -> f64 {
    match jitter {
        Jitter::None => 0.0,
        Jitter::Equal => 0.5,
        Jitter::Full => 1.0,
        Jitter::Share(share) => share,
        _ => unreachable!("a jitter that the model does not know"),
    }
}

fn jitters() -> impl Strategy<Value = Jitter> {
    prop_oneof![
        Just(Jitter::None),
        Just(Jitter::Equal),
        Just(Jitter::Full),
        (0.0..=1.0).prop_map(Jitter::Share),
    ]
}

/// Up to some 30 years, and often short.
fn durations() -> impl Strategy<Value = Duration> {
    (0u32..60, 1u64..1 << 20).prop_map(|(shift, nanos)| Duration::from_nanos(nanos << (shift % 40)))
}

proptest! {
    #[test]
    fn equals_the_model(
        min in durations(),
        above in durations(),
        factor in 1.0..10.0,
        jitter in jitters(),
        attempt in 0u32..200,
        random in 0.0..1.0,
    ) {
        let max = min + above;
        let backoff = Backoff::exponential(min, max).factor(factor).jitter(jitter).build()?;
        let full = model(min, max, factor, attempt);
        let expected = full * (1.0 - share_of(jitter) * random);
        let delay = backoff.delay(attempt, random).as_secs_f64();
        // One nanosecond for the rounding to whole ones, the rest for a hundred products in f64.
        prop_assert!((delay - expected).abs() <= 1e-9 + full * 1e-12, "{delay} is not {expected}");
    }

    #[test]
    fn stays_in_bounds_whatever_comes(
        min in 1u64..,
        above in any::<u64>(),
        factor in 1.0..f64::MAX,
        jitter in jitters(),
        attempt in any::<u32>(),
        random in any::<f64>(),
    ) {
        let (min, max) = (Duration::from_nanos(min), Duration::from_nanos(min) + Duration::from_secs(above / 2));
        let backoff = Backoff::exponential(min, max).factor(factor).jitter(jitter).build()?;
        let delay = backoff.delay(attempt, random);
        prop_assert!(delay <= max);
        prop_assert!(delay.as_secs_f64() >= min.as_secs_f64() * (1.0 - share_of(jitter)) * 0.999_999 - 1e-9);
        prop_assert!(backoff.delay(attempt.saturating_add(1), random) >= delay);
    }

    #[test]
    fn the_same_seed_gives_the_same_delays(seed in any::<u64>()) {
        let backoff = Backoff::exponential(SECOND, SECOND * 60).build()?;
        let of = |seed| backoff.delays_from(seed).take(8).collect::<Vec<_>>();
        prop_assert_eq!(of(seed), of(seed));
        prop_assert_ne!(of(seed), of(seed ^ 1));
    }
}

#[test]
fn without_jitter_the_first_delay_is_exactly_the_minimum() {
    // More digits than an f64 has.
    let min = Duration::new(1 << 40, 1);
    let backoff = Backoff::exponential(min, min)
        .jitter(Jitter::None)
        .build()
        .unwrap();
    assert_eq!(backoff.delay(0, 0.5), min);
    assert_eq!(backoff.delay(u32::MAX, 0.5), min);
}

#[test]
fn the_longest_durations_do_not_overflow() {
    for (min, max) in [
        (Duration::from_nanos(1), Duration::MAX),
        (Duration::MAX, Duration::MAX),
    ] {
        let backoff = Backoff::exponential(min, max)
            .jitter(Jitter::Full)
            .build()
            .unwrap();
        for random in [
            0.0,
            f64::MIN_POSITIVE,
            0.5,
            1.0,
            2.0,
            -1.0,
            f64::NAN,
            f64::INFINITY,
        ] {
            assert!(backoff.delay(u32::MAX, random) <= max);
        }
        assert_eq!(backoff.delay(u32::MAX, f64::NAN), max);
        assert_eq!(backoff.delay(u32::MAX, 2.0), Duration::ZERO);
    }
}

#[test]
fn jitter_covers_its_share_and_no_more() {
    let backoff = Backoff::exponential(SECOND, SECOND)
        .factor(1.0)
        .build()
        .unwrap();
    let delays: Vec<_> = backoff.delays_from(7).take(10_000).collect();
    let (least, most) = (delays.iter().min().unwrap(), delays.iter().max().unwrap());
    assert!(
        (SECOND / 2..SECOND / 2 + SECOND / 1000).contains(least),
        "{least:?}"
    );
    assert!((SECOND - SECOND / 1000..=SECOND).contains(most), "{most:?}");
}

#[test]
fn a_reset_starts_again_at_the_minimum() {
    let backoff = Backoff::exponential(SECOND, SECOND * 60)
        .jitter(Jitter::None)
        .build()
        .unwrap();
    let mut delays = backoff.delays_from(1);
    assert_eq!(delays.by_ref().take(3).last(), Some(SECOND * 4));
    assert_eq!(delays.attempt(), 3);
    delays.reset();
    assert_eq!((delays.attempt(), delays.next()), (0, Some(SECOND)));
}

#[test]
fn two_components_do_not_return_together() {
    let backoff = Backoff::exponential(SECOND, SECOND * 60).build().unwrap();
    let of = || backoff.delays().take(8).collect::<Vec<_>>();
    assert_ne!(of(), of());
}

#[test]
fn values_that_do_not_fit_are_refused_by_name() {
    let good = Backoff::exponential(SECOND, SECOND * 60);
    let cases = [
        (
            Backoff::exponential(Duration::ZERO, SECOND),
            "field `min` is 0ns, allowed: above 0s",
        ),
        (
            Backoff::exponential(SECOND * 2, SECOND),
            "field `max` is 1s, allowed: at least `min`, 2s",
        ),
        (
            good.factor(0.99),
            "field `factor` is 0.99, allowed: at least 1 and finite",
        ),
        (
            good.factor(f64::NAN),
            "field `factor` is NaN, allowed: at least 1 and finite",
        ),
        (
            good.factor(f64::INFINITY),
            "field `factor` is inf, allowed: at least 1 and finite",
        ),
        (
            good.jitter(Jitter::Share(1.01)),
            "field `jitter` is 1.01, allowed: from 0 to 1",
        ),
        (
            good.jitter(Jitter::Share(f64::NAN)),
            "field `jitter` is NaN, allowed: from 0 to 1",
        ),
    ];
    for (builder, message) in cases {
        let error = builder.build().expect_err(message);
        assert_eq!(error.to_string(), format!("`backoff`: {message}"));
    }
}
