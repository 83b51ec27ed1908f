//! A naive model of the OTP rules: it reproduces every recorded trace, and then judges the crate on
//! random scenarios, which nobody recorded.
//!
//! `SEAWORTHY_RANDOM_SCENARIOS` says how many (default 2000), `SEAWORTHY_RANDOM_SEED` from which seed on.

mod reference;
#[path = "otp_traces/replay/mod.rs"]
mod replay;

use replay::Watched;
use replay::normal::difference;
use replay::scenario::Scenario;

const TRACES: &str = include_str!("data/otp_traces.jsonl");

#[test]
fn the_model_reproduces_every_trace() {
    for line in TRACES.lines() {
        let scenario: Scenario = serde_json::from_str(line).expect("a scenario");
        let got = reference::groups(&scenario.tree, &scenario.actions);
        let difference = difference(&scenario.trace, &got);
        assert!(
            difference.is_none(),
            "{}: {}",
            scenario.id,
            difference.unwrap_or_default()
        );
    }
}

#[test]
fn the_crate_does_what_the_model_does() {
    let (first, many) = (
        number("SEAWORTHY_RANDOM_SEED", 0),
        number("SEAWORTHY_RANDOM_SCENARIOS", 2000),
    );
    let mut failures = Vec::new();
    let mut watched = Watched::new();
    for seed in first..first + many {
        let scenario = reference::generate::scenario(seed);
        let ready = seed % 2 == 1;
        if disagree(&mut watched, ready, &scenario).is_some() {
            let mut fails = |smaller: &Scenario| disagree(&mut watched, ready, smaller).is_some();
            let mut small = reference::shrink::shrink(scenario, &mut fails);
            small.trace.clear();
            let difference = disagree(&mut watched, ready, &small).unwrap_or_default();
            let json = serde_json::to_string(&small).expect("it came from JSON");
            failures.push(format!(
                "{}, ready {ready}: {difference}\n  {json}",
                small.id
            ));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {many} differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// Where the crate and the model differ on this scenario.
fn disagree(watched: &mut Watched, ready: bool, scenario: &Scenario) -> Option<String> {
    let expected = reference::groups(&scenario.tree, &scenario.actions);
    match watched.replay(ready, &scenario.tree, &scenario.actions) {
        Ok(got) => difference(&expected, &got),
        Err(stuck) => Some(stuck),
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}
