//! Waiting in real time, where real threads and processes are the point.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::time::Duration;

/// How long anything may take before the test is taken to hang.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until it holds.
#[track_caller]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    let what = what.to_owned();
    async move {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !holds() {
            let late = tokio::time::Instant::now() > deadline;
            assert!(!late, "{caller}: never: {what}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// Blocks until it holds.
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "there is no runtime here")]
pub fn eventually_blocking(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while !holds() {
        assert!(std::time::Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The result, unless it takes too long.
#[track_caller]
pub fn in_time<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let caller = std::panic::Location::caller();
    async move {
        match tokio::time::timeout(PATIENCE, future).await {
            Ok(output) => output,
            Err(_) => panic!("{caller}: it hangs"),
        }
    }
}
