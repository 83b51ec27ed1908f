//! What was measured, kept for the tables and written as lines of JSON.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::stats;
use crate::units::Unit;

/// Where a figure belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Place {
    pub(crate) group: &'static str,
    pub(crate) case: String,
    pub(crate) who: String,
    pub(crate) threads: usize,
}

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    #[serde(flatten)]
    pub(crate) place: Place,
    /// Nanoseconds; bytes where the case says so.
    pub(crate) ns: f64,
    pub(crate) ns_min: f64,
    /// Over the bare service; nothing where there is no service.
    pub(crate) added_ns: Option<f64>,
    pub(crate) allocs: f64,
    /// What each round gave, in order.
    #[serde(skip)]
    pub(crate) rounds: Vec<f64>,
}

/// What something costs over the bare service, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Added(pub(crate) f64);

/// A line of a table.
#[derive(Clone, Debug)]
pub(crate) enum Line {
    Row(Row, Unit),
    /// What somebody cannot do, or was not asked to, and why.
    Missing(Place, String),
    /// Something to be said about a figure.
    Remark(Place, String),
}

impl Line {
    pub(crate) fn place(&self) -> &Place {
        match self {
            Self::Row(row, _) => &row.place,
            Self::Missing(place, _) | Self::Remark(place, _) => place,
        }
    }
}

/// Everything so far.
#[derive(Debug)]
pub(crate) struct Report {
    lines: Vec<Line>,
    json: Option<File>,
}

impl Report {
    /// An empty report; the file is made at once, so that a wrong path is noticed at once.
    pub(crate) fn new(json: Option<&Path>) -> io::Result<Self> {
        Ok(Self {
            lines: Vec::new(),
            json: json.map(File::create).transpose()?,
        })
    }

    /// Adds a figure: the median of the rounds, and the best of them; if there are none, or not all,
    /// `trouble` says why.
    pub(crate) fn figure(
        &mut self,
        place: Place,
        unit: Unit,
        rounds: Vec<f64>,
        allocs: impl IntoIterator<Item = f64>,
        trouble: Option<String>,
    ) -> io::Result<()> {
        self.figure_over(place, unit, rounds, allocs, trouble, None)
    }

    /// The same of something that wraps a service, with what it adds to a call.
    pub(crate) fn figure_over(
        &mut self,
        place: Place,
        unit: Unit,
        rounds: Vec<f64>,
        allocs: impl IntoIterator<Item = f64>,
        trouble: Option<String>,
        added: Option<Added>,
    ) -> io::Result<()> {
        let figures = stats::median(rounds.iter().copied())
            .zip(stats::min(rounds.iter().copied()))
            .zip(stats::median(allocs));
        let Some(((ns, ns_min), allocs)) = figures else {
            self.miss(place, trouble.unwrap_or_else(|| "no rounds".to_owned()));
            return Ok(());
        };
        let row = Row {
            place,
            ns,
            ns_min,
            added_ns: added.map(|Added(nanos)| nanos),
            allocs,
            rounds,
        };
        if let Some(json) = &mut self.json {
            writeln!(json, "{}", serde_json::to_string(&row)?)?;
        }
        let remark = trouble.map(|trouble| Line::Remark(row.place.clone(), trouble));
        self.lines.push(Line::Row(row, unit));
        self.lines.extend(remark);
        Ok(())
    }

    /// Adds what has no figure.
    pub(crate) fn miss(&mut self, place: Place, why: String) {
        self.lines.push(Line::Missing(place, why));
    }

    /// Adds something to be said about a figure.
    pub(crate) fn remark(&mut self, place: Place, text: String) {
        self.lines.push(Line::Remark(place, text));
    }

    /// The lines of a group, in the order in which they came.
    pub(crate) fn lines(&self, group: &str) -> impl Iterator<Item = &Line> {
        self.lines
            .iter()
            .filter(move |line| line.place().group == group)
    }
}
