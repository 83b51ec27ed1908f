//! A group as an aligned table.

use std::fmt::Write;

use crate::report::{Line, Place, Row};
use crate::stats;
use crate::units::{self, Unit};

const HEAD: [&str; 8] = [
    "case", "who", "threads", "p50", "min", "allocs", "added", "vs floor",
];

type Cells = [String; HEAD.len()];

/// The table of a group, with what is to be said about it below.
pub(crate) fn table<'a>(group: &str, lines: impl Iterator<Item = &'a Line>) -> String {
    let mut lines: Vec<&Line> = lines.collect();
    // One case after the other, in the order in which they first came.
    let mut cases: Vec<&str> = Vec::new();
    for line in &lines {
        let case = line.place().case.as_str();
        if !cases.contains(&case) {
            cases.push(case);
        }
    }
    lines.sort_by_key(|line| cases.iter().position(|case| *case == line.place().case));
    let mut cells = vec![HEAD.map(str::to_owned)];
    let mut notes: Vec<String> = Vec::new();
    for line in &lines {
        let place = line.place();
        match line {
            Line::Row(row, unit) => cells.push(shown(row, *unit, ratio(row, &lines))),
            Line::Missing(..) => cells.push(line_of(place, ["-"; 5].map(str::to_owned))),
            Line::Remark(..) => {}
        }
        if let Line::Missing(_, why) | Line::Remark(_, why) = line {
            let note = format!("{}, {}: {why}", place.case, place.who);
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    let mut text = format!("{group}\n{}", aligned(&cells));
    for note in notes {
        // A String takes everything that is written to it.
        let _ = writeln!(text, "- {note}");
    }
    text
}

/// How many times the floor of the same case on the same runtime: the median of the ratios of each
/// round, since the two ran one after the other while the machine was in one and the same mood.
fn ratio(row: &Row, lines: &[&Line]) -> Option<f64> {
    let place = Place {
        who: "floor".to_owned(),
        ..row.place.clone()
    };
    let floor = lines.iter().find_map(|line| match line {
        Line::Row(floor, _) => (floor.place == place).then_some(floor),
        _ => None,
    })?;
    let rounds = row.rounds.iter().zip(&floor.rounds);
    let ratios = rounds
        .filter(|(_, floor)| **floor > 0.0)
        .map(|(round, floor)| round / floor);
    stats::median(ratios)
}

fn shown(row: &Row, unit: Unit, ratio: Option<f64>) -> Cells {
    let goal = goal(&row.place.case).filter(|_| row.place.who == "seaworthy");
    let ratio = match (ratio, goal) {
        (None, _) => "-".to_owned(),
        (Some(ratio), None) => format!("{}x", units::digits(ratio)),
        (Some(ratio), Some(goal)) => {
            let verdict = if ratio <= goal { "met" } else { "missed" };
            format!("{}x ({goal}x {verdict})", units::digits(ratio))
        }
    };
    let figures = [
        judged(unit.show(row.ns), row.ns, most(&row.place)),
        unit.show(row.ns_min),
        judged(
            units::count(row.allocs),
            row.allocs,
            most_allocs(&row.place),
        ),
        added(row, unit),
        ratio,
    ];
    line_of(&row.place, figures)
}

/// What it costs over the bare service, and whether that is as little as the design asks for, where it says so.
fn added(row: &Row, unit: Unit) -> String {
    let Some(added) = row.added_ns else {
        return "-".to_owned();
    };
    let shown = unit.show(added);
    let ours = row.place.who.starts_with("seaworthy");
    match most_added(&row.place).filter(|_| ours) {
        None => shown,
        Some(most) if added <= most => format!("{shown} ({most} met)"),
        Some(most) => format!("{shown} ({most} missed)"),
    }
}

/// A figure, and whether it is as small as the design asks for, where it does.
fn judged(shown: String, figure: f64, most: Option<f64>) -> String {
    match most {
        None => shown,
        // What is shown as 0 is 0: somebody grows once in a round.
        Some(most) if figure < most + 0.01 => format!("{shown} ({most} met)"),
        Some(most) => format!("{shown} ({most} missed)"),
    }
}

/// How many nanoseconds the design allows for it altogether, where it says so.
fn most(place: &Place) -> Option<f64> {
    match (place.group, place.who.as_str(), place.case.as_str()) {
        ("queue", "seaworthy", "raw-1-1") => Some(60.0),
        ("queue", "seaworthy", "raw-4-4") => Some(80.0),
        ("queue", "seaworthy", "full-reject") => Some(5.0),
        _ => None,
    }
}

/// How many allocations the design allows, where it says so.
fn most_allocs(place: &Place) -> Option<f64> {
    match (place.group, place.who.as_str(), place.case.as_str()) {
        ("queue", "seaworthy", "round-trip" | "round-trip-64") => Some(0.0),
        _ => None,
    }
}

/// How many nanoseconds over the bare service the design allows, where it says so.
fn most_added(place: &Place) -> Option<f64> {
    match (place.group, place.case.as_str()) {
        ("breaker", "open-reject") => Some(15.0),
        ("breaker", _) => Some(30.0),
        _ => None,
    }
}

/// How many times the floor the design allows, where it says so.
fn goal(case: &str) -> Option<f64> {
    match case {
        "panic" => Some(1.3),
        "round-trip" | "round-trip-64" => Some(1.0),
        "one-for-all-10" | "one-for-all-100" => Some(1.5),
        _ => None,
    }
}

fn line_of(place: &Place, [p50, min, allocs, added, ratio]: [String; 5]) -> Cells {
    let (case, who) = (place.case.clone(), place.who.clone());
    [
        case,
        who,
        place.threads.to_string(),
        p50,
        min,
        allocs,
        added,
        ratio,
    ]
}

/// Columns as wide as their widest cell: names to the left, figures to the right.
fn aligned(rows: &[Cells]) -> String {
    let widths: [usize; HEAD.len()] = std::array::from_fn(|column| {
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
                0 | 1 | 7 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            })
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}
