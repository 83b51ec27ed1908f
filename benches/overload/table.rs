//! The figures for people.

use std::fmt::Write;

use crate::contender::Who;
use crate::figures::{Figures, Outcome};
use crate::scenario::Kind;

const HEAD: [&str; 13] = [
    "load",
    "who",
    "G",
    "of oracle",
    "of fixed",
    "rejected",
    "p50 ms",
    "p99 ms",
    "p99.9 ms",
    "wasted",
    "limit",
    "varies",
    "settles",
];

/// All cases of one model.
pub(crate) fn table(outcomes: &[&Outcome]) -> String {
    let mut rows: Vec<Vec<String>> = vec![HEAD.map(str::to_owned).to_vec()];
    for outcome in outcomes {
        for (nth, row) in outcome.rows.iter().enumerate() {
            let case = if nth == 0 { &outcome.scenario.case } else { "" };
            rows.push(cells(case, row, outcome));
        }
        let best = outcome.grid.iter().find(|it| it.0 == outcome.best_fixed);
        let best = best.map_or(0.0, |(_, goodput)| *goodput);
        let best = vec![
            String::new(),
            format!("best fixed: {}", outcome.best_fixed),
            format!("{best:.3}"),
        ];
        rows.push(best);
        rows.push(Vec::new());
    }
    aligned(&rows)
}

fn cells(case: &str, row: &Figures, outcome: &Outcome) -> Vec<String> {
    let limit = |value: f64| {
        if row.limit.is_finite() {
            format!("{value:.2}")
        } else {
            "-".to_owned()
        }
    };
    let settles = if outcome.scenario.kind == Kind::Retries {
        seconds(row.recovered)
    } else {
        seconds(row.converged)
    };
    vec![
        case.to_owned(),
        row.who.name(),
        format!("{:.3}", row.goodput),
        format!("{:.3}", row.of_oracle),
        format!("{:.3}", row.of_fixed),
        format!("{:.2} %", row.rejected * 100.0),
        ms(row.p50),
        ms(row.p99),
        ms(row.p999),
        format!("{:.1} %", row.wasted * 100.0),
        limit(row.limit),
        limit(row.limit_varies),
        settles,
    ]
}

fn seconds(seconds: Option<u32>) -> String {
    seconds.map_or_else(|| "never".to_owned(), |seconds| format!("{seconds} s"))
}

fn ms(seconds: f64) -> String {
    let ms = seconds * 1000.0;
    if ms >= 1000.0 {
        format!("{ms:.0}")
    } else {
        format!("{ms:.1}")
    }
}

/// Columns as wide as their widest cell: names to the left, figures to the right.
pub(crate) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate();
        let cells: Vec<String> = cells
            .map(|(column, (cell, width))| match column {
                0 | 1 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            })
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// One line a contender: the geometric mean over all constant loads of its goodput as a share of the oracle's.
pub(crate) fn scores(outcomes: &[Outcome]) -> String {
    let mut text =
        String::from("score: geometric mean of the goodput as a share of the oracle's\n");
    for who in crate::contender::ALL {
        let score = score(outcomes, who);
        // A String takes everything that is written to it.
        let _ = writeln!(text, "  {:<20} {score:.3}", who.name());
    }
    text
}

pub(crate) fn score(outcomes: &[Outcome], who: Who) -> f64 {
    let logs = outcomes
        .iter()
        .map(|it| it.of(who).of_oracle.max(0.001).ln());
    let count = outcomes.len().max(1) as f64;
    (logs.sum::<f64>() / count).exp()
}
