//! The picture of a tree.

use std::fmt;

use super::{ChildSnapshot, TreeSnapshot};
use crate::config::Strategy;
use crate::exit::ExitReason;
use crate::info::ChildState;
use crate::report::Rough;

impl fmt::Display for TreeSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.path.rsplit('/').next().unwrap_or_default();
        write!(f, "{id} ")?;
        self.line(f)?;
        self.rows(f, "")
    }
}

impl TreeSnapshot {
    fn line(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let strategy = match self.strategy {
            Some(Strategy::OneForOne) => "one for one",
            Some(Strategy::OneForAll) => "one for all",
            Some(Strategy::RestForOne) => "rest for one",
            None => "dynamic",
        };
        let Self {
            state,
            restarts_in_window: used,
            max_restarts: max,
            period,
            ..
        } = self;
        write!(
            f,
            "[{strategy}] {state}, {used} of {max} restarts in {period:?}"
        )
    }

    fn rows(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        for (position, child) in self.children.iter().enumerate() {
            let last = position + 1 == self.children.len() && self.omitted == 0;
            let (branch, rest) = if last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            write!(f, "\n{indent}{branch}{} ", child.name())?;
            match &child.below {
                Some(below) => {
                    below.line(f)?;
                    below.rows(f, &format!("{indent}{rest}"))?;
                }
                None => child.line(f)?,
            }
        }
        if self.omitted > 0 {
            write!(f, "\n{indent}└─ and {} more", self.omitted)?;
        }
        Ok(())
    }
}

impl ChildSnapshot {
    /// Its id, after what it wants to be shown as.
    pub(super) fn name(&self) -> String {
        match &self.shown_as {
            Some(name) => format!("{} ({})", FirstLine(name), self.id),
            None => self.id.to_string(),
        }
    }

    fn line(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(state(self.state))?;
        if let Some(left) = self.restart_in {
            write!(f, " in {}", Rough(left))?;
        }
        if let Some(uptime) = self.uptime {
            write!(f, " for {}", Rough(uptime))?;
        }
        match self.restarts {
            0 => {}
            1 => f.write_str(", restarted once")?,
            times => write!(f, ", restarted {times} times")?,
        }
        if let Some(crash) = &self.last_crash {
            f.write_str(", last crash: ")?;
            short(f, &crash.reason)?;
        }
        Ok(())
    }
}

/// A reason on one line: what an assertion says takes three.
fn short(f: &mut fmt::Formatter<'_>, reason: &ExitReason) -> fmt::Result {
    let ExitReason::Panic(panic) = reason else {
        return write!(f, "{}", FirstLine(&reason.to_string()));
    };
    write!(f, "panic: {}", FirstLine(panic.message()))?;
    match panic.location() {
        Some(location) => write!(f, " at {location}"),
        None => Ok(()),
    }
}

/// The first line that says something, with an ellipsis if there is more.
struct FirstLine<'a>(&'a str);

impl fmt::Display for FirstLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.trim();
        let (line, rest) = text.split_once(['\n', '\r']).unwrap_or((text, ""));
        // Other control characters would make of the picture what they like, too.
        line.trim_end().chars().try_for_each(|c| match c {
            '\t' => f.write_str(" "),
            c if c.is_control() => write!(f, "{}", c.escape_default()),
            c => write!(f, "{c}"),
        })?;
        f.write_str(if rest.is_empty() { "" } else { " …" })
    }
}

pub(super) fn state(state: ChildState) -> &'static str {
    match state {
        ChildState::Starting => "starting",
        ChildState::Running => "running",
        ChildState::Restarting => "restarting",
        ChildState::Undefined => "not running",
        ChildState::Quarantined => "in quarantine",
        ChildState::Zombie => "does not end",
    }
}
