//! What no throttle is made of.

use std::time::Duration;

use seaworthy_bulkhead::{ThrottleConfig, ThrottleRule};

fn refused(change: impl FnOnce(&mut ThrottleConfig)) -> String {
    let mut config = ThrottleConfig::default();
    change(&mut config);
    let error = ThrottleRule::new(config).expect_err("not allowed");
    error.to_string()
}

#[test]
fn field_value_and_range() {
    for (error, expected) in [
        (
            refused(|c| c.multiplier = 0.9),
            "`throttle`: field `multiplier` is 0.9, allowed: 1 to 100",
        ),
        (
            refused(|c| c.multiplier = f64::NAN),
            "`throttle`: field `multiplier` is NaN, allowed: 1 to 100",
        ),
        (
            refused(|c| c.multiplier = f64::INFINITY),
            "`throttle`: field `multiplier` is inf, allowed: 1 to 100",
        ),
        (
            refused(|c| c.cap = 0.0),
            "`throttle`: field `cap` is 0, allowed: above 0 and at most 0.99",
        ),
        (
            refused(|c| c.cap = 1.0),
            "`throttle`: field `cap` is 1, allowed: above 0 and at most 0.99",
        ),
        (
            refused(|c| c.cap = f64::NAN),
            "`throttle`: field `cap` is NaN, allowed: above 0 and at most 0.99",
        ),
        (
            refused(|c| c.window = Duration::from_millis(999)),
            "`throttle`: field `window` is 999ms, allowed: 1 s to a day",
        ),
        (
            refused(|c| c.window = Duration::MAX),
            "`throttle`: field `window` is 18446744073709551615.999999999s, allowed: 1 s to a day",
        ),
        (
            refused(|c| c.buckets = 1),
            "`throttle`: field `buckets` is 1, allowed: 2 to 1000",
        ),
        (
            refused(|c| c.buckets = 7),
            "`throttle`: field `buckets` is 7, allowed: numbers that divide 120s into whole milliseconds",
        ),
        (
            refused(|c| c.minimum_requests = 0),
            "`throttle`: field `minimum_requests` is 0, allowed: 1 to 1000000",
        ),
    ] {
        assert_eq!(error, expected);
    }
}

#[test]
fn the_limits_are_allowed() {
    for (multiplier, cap, window, buckets, minimum_requests) in [
        (1.0, 0.000_1, Duration::from_secs(1), 2, 1),
        (100.0, 0.99, Duration::from_secs(86_400), 1000, 1_000_000),
    ] {
        let mut config = ThrottleConfig::default();
        (config.multiplier, config.cap) = (multiplier, cap);
        (config.window, config.buckets) = (window, buckets);
        config.minimum_requests = minimum_requests;
        assert!(ThrottleRule::new(config).is_ok());
    }
}

#[cfg(feature = "serde")]
#[test]
fn it_can_be_read_from_a_file() {
    let text = r#"
        multiplier = 1.1
        cap = 0.75
        window = "1m"
        buckets = 12
        minimum_requests = 300
    "#;
    let config: ThrottleConfig = toml::from_str(text).expect("it can be read");
    assert_eq!((config.multiplier, config.cap), (1.1, 0.75));
    assert_eq!(
        (config.window, config.buckets),
        (Duration::from_secs(60), 12)
    );
    assert_eq!(config.minimum_requests, 300);
    let written = toml::to_string(&config).expect("it can be written");
    assert_eq!(toml::from_str(&written), Ok(config));
    let config: ThrottleConfig = toml::from_str("").expect("it can be read");
    assert_eq!(config, ThrottleConfig::default());
    assert!(toml::from_str::<ThrottleConfig>("caps = 1").is_err());
}
