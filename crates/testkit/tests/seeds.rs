//! Schedules are the same for the same seed, and a failure says which one it was.

use std::collections::HashSet;
use std::process::Command;

use seaworthy_testkit::{Rng, seeds};

fn draw(mut rng: Rng) -> Vec<u64> {
    (0..8).map(|_| rng.range(0..1_000_000)).collect()
}

#[test]
fn each_seed_has_a_schedule_of_its_own_and_always_the_same() {
    let all = || seeds(1000).map(|seed| draw(seed.rng())).collect::<Vec<_>>();
    assert_eq!(all(), all());
    assert_eq!(all().into_iter().collect::<HashSet<_>>().len(), 1000);
}

#[test]
fn numbers_are_where_they_should_be() {
    let mut rng = seeds(1).next().expect("one").rng();
    let mut seen = HashSet::new();
    let mut heads = 0;
    for _ in 0..1000 {
        assert!((3..7).contains(&rng.range(3..7)));
        seen.insert(*rng.pick(&["a", "b", "c"]));
        heads += u32::from(rng.chance(0.25));
        assert!(rng.chance(1.0) && !rng.chance(0.0));
    }
    assert_eq!(seen.len(), 3);
    assert!((200..300).contains(&heads), "{heads} of 1000 at a quarter");
}

/// Fails at its third schedule, but only when the test below runs it.
#[test]
fn fails_when_asked_to() {
    let Ok(bad) = std::env::var("TESTKIT_FAIL_AT") else {
        return;
    };
    for seed in seeds(3) {
        assert_ne!(seed.value().to_string(), bad);
    }
}

/// The standard error of `fails_when_asked_to` in a process of its own.
fn run_failing(base: &str, bad: &str) -> String {
    let this = std::env::current_exe().expect("the test knows itself");
    let output = Command::new(this)
        .args(["--exact", "fails_when_asked_to", "--nocapture"])
        .env("SEAWORTHY_SEED", base)
        .env("TESTKIT_FAIL_AT", bad)
        .output()
        .expect("the test runs");
    assert_eq!(output.status.success(), bad.is_empty());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_failure_names_its_seed_and_is_replayed_with_it() {
    let named: Vec<_> = run_failing("40", "42").lines().map(str::to_owned).collect();
    let seeds = named
        .iter()
        .filter(|line| line.contains("SEAWORTHY_SEED"))
        .collect::<Vec<_>>();
    assert_eq!(seeds, ["SEAWORTHY_SEED=42"], "the failing one and no other");
    assert!(run_failing("42", "42").contains("SEAWORTHY_SEED=42"));
    assert!(!run_failing("42", "").contains("SEAWORTHY_SEED"));
}

#[test]
fn the_last_seed_is_followed_by_the_first() {
    let stderr = run_failing(&u64::MAX.to_string(), "0");
    assert!(stderr.contains("SEAWORTHY_SEED=0"), "{stderr}");
}

#[test]
fn a_seed_that_is_no_number_is_refused() {
    assert!(run_failing("soon", "0").contains("SEAWORTHY_SEED is a whole number"));
}
