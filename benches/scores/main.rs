//! Whether other breakers decide as Resilience4j and gobreaker did, step by step, beside ours.
//!
//! The traces are those of the test `breaker_traces` of the crate, or of the file that `SEAWORTHY_BREAKER_TRACES` names.
//! A peer is configured as near to a trace as its settings allow. A trace counts as matching if all admissions and
//! states are as recorded; one that needs a setting or an order that a peer does not have counts as one that does not
//! match, and is told apart. Ours and failsafe run in virtual time. tower-resilience and recloser read the real clock:
//! their traces run all at once, the long ones faster, and a trace matches if it does in one of three runs. To check
//! that this is no disadvantage, ours is put through the same.

#[path = "../../crates/circuit-breaker/tests/breaker_traces/format.rs"]
#[allow(dead_code, reason = "the test has a use for all of it")]
mod format;
#[path = "../../crates/circuit-breaker/tests/breaker_traces/public.rs"]
mod public;
#[path = "../../crates/circuit-breaker/tests/breaker_traces/pure.rs"]
#[allow(dead_code, reason = "the test has a use for all of it")]
mod pure;

mod asked;
mod gate;
mod on_failsafe;
mod on_recloser;
mod on_seaworthy;
mod on_tower_resilience;
mod real_time;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use format::{Record, Step, state};
use public::Public;
use seaworthy_circuit_breaker::machine::State;

/// What a step came to.
#[derive(Debug)]
pub(crate) struct Did {
    admitted: Option<bool>,
    state: State,
    illegal: bool,
}

/// Something that can be put through the steps.
pub(crate) trait Breaker {
    fn act(&mut self, step: &Step) -> Did;
}

/// What came of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Matches,
    Differs,
    /// There is no such setting, or no such order.
    CannotBeSaid,
}

/// Whether it does at this step as was recorded.
pub(crate) fn agrees(breaker: &mut dyn Breaker, record: &Record, number: usize) -> bool {
    let (did, entry) = (breaker.act(&record.steps[number]), &record.trace[number]);
    did.admitted == entry.admitted
        && did.state == state(&entry.state)
        && did.illegal == entry.illegal
}

fn ours(record: &Record) -> Outcome {
    let mut breaker = Public::new(record);
    let same = (0..record.steps.len()).all(|number| agrees(&mut breaker, record, number));
    if same {
        Outcome::Matches
    } else {
        Outcome::Differs
    }
}

const NO_SETTING: &str = "ask for what it has no setting for";

fn main() -> io::Result<()> {
    let records = Record::read(&file());
    tell(
        "seaworthy",
        NO_SETTING,
        &records,
        &records.iter().map(ours).collect::<Vec<_>>(),
    )?;
    let outcomes = real_time::outcomes(&records, on_seaworthy::make);
    let cannot = "have windows of time, which begin with a second there";
    tell("seaworthy in real time", cannot, &records, &outcomes)?;
    let outcomes: Vec<_> = records.iter().map(on_failsafe::outcome).collect();
    tell("failsafe", NO_SETTING, &records, &outcomes)?;
    let outcomes = real_time::outcomes(&records, on_tower_resilience::make);
    tell("tower-resilience", NO_SETTING, &records, &outcomes)?;
    let outcomes = real_time::outcomes(&records, on_recloser::make);
    tell("recloser", NO_SETTING, &records, &outcomes)
}

fn file() -> PathBuf {
    let ours = || {
        let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
        benches.join("../crates/circuit-breaker/tests/data/visible.jsonl.gz")
    };
    std::env::var_os("SEAWORTHY_BREAKER_TRACES").map_or_else(ours, PathBuf::from)
}

fn tell(who: &str, cannot: &str, records: &[Record], outcomes: &[Outcome]) -> io::Result<()> {
    for (source, theirs) in [("resilience4j", true), ("gobreaker", false)] {
        let of_source = || {
            let both = records.iter().zip(outcomes);
            both.filter(|(record, _)| record.is_resilience4j() == theirs)
        };
        let count = |what| of_source().filter(|(_, outcome)| **outcome == what).count();
        let (matching, of) = (count(Outcome::Matches), of_source().count());
        let unsaid = match count(Outcome::CannotBeSaid) {
            0 => String::new(),
            unsaid => format!("; {unsaid} {cannot}"),
        };
        writeln!(
            io::stdout(),
            "{matching} of {of} {source} traces match ({who}{unsaid})"
        )?;
    }
    Ok(())
}
