//! Configurations as they stand in files.
#![cfg(feature = "serde")]

use std::time::Duration;

use seaworthy_circuit_breaker::{
    Begins, CircuitBreaker, Config, JudgedBy, Permits, Saved, SlowCalls, Window,
};

#[test]
fn everything_can_be_said_and_what_is_left_out_is_the_default() {
    let text = r#"{
        "window": { "time": { "span": "1m", "buckets": 12 } },
        "minimum_calls": 10,
        "failure_rate": null,
        "slow_calls": { "longer_than": "250ms", "rate": 0.8 },
        "open": { "first": "2s", "jitter": "full" },
        "half_open": {
            "begins": "timer",
            "permits": { "in_total": 4 },
            "judged_by": { "rates": 4 },
            "lease": null,
            "max_wait": { "time": "30s", "then": "closed" }
        },
        "ramp_up": "5s"
    }"#;
    let config: Config = serde_json::from_str(text).expect("it can be read");
    let window = Window::Time {
        span: Duration::from_secs(60),
        buckets: 12,
    };
    assert_eq!((config.window, config.failure_rate), (window, None));
    let slow = SlowCalls {
        longer_than: Duration::from_millis(250),
        rate: 0.8,
    };
    assert_eq!(config.slow_calls, Some(slow));
    assert_eq!(config.consecutive_failures, Some(5), "left out");
    assert_eq!(config.open.at_most, Duration::from_secs(60), "left out");
    let half_open = config.half_open;
    assert_eq!(half_open.begins, Begins::Timer);
    assert_eq!(half_open.permits, Permits::InTotal(4));
    assert_eq!(half_open.judged_by, JudgedBy::Rates(4));
    assert_eq!(
        (half_open.lease, config.ramp_up),
        (None, Some(Duration::from_secs(5)))
    );

    let again = serde_json::to_string(&config).expect("it can be written");
    assert_eq!(
        serde_json::from_str::<Config>(&again).expect("and read"),
        config
    );
    CircuitBreaker::with_config("b", config).expect("it is allowed");
    let nothing: Config = serde_json::from_str("{}").expect("it can be read");
    assert_eq!(nothing, Config::default());
}

#[test]
fn what_is_misspelt_is_not_passed_over() {
    for (text, word) in [
        (r#"{ "failure_rat": 0.5 }"#, "failure_rat"),
        (r#"{ "half_open": { "leese": "1s" } }"#, "leese"),
        (r#"{ "ramp_up": "soon" }"#, "soon"),
        (
            r#"{ "window": { "time": { "span": "10s", "bukets": 1 } } }"#,
            "bukets",
        ),
    ] {
        let error = serde_json::from_str::<Config>(text).expect_err("refused");
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_saved_can_be_read() {
    let breaker = CircuitBreaker::builder("b").build().expect("it is allowed");
    (0..5).for_each(|_| breaker.try_acquire().expect("closed").failure());
    let saved = breaker.save();
    let text = serde_json::to_string(&saved).expect("it can be written");
    assert_eq!(
        serde_json::from_str::<Saved>(&text).expect("and read"),
        saved
    );
}

/// TOML has no null, so there is a word for it.
#[test]
fn what_can_be_switched_off_can_be_switched_off_in_toml() {
    let text = r#"
        failure_rate = "off"
        consecutive_failures = 7
        slow_calls = { longer_than = "250ms", rate = 1 }
        ramp_up = "off"
        half_open = { lease = "off", max_wait = "off" }
    "#;
    let config: Config = toml::from_str(text).expect("it can be read");
    assert_eq!((config.failure_rate, config.ramp_up), (None, None));
    assert_eq!(config.consecutive_failures, Some(7));
    let half_open = config.half_open;
    assert_eq!((half_open.lease, half_open.max_wait), (None, None));
    let again = toml::to_string(&config).expect("it can be written");
    assert_eq!(toml::from_str::<Config>(&again).expect("and read"), config);
    for (text, words) in [
        ("failure_rate = \"of\"", "of"),
        (
            "slow_calls = { longr_than = \"1s\", rate = 0.5 }",
            "longr_than",
        ),
        ("half_open = { lease = \"soon\" }", "soon"),
    ] {
        let error = toml::from_str::<Config>(text).expect_err("refused");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_saved_while_closed_survives_toml() {
    let saved = CircuitBreaker::new("b").save();
    let text = toml::to_string(&saved).expect("it can be written");
    assert_eq!(toml::from_str::<Saved>(&text).expect("and read"), saved);
}
