//! The cases that the rounds of one crowd give figures for.

use std::io;

use seaworthy_benches::Failure;

use super::{Figures, GROUP, Run, Size};
use crate::contender::Rounds;
use crate::report::{Place, Report};
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
        let place = Place {
            group: GROUP,
            case,
            who: one.who.clone(),
            threads,
        };
        let mut trouble = one.trouble.clone();
        let (mut values, mut allocs) = (Vec::new(), Vec::new());
        for round in one.done.iter().map(value) {
            match round {
                Ok((figure, count)) => {
                    values.push(figure);
                    allocs.push(count);
                }
                Err(why) => trouble = Some(why),
            }
        }
        report.figure(place, unit, values, allocs, trouble)?;
    }
    Ok(())
}

/// Reports that somebody was not asked for a crowd of this size.
pub(super) fn miss(who: &str, size: Size, threads: usize, why: &str, report: &mut Report) {
    for what in ["start", "stop"] {
        let case = format!("{what}-{}", size.name());
        let place = Place {
            group: GROUP,
            case,
            who: who.to_owned(),
            threads,
        };
        report.miss(place, why.to_owned());
    }
}
