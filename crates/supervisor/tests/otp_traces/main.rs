//! Replays recorded traces of OTP's supervisor on this crate, and compares.
//!
//! The file is the one in the repository, or the one that `SEAWORTHY_OTP_TRACES` names, seen from
//! this crate or from the root of the workspace.
#![expect(clippy::print_stdout, reason = "the outcome is meant to be read")]

mod replay;

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use replay::Watched;
use replay::scenario::Scenario;

const TRACES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/otp_traces.jsonl");

fn main() -> ExitCode {
    if env::args().any(|arg| arg == "--list") {
        println!("otp_traces: test");
        return ExitCode::SUCCESS;
    }
    let path = env::var("SEAWORTHY_OTP_TRACES").unwrap_or_else(|_| TRACES.to_owned());
    let from_root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(&path);
    let text = match fs::read_to_string(&path).or_else(|_| fs::read_to_string(from_root)) {
        Ok(text) => text,
        Err(error) => {
            println!("cannot read {path}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let (mut all, mut matching) = (0, 0);
    let mut watched = Watched::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        all += 1;
        match check(&mut watched, line) {
            Ok(()) => matching += 1,
            Err(difference) => println!("{difference}"),
        }
    }
    println!("{matching} of {all} traces match");
    if all > 0 && matching == all {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Replays one scenario with each kind of worker.
fn check(watched: &mut Watched, line: &str) -> Result<(), String> {
    let scenario: Scenario =
        serde_json::from_str(line).map_err(|error| format!("not a scenario: {error}: {line}"))?;
    let Scenario {
        id,
        tree,
        actions,
        trace,
    } = &scenario;
    for ready in [false, true] {
        let workers = if ready {
            "workers that are ready at once"
        } else {
            "two-phase workers"
        };
        let got = watched.replay(ready, tree, actions);
        let difference = got.map_or_else(Some, |got| replay::normal::difference(trace, &got));
        if let Some(difference) = difference {
            return Err(format!("{id}, with {workers}: {difference}"));
        }
    }
    Ok(())
}
