//! What two well-known breakers decided, step by step, and whether ours decides the same.
//!
//! `SEAWORTHY_BREAKER_TRACES` names another file of such traces, `.jsonl` or `.jsonl.gz`, seen from this crate or from the
//! root of the workspace.
#![expect(clippy::print_stdout, reason = "the outcome is meant to be read")]
#![allow(
    missing_docs,
    missing_debug_implementations,
    reason = "a program of its own"
)]

mod format;
mod public;
mod pure;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use seaworthy_circuit_breaker::machine::State;

use format::{Record, Step, state};
use public::Public;
use pure::Pure;

/// What a step came to.
pub struct Did {
    admitted: Option<bool>,
    state: State,
    illegal: bool,
}

/// Something that can be put through the steps.
pub trait Breaker {
    fn act(&mut self, step: &Step) -> Did;
}

/// The first step after which ours decided otherwise, and how.
fn difference(record: &Record, breaker: &mut dyn Breaker) -> Option<(usize, String)> {
    for (number, (step, entry)) in record.steps.iter().zip(&record.trace).enumerate() {
        let did = breaker.act(step);
        let same = did.admitted == entry.admitted
            && did.state == state(&entry.state)
            && did.illegal == entry.illegal;
        if !same {
            let (admitted, now) = (did.admitted, did.state);
            let text =
                format!("{step:?}: recorded {entry:?}, ours admitted {admitted:?}, state {now}");
            return Some((number, text));
        }
    }
    None
}

#[derive(Default)]
struct Score {
    matching: usize,
    of: usize,
    required_and_missed: usize,
}

impl Score {
    fn add(&mut self, record: &Record, difference: Option<(usize, String)>) {
        self.of += 1;
        let Some((number, text)) = difference else {
            self.matching += 1;
            return;
        };
        if record.is_required() {
            self.required_and_missed += 1;
            println!("{} differs at step {number}: {text}", record.id);
        }
    }
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

fn score(records: &[Record], through: &str, make: impl Fn(&Record) -> Box<dyn Breaker>) -> bool {
    let (mut resilience4j, mut gobreaker) = (Score::default(), Score::default());
    for record in records {
        let score = if record.is_resilience4j() {
            &mut resilience4j
        } else {
            &mut gobreaker
        };
        score.add(record, difference(record, make(record).as_mut()));
    }
    for (who, score) in [("resilience4j", &resilience4j), ("gobreaker", &gobreaker)] {
        let Score { matching, of, .. } = score;
        println!("{matching} of {of} {who} traces match ({through})");
    }
    resilience4j.required_and_missed + gobreaker.required_and_missed == 0
}

/// What they decide about calls of an earlier state is a flaw: ours differs from it, and nowhere before.
fn differs_from_flaws(records: &[Record]) -> bool {
    let (mut as_it_should, mut fine) = (0, true);
    for record in records.iter().filter(|record| record.is_resilience4j()) {
        let found = difference(record, &mut Pure::new(record)).map(|(number, _)| number);
        if found == record.token_differs_at {
            as_it_should += usize::from(found.is_some());
        } else {
            let expected = record.token_differs_at;
            println!("{}: differs at {found:?}, not at {expected:?}", record.id);
            fine = false;
        }
    }
    println!("{as_it_should} flaws of resilience4j are not ours");
    fine && as_it_should > 0
}

fn main() -> ExitCode {
    if std::env::args().any(|arg| arg == "--list") {
        println!("breaker_traces: test");
        return ExitCode::SUCCESS;
    }
    let file = std::env::var_os("SEAWORTHY_BREAKER_TRACES").map(PathBuf::from);
    let file = file.map_or_else(|| data("visible.jsonl.gz"), seen_from_here);
    let records = Record::read(&file);
    let fine = [
        score(&records, "the pure machine", |record| {
            Box::new(Pure::new(record))
        }),
        score(&records, "the public API", |record| {
            Box::new(Public::new(record))
        }),
        differs_from_flaws(&Record::read(&data("stale.jsonl.gz"))),
    ];
    if fine.contains(&false) || records.is_empty() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn seen_from_here(path: PathBuf) -> PathBuf {
    if path.exists() {
        path
    } else {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(path)
    }
}
