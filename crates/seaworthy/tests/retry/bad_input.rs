//! What no retries are made of.

use std::time::Duration;

use seaworthy::core::backoff::Backoff;
use seaworthy::retry::{Retry, RetryBudget, RetryConfig};

use crate::retry;

const DAY: Duration = Duration::from_secs(86_400);

fn budget(ratio: f64, burst: u32) -> Option<RetryBudget> {
    Some(RetryBudget { ratio, burst })
}

fn backoff(max: Duration) -> Backoff {
    let backoff = Backoff::exponential(Duration::from_nanos(1), max);
    backoff.build().expect("allowed")
}

#[test]
fn field_value_and_range() {
    type Change = fn(&mut RetryConfig);
    let wrong: [(Change, &str); 12] = [
        (|c| c.attempts = 0, "`attempts` is 0, allowed: 1 to 100"),
        (|c| c.attempts = 101, "`attempts` is 101, allowed: 1 to 100"),
        (
            |c| c.backoff = backoff(DAY + DAY),
            "`backoff.max` is 172800s, allowed: at most a day",
        ),
        (
            |c| c.budget = budget(0.0, 10),
            "`budget.ratio` is 0, allowed: above 0 and at most 10",
        ),
        (
            |c| c.budget = budget(f64::NAN, 10),
            "`budget.ratio` is NaN, allowed: above 0 and at most 10",
        ),
        (
            |c| c.budget = budget(10.1, 10),
            "`budget.ratio` is 10.1, allowed: above 0 and at most 10",
        ),
        (
            |c| c.budget = budget(0.2, 0),
            "`budget.burst` is 0, allowed: 1 to 1000000",
        ),
        (
            |c| c.budget = budget(0.2, u32::MAX),
            "`budget.burst` is 4294967295, allowed: 1 to 1000000",
        ),
        (
            |c| c.max_retry_after = Some(DAY * 2),
            "`max_retry_after` is 172800s, allowed: at most a day, or off",
        ),
        (
            |c| c.within = Some(Duration::ZERO),
            "`within` is 0ns, allowed: above 0 and at most a day, or off",
        ),
        (
            |c| c.within = Some(DAY * 2),
            "`within` is 172800s, allowed: above 0 and at most a day, or off",
        ),
        (
            |c| c.within = Some(Duration::MAX),
            "`within` is 18446744073709551615.999999999s, allowed: above 0 and at most a day, or off",
        ),
    ];
    for (change, expected) in wrong {
        let mut config = RetryConfig::default();
        change(&mut config);
        let expected = format!("`r`: field {expected}");
        let error = Retry::builder("r").config(config.clone()).build();
        assert_eq!(error.expect_err("not allowed").to_string(), expected);
        let retry = retry(3);
        let before = retry.config();
        let error = retry.reconfigure(config).expect_err("not allowed");
        assert_eq!(error.to_string(), expected);
        assert_eq!(retry.config(), before, "nothing has changed");
    }
}

#[test]
fn the_limits_are_allowed() {
    for (attempts, max, ratio, burst, within) in [
        (
            1,
            Duration::from_nanos(1),
            1e-12,
            1,
            Some(Duration::from_nanos(1)),
        ),
        (100, DAY, 10.0, 1_000_000, Some(DAY)),
        (2, DAY, 1.0, 7, None),
    ] {
        let builder = Retry::builder("r").attempts(attempts).within(within);
        let builder = builder.backoff(backoff(max)).budget(budget(ratio, burst));
        let retry = builder.build().expect("allowed");
        assert_eq!(retry.config().attempts, attempts);
        assert_eq!(retry.view().budget, Some(f64::from(burst)));
    }
}

#[cfg(feature = "serde")]
#[test]
fn it_can_be_read_from_a_file() {
    let text = r#"
        attempts = 5
        backoff = { min = "20ms", max = "2s", jitter = "equal" }
        budget = { ratio = 0.1 }
        within = "off"
    "#;
    let config: RetryConfig = toml::from_str(text).expect("it can be read");
    assert_eq!((config.attempts, config.within), (5, None));
    assert_eq!(config.budget, budget(0.1, 10));
    let (min, max) = (Duration::from_millis(20), Duration::from_secs(2));
    let expected = Backoff::exponential(min, max).build();
    assert_eq!(config.backoff, expected.expect("allowed"));
    let written = toml::to_string(&config).expect("it can be written");
    assert_eq!(toml::from_str(&written), Ok(config), "{written}");

    let config: RetryConfig = toml::from_str("").expect("it can be read");
    assert_eq!(config, RetryConfig::default());
    let config: RetryConfig = toml::from_str("budget = \"off\"").expect("it can be read");
    assert_eq!(config.budget, None);
    for text in [
        "attempt = 1",
        "budget = { ratios = 0.1 }",
        "backoff = { min = \"2s\", max = \"1s\" }",
        "within = 7",
    ] {
        assert!(toml::from_str::<RetryConfig>(text).is_err(), "{text}");
    }
}
