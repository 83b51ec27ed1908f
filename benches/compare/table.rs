//! A group as an aligned table.

use std::fmt::Write;

use crate::report::{Line, Missing, Row};
use crate::units::{self, Unit};

const HEAD: [&str; 7] = ["case", "who", "threads", "p50", "min", "allocs", "vs floor"];

/// The table of a group, with the reasons for its gaps under it.
pub(crate) fn table<'a>(group: &str, lines: impl Iterator<Item = &'a Line>) -> String {
    let mut lines: Vec<&Line> = lines.collect();
    // One case after the other, in the order in which they first came.
    let mut cases: Vec<&str> = Vec::new();
    for line in &lines {
        if !cases.contains(&line.case()) {
            cases.push(line.case());
        }
    }
    lines.sort_by_key(|line| cases.iter().position(|case| *case == line.case()));
    let mut cells = vec![HEAD.map(str::to_owned)];
    let mut gaps: Vec<String> = Vec::new();
    for line in &lines {
        cells.push(match line {
            Line::Row(row, unit) => shown(row, *unit, floor(row, &lines)),
            Line::Missing(missing) => {
                let gap = format!("{}, {}: {}", missing.case, missing.who, missing.why);
                if !gaps.contains(&gap) {
                    gaps.push(gap);
                }
                absent(missing)
            }
        });
    }
    let mut text = format!("{group}\n{}", aligned(&cells));
    for gap in gaps {
        // A String takes everything that is written to it.
        let _ = writeln!(text, "- {gap}");
    }
    text
}

/// The floor of the same case on the same runtime.
fn floor(of: &Row, lines: &[&Line]) -> Option<f64> {
    lines.iter().find_map(|line| match line {
        Line::Row(row, _)
            if row.who == "floor" && row.case == of.case && row.threads == of.threads =>
        {
            Some(row.ns)
        }
        _ => None,
    })
}

fn shown(row: &Row, unit: Unit, floor: Option<f64>) -> [String; 7] {
    let ratio = floor
        .filter(|floor| *floor > 0.0)
        .map(|floor| row.ns / floor);
    let goal = goal(&row.case).filter(|_| row.who == "seaworthy");
    let ratio = match (ratio, goal) {
        (None, _) => "-".to_owned(),
        (Some(ratio), None) => format!("{}x", units::digits(ratio)),
        (Some(ratio), Some(goal)) => {
            let verdict = if ratio <= goal { "met" } else { "missed" };
            format!("{}x ({goal}x {verdict})", units::digits(ratio))
        }
    };
    [
        row.case.clone(),
        row.who.clone(),
        row.threads.to_string(),
        unit.show(row.ns),
        unit.show(row.ns_min),
        units::count(row.allocs),
        ratio,
    ]
}

/// How many times the floor the design allows, where it says so.
fn goal(case: &str) -> Option<f64> {
    match case {
        "panic" => Some(1.3),
        "one-for-all-10" | "one-for-all-100" => Some(1.5),
        _ => None,
    }
}

fn absent(missing: &Missing) -> [String; 7] {
    let gap = || "-".to_owned();
    [
        missing.case.clone(),
        missing.who.clone(),
        missing.threads.to_string(),
        gap(),
        gap(),
        gap(),
        gap(),
    ]
}

/// Columns as wide as their widest cell: names to the left, figures to the right.
fn aligned(rows: &[[String; 7]]) -> String {
    let widths: [usize; 7] = std::array::from_fn(|column| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    });
    let mut text = String::new();
    let mut case = "";
    for row in rows {
        // A blank line between cases.
        if !case.is_empty() && case != row[0] {
            text.push('\n');
        }
        case = &row[0];
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .enumerate()
            .map(|(column, (cell, width))| match column {
                0 | 1 | 6 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            })
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}
