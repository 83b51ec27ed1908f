//! What was measured, kept for the tables and written as lines of JSON.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::units::Unit;

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) group: &'static str,
    pub(crate) case: String,
    pub(crate) who: String,
    pub(crate) threads: usize,
    /// Nanoseconds; bytes where the case says so.
    pub(crate) ns: f64,
    pub(crate) ns_min: f64,
    /// Over the bare service; nothing where there is no service.
    pub(crate) added_ns: Option<f64>,
    pub(crate) allocs: f64,
}

/// What somebody cannot do, or was not asked to.
#[derive(Clone, Debug)]
pub(crate) struct Missing {
    pub(crate) group: &'static str,
    pub(crate) case: String,
    pub(crate) who: String,
    pub(crate) threads: usize,
    pub(crate) why: String,
}

/// A line of a table.
#[derive(Clone, Debug)]
pub(crate) enum Line {
    Row(Row, Unit),
    Missing(Missing),
}

impl Line {
    pub(crate) fn case(&self) -> &str {
        match self {
            Self::Row(row, _) => &row.case,
            Self::Missing(missing) => &missing.case,
        }
    }

    fn group(&self) -> &'static str {
        match self {
            Self::Row(row, _) => row.group,
            Self::Missing(missing) => missing.group,
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

    /// Adds a figure.
    pub(crate) fn add(&mut self, row: Row, unit: Unit) -> io::Result<()> {
        if let Some(json) = &mut self.json {
            writeln!(json, "{}", serde_json::to_string(&row)?)?;
        }
        self.lines.push(Line::Row(row, unit));
        Ok(())
    }

    /// Adds what has no figure.
    pub(crate) fn miss(&mut self, missing: Missing) {
        self.lines.push(Line::Missing(missing));
    }

    /// The lines of a group, in the order in which they came.
    pub(crate) fn lines(&self, group: &str) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.group() == group)
    }
}
