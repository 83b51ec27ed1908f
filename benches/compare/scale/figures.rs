//! The cases that the rounds of one crowd give figures for.

use std::io;

use seaworthy_benches::Failure;

use super::{Figures, GROUP, Run, Size};
use crate::contender::Rounds;
use crate::report::{Missing, Report, Row};
use crate::stats;
use crate::units::Unit;

/// A value and a number of allocations, or the reason why there is none.
type Value = Result<(f64, f64), Failure>;

/// A case's name, and how a round answers it.
type Case = (String, Unit, fn(&Figures) -> Value);

/// Reports one contender's rounds.
pub(super) fn tell(
    one: &Rounds<Run, Figures>,
    size: Size,
    threads: usize,
    report: &mut Report,
) -> io::Result<()> {
    let [start, stop] = ["start", "stop"].map(|what| format!("{what}-{}", size.name()));
    let mut cases: Vec<Case> = vec![
        (start, Unit::Nanos, |figures| {
            Ok((figures.start.ns as f64, figures.start.allocs as f64))
        }),
        (stop, Unit::Nanos, |figures| {
            figures
                .stop
                .clone()
                .map(|cost| (cost.ns as f64, cost.allocs as f64))
        }),
    ];
    // Memory does not depend on the runtime.
    if size == Size::Thousands && threads == 1 {
        cases.push(("bytes-per-child".to_owned(), Unit::Bytes, |figures| {
            let children = Size::Thousands.children() as f64;
            Ok((
                figures.bytes as f64 / children,
                figures.start.allocs as f64 / children,
            ))
        }));
    }
    for (case, unit, value) in cases {
        let rounds = || one.done.iter().map(value);
        let why = one
            .run
            .as_ref()
            .err()
            .cloned()
            .or_else(|| rounds().find_map(Result::err));
        let values = || rounds().flatten().map(|(value, _)| value);
        let allocs = stats::median(rounds().flatten().map(|(_, allocs)| allocs));
        match (why, stats::median(values()), stats::min(values()), allocs) {
            (None, Some(ns), Some(ns_min), Some(allocs)) => {
                let who = one.who.clone();
                let row = Row {
                    group: GROUP,
                    case,
                    who,
                    threads,
                    ns,
                    ns_min,
                    added_ns: None,
                    allocs,
                };
                report.add(row, unit)?;
            }
            (why, ..) => {
                let (who, why) = (
                    one.who.clone(),
                    why.unwrap_or_else(|| "no rounds".to_owned()),
                );
                report.miss(Missing {
                    group: GROUP,
                    case,
                    who,
                    threads,
                    why,
                });
            }
        }
    }
    Ok(())
}

/// Reports that somebody was not asked for a crowd of this size.
pub(super) fn miss(who: &str, size: Size, threads: usize, why: &str, report: &mut Report) {
    for what in ["start", "stop"] {
        let case = format!("{what}-{}", size.name());
        let (who, why) = (who.to_owned(), why.to_owned());
        report.miss(Missing {
            group: GROUP,
            case,
            who,
            threads,
            why,
        });
    }
}
