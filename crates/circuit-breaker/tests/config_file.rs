//! Configurations as they stand in files.
#![cfg(feature = "serde")]

use std::time::Duration;

use seaworthy_circuit_breaker::{
    AfterWait, Begins, Cancelled, CircuitBreaker, Config, Initial, JudgedBy, MaxWait, Overload,
    Panicked, Permits, Saved, SlowCalls, Window,
};
use seaworthy_core::backoff::Jitter;

#[test]
fn everything_can_be_said() {
    let text = r#"{
        "window": { "time": { "span": "1m", "buckets": 12 } },
        "minimum_calls": 10,
        "failure_rate": null,
        "slow_calls": { "longer_than": "250ms", "rate": 0.8 },
        "consecutive_failures": 9,
        "open": { "first": "2s", "at_most": "1m 30s", "factor": 1.5, "jitter": "full" },
        "half_open": {
            "begins": "timer",
            "permits": { "in_total": 4 },
            "judged_by": { "rates": 4 },
            "lease": null,
            "max_wait": { "time": "30s", "then": "closed" }
        },
        "ramp_up": "5s",
        "initial": "metrics_only",
        "cancelled": "failure",
        "panicked": "ignored",
        "overload": "fails_probes"
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
    assert_eq!(
        (config.minimum_calls, config.consecutive_failures),
        (10, Some(9))
    );
    let open = config.open;
    assert_eq!((open.factor, open.jitter), (1.5, Jitter::Full));
    let times = [open.first, open.at_most].map(|time| time.as_secs());
    assert_eq!(times, [2, 90]);
    let half_open = config.half_open;
    assert_eq!(half_open.begins, Begins::Timer);
    assert_eq!(half_open.permits, Permits::InTotal(4));
    assert_eq!(half_open.judged_by, JudgedBy::Rates(4));
    assert_eq!(
        (half_open.lease, config.ramp_up),
        (None, Some(Duration::from_secs(5)))
    );
    let (time, then) = (Duration::from_secs(30), AfterWait::Closed);
    assert_eq!(half_open.max_wait, Some(MaxWait { time, then }));
    assert_eq!(config.initial, Initial::MetricsOnly);
    assert_eq!(
        (config.cancelled, config.panicked, config.overload),
        (Cancelled::Failure, Panicked::Ignored, Overload::FailsProbes)
    );

    let again = serde_json::to_string(&config).expect("it can be written");
    assert_eq!(
        serde_json::from_str::<Config>(&again).expect("and read"),
        config
    );
    CircuitBreaker::with_config("b", config).expect("it is allowed");
}

/// What is left out is the default, in nested parts as well.
#[test]
fn what_is_left_out_is_the_default() {
    let text = r#"{ "window": { "calls": 100 }, "open": { "first": "2s" }, "half_open": { "lease": "30s" } }"#;
    let config: Config = serde_json::from_str(text).expect("it can be read");
    let mut expected = Config::default();
    expected.window = Window::Calls(100);
    expected.open.first = Duration::from_secs(2);
    expected.half_open.lease = Some(Duration::from_secs(30));
    assert_eq!(config, expected);
    let nothing: Config = serde_json::from_str("{}").expect("it can be read");
    assert_eq!(nothing, Config::default());
}

/// Of every choice each way, by the name that the documentation shows.
#[test]
fn every_choice_has_a_name() {
    fn read<T: serde::de::DeserializeOwned>(text: &str) -> T {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }
    let initial: [Initial; 5] =
        read(r#"["closed", "open", "forced_open", "disabled", "metrics_only"]"#);
    use Initial::{Closed, Disabled, ForcedOpen, MetricsOnly, Open};
    assert_eq!(initial, [Closed, Open, ForcedOpen, Disabled, MetricsOnly]);
    let cancelled: [Cancelled; 3] = read(r#"["slow_is_failure", "failure", "ignored"]"#);
    use Cancelled::SlowIsFailure;
    assert_eq!(
        cancelled,
        [SlowIsFailure, Cancelled::Failure, Cancelled::Ignored]
    );
    let panicked: [Panicked; 2] = read(r#"["failure", "ignored"]"#);
    assert_eq!(panicked, [Panicked::Failure, Panicked::Ignored]);
    let overload: [Overload; 3] = read(r#"["failure", "fails_probes", "ignored"]"#);
    use Overload::FailsProbes;
    assert_eq!(
        overload,
        [Overload::Failure, FailsProbes, Overload::Ignored]
    );
    let begins: [Begins; 3] = read(r#"["on_call", "on_look", "timer"]"#);
    assert_eq!(begins, [Begins::OnCall, Begins::OnLook, Begins::Timer]);
    let permits: [Permits; 2] = read(r#"[{ "at_once": 3 }, { "in_total": 3 }]"#);
    assert_eq!(permits, [Permits::AtOnce(3), Permits::InTotal(3)]);
    let judged: [JudgedBy; 2] = read(r#"[{ "successes": 3 }, { "rates": 3 }]"#);
    assert_eq!(judged, [JudgedBy::Successes(3), JudgedBy::Rates(3)]);
    let then: [AfterWait; 2] = read(r#"["open", "closed"]"#);
    assert_eq!(then, [AfterWait::Open, AfterWait::Closed]);
    let jitter: [Jitter; 4] = read(r#"["none", "equal", "full", { "share": 0.1 }]"#);
    let some = Jitter::Share(0.1);
    assert_eq!(jitter, [Jitter::None, Jitter::Equal, Jitter::Full, some]);
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

/// The example in the guide leaves nothing out.
#[test]
fn the_guide_shows_every_key() {
    fn keys(value: &serde_json::Value, into: &mut Vec<String>) {
        for (key, value) in value.as_object().into_iter().flatten() {
            into.push(key.clone());
            keys(value, into);
        }
    }
    let guide = include_str!("../../../docs/circuit-breaker.md");
    let (_, example) = guide.split_once("```toml\n").expect("an example");
    let (example, _) = example.split_once("```").expect("its end");
    let file: std::collections::HashMap<String, Config> =
        toml::from_str(example).expect("it can be read");
    for (name, config) in file {
        CircuitBreaker::with_config(name, config).expect("it is allowed");
    }
    let mut config = Config::default();
    let (longer_than, rate) = (Duration::from_secs(1), 0.5);
    config.slow_calls = Some(SlowCalls { longer_than, rate });
    let (time, then) = (Duration::from_secs(1), AfterWait::Closed);
    config.half_open.max_wait = Some(MaxWait { time, then });
    let mut all = Vec::new();
    keys(
        &serde_json::to_value(&config).expect("it can be written"),
        &mut all,
    );
    assert!(all.len() > 20, "{all:?}");
    for key in all {
        let shown = [format!("{key} = "), format!(".{key}]")];
        assert!(shown.iter().any(|it| example.contains(it)), "{key}");
    }
}
