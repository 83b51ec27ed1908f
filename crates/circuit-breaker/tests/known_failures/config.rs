//! Configurations that cannot work: each is refused with the field, the value, and what is allowed.

use seaworthy_circuit_breaker::{MaxWait, SlowCalls};
use seaworthy_core::backoff::Jitter;

use super::*;

fn refused(change: impl FnOnce(&mut Config)) -> String {
    let mut config = Config::default();
    change(&mut config);
    let error = CircuitBreaker::builder("payments")
        .config(config.clone())
        .build();
    let error = error.expect_err("that is not allowed").to_string();
    // The same words when a breaker that is there shall go by it.
    let reconfigured = CircuitBreaker::builder("payments").registry(&Registry::new());
    let reconfigured = reconfigured
        .build()
        .expect("the defaults")
        .reconfigure(config);
    assert_eq!(
        reconfigured.expect_err("that is not allowed").to_string(),
        error
    );
    error
}

#[track_caller]
fn says(field: &str, value: &str, allowed: &str, change: impl FnOnce(&mut Config)) {
    let expected = format!("`payments`: field `{field}` is {value}, allowed: {allowed}");
    assert_eq!(refused(change), expected);
}

const A_RATE: &str = "above 0 and at most 1";
const A_TIME: &str = "above 0 s and at most a year";

#[test]
fn a_rate_that_is_never_or_always_reached() {
    for (rate, shown) in [
        (0.0, "0"),
        (1.01, "1.01"),
        (-0.5, "-0.5"),
        (f64::NAN, "NaN"),
    ] {
        says("failure_rate", shown, A_RATE, |config| {
            config.failure_rate = Some(rate);
        });
        says("slow_calls.rate", shown, A_RATE, |config| {
            let longer_than = secs(1);
            config.slow_calls = Some(SlowCalls { longer_than, rate });
        });
    }
    says("slow_calls.longer_than", "0ns", A_TIME, |config| {
        let (longer_than, rate) = (Duration::ZERO, 0.5);
        config.slow_calls = Some(SlowCalls { longer_than, rate });
    });
}

#[test]
fn a_window_that_holds_nothing() {
    let time =
        |span, buckets| move |config: &mut Config| config.window = Window::Time { span, buckets };
    says(
        "window.span",
        "0ns",
        "1 ms to a day",
        time(Duration::ZERO, 10),
    );
    says(
        "window.span",
        "86401s",
        "1 ms to a day",
        time(secs(86_401), 1),
    );
    says("window.buckets", "0", "1 to 1000", time(secs(10), 0));
    says(
        "window.buckets",
        "1001",
        "1 to 1000",
        time(secs(1001), 1001),
    );
    let whole = |span| format!("numbers that divide {span} into whole milliseconds");
    says("window.buckets", "3", &whole("10s"), time(secs(10), 3));
    says("window.buckets", "10", &whole("5ms"), time(millis(5), 10));
    let calls = |calls| move |config: &mut Config| config.window = Window::Calls(calls);
    says("window.calls", "0", "1 to 1000000", calls(0));
    says("window.calls", "1000001", "1 to 1000000", calls(1_000_001));
}

/// Or it would never open, and nobody would know why.
#[test]
fn a_minimum_of_calls_that_no_window_ever_holds() {
    let allowed = "at most the 10 calls of the window";
    says("minimum_calls", "11", allowed, |config| {
        (config.window, config.minimum_calls) = (Window::Calls(10), 11);
    });
    says("minimum_calls", "0", "at least 1", |config| {
        config.minimum_calls = 0
    });
    says("consecutive_failures", "0", "at least 1", |config| {
        config.consecutive_failures = Some(0);
    });
}

/// None may ever try: it would stay open for ever.
#[test]
fn a_trial_without_permits() {
    let half_open = |permits, judged_by| {
        move |config: &mut Config| config.half_open = trial(permits, judged_by)
    };
    let (some, one) = ("1 to 100000", JudgedBy::Successes(1));
    let at_once = |permits| half_open(Permits::AtOnce(permits), one);
    says("half_open.permits.at_once", "0", some, at_once(0));
    says(
        "half_open.permits.at_once",
        "100001",
        some,
        at_once(100_001),
    );
    let in_total = half_open(Permits::InTotal(0), one);
    says("half_open.permits.in_total", "0", some, in_total);
    let successes = half_open(Permits::AtOnce(1), JudgedBy::Successes(0));
    says("half_open.judged_by.successes", "0", some, successes);
    let rates = half_open(Permits::AtOnce(1), JudgedBy::Rates(0));
    says("half_open.judged_by.rates", "0", some, rates);
}

/// Three may try and four are to succeed: it would wait for the fourth for ever.
#[test]
fn a_trial_that_needs_more_than_it_lets_in() {
    let allowed = "at most the 3 permits in total: more never come back";
    says("half_open.judged_by.successes", "4", allowed, |config| {
        config.half_open = trial(Permits::InTotal(3), JudgedBy::Successes(4));
    });
}

#[test]
fn times_that_are_none() {
    says("open.first", "0ns", A_TIME, |config| {
        config.open.first = Duration::ZERO
    });
    says("open.at_most", "31536001s", A_TIME, |config| {
        config.open.at_most = secs(365 * 86_400 + 1);
    });
    says("ramp_up", "0ns", A_TIME, |config| {
        config.ramp_up = Some(Duration::ZERO)
    });
    says("half_open.lease", "0ns", A_TIME, |config| {
        config.half_open.lease = Some(Duration::ZERO);
    });
    says("half_open.max_wait.time", "0ns", A_TIME, |config| {
        let (time, then) = (Duration::ZERO, Default::default());
        config.half_open.max_wait = Some(MaxWait { time, then });
    });
    let error = refused(|config| config.open.at_most = secs(1));
    assert!(error.contains("field `open.at_most` is 1s"), "{error}");
    let error = refused(|config| config.open.factor = 0.5);
    assert!(error.contains("field `open.factor` is 0.5"), "{error}");
    let error = refused(|config| config.open.jitter = Jitter::Share(1.5));
    assert!(error.contains("field `open.jitter` is 1.5"), "{error}");
}
