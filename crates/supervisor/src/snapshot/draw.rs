//! The picture of a tree.

use std::fmt;

use super::{ChildSnapshot, TreeSnapshot};
use crate::config::Strategy;
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
            write!(f, "\n{indent}{branch}{} ", child.id)?;
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
            write!(f, ", last crash: {}", crash.reason)?;
        }
        Ok(())
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
