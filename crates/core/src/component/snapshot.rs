//! How a component is, as plain data.

use std::fmt::{self, Write};
use std::time::Duration;

/// How a component is at one moment, in a form that needs no knowledge of its crate.
///
/// `Display` draws it with its children as an indented tree, one line each.
///
/// ```
/// use seaworthy_core::component::Snapshot;
///
/// let tree = Snapshot::new("supervisor", "app", "running")
///     .child(Snapshot::new("worker", "db", "running").field("restarts", 3))
///     .child(Snapshot::new("worker", "web", "starting"));
/// assert_eq!(tree.to_string(), "\
/// supervisor app: running
/// ├─ worker db: running (restarts 3)
/// └─ worker web: starting");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// What it is: `supervisor`, `breaker`, `queue`, ...
    pub kind: &'static str,
    /// Which one it is.
    pub name: String,
    /// What it does, in a word or two.
    pub state: String,
    /// Whether that is well.
    pub status: Status,
    /// Its figures, in the order in which to show them.
    pub fields: Vec<(&'static str, Value)>,
    /// What it consists of, in the order in which to show it.
    pub children: Vec<Snapshot>,
}

/// How well a component is; the greater, the worse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It does its work.
    #[default]
    Healthy,
    /// It does its work in part, or protects itself: worth a look.
    Degraded,
    /// It does not do its work.
    Unhealthy,
}

/// A figure of a component.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// A count.
    U64(u64),
    /// A rate or a share.
    F64(f64),
    /// Words.
    Text(String),
    /// A length of time.
    Duration(Duration),
    /// Yes or no.
    Flag(bool),
}

impl Snapshot {
    /// A healthy component without figures or children.
    #[must_use]
    pub fn new(kind: &'static str, name: impl Into<String>, state: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
            state: state.into(),
            status: Status::Healthy,
            fields: Vec::new(),
            children: Vec::new(),
        }
    }

    /// Says how well it is.
    #[must_use]
    pub fn status(mut self, status: Status) -> Self {
        self.status = status;
        self
    }

    /// Adds a figure after those that are there.
    #[must_use]
    pub fn field(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// Adds a part after those that are there.
    #[must_use]
    pub fn child(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    fn line(&self, f: &mut impl Write) -> fmt::Result {
        write!(f, "{} {}: {}", self.kind, self.name, self.state)?;
        if self.status != Status::Healthy {
            write!(f, " [{}]", self.status)?;
        }
        for (position, (name, value)) in self.fields.iter().enumerate() {
            let before = if position == 0 { " (" } else { ", " };
            write!(f, "{before}{name} {value}")?;
        }
        if self.fields.is_empty() {
            Ok(())
        } else {
            f.write_char(')')
        }
    }

    fn tree(&self, indent: &mut String, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.line(&mut OneLine(f))?;
        for (position, child) in self.children.iter().enumerate() {
            let last = position + 1 == self.children.len();
            let outer = indent.len();
            write!(f, "\n{indent}{}", if last { "└─ " } else { "├─ " })?;
            indent.push_str(if last { "   " } else { "│  " });
            child.tree(indent, f)?;
            indent.truncate(outer);
        }
        Ok(())
    }
}

/// Writes a space for each control character: what a component says about itself cannot break lines
/// or send commands to a terminal.
struct OneLine<'a, W>(&'a mut W);

impl<W: Write> Write for OneLine<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for (position, part) in text.split(char::is_control).enumerate() {
            if position > 0 {
                self.0.write_char(' ')?;
            }
            self.0.write_str(part)?;
        }
        Ok(())
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tree(&mut String::new(), f)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        })
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::U64(count) => write!(f, "{count}"),
            Self::F64(rate) => write!(f, "{rate}"),
            Self::Text(text) => f.write_str(text),
            Self::Duration(time) => write!(f, "{time:?}"),
            Self::Flag(flag) => f.write_str(if *flag { "yes" } else { "no" }),
        }
    }
}

impl From<u64> for Value {
    fn from(count: u64) -> Self {
        Self::U64(count)
    }
}

impl From<f64> for Value {
    fn from(rate: f64) -> Self {
        Self::F64(rate)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Duration> for Value {
    fn from(time: Duration) -> Self {
        Self::Duration(time)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_drawn_with_all_figures() {
        let pool = Snapshot::new("supervisor", "pool", "running")
            .status(Status::Degraded)
            .child(Snapshot::new("worker", "w1", "running").field("uptime", Duration::from_secs(9)))
            .child(Snapshot::new("worker", "w2", "restarting").field("due", true));
        let app = Snapshot::new("supervisor", "app", "running")
            .field("restarts", 4)
            .field("rate", 0.5)
            .child(pool.child(Snapshot::new("supervisor", "inner", "idle").child(leaf("x"))))
            .child(
                leaf("last")
                    .status(Status::Unhealthy)
                    .field("why", "disk full"),
            );
        let drawn = "\
supervisor app: running (restarts 4, rate 0.5)
├─ supervisor pool: running [degraded]
│  ├─ worker w1: running (uptime 9s)
│  ├─ worker w2: restarting (due yes)
│  └─ supervisor inner: idle
│     └─ worker x: gone
└─ worker last: gone [unhealthy] (why disk full)";
        assert_eq!(app.to_string(), drawn);
    }

    fn leaf(name: &str) -> Snapshot {
        Snapshot::new("worker", name, "gone")
    }

    #[test]
    fn what_a_component_says_stays_on_its_line() {
        let snapshot = leaf("a\nb").field("why", "left: 1\r\nright: \u{1b}[2J2");
        assert_eq!(
            snapshot.to_string(),
            "worker a b: gone (why left: 1  right:  [2J2)"
        );
    }

    #[test]
    fn the_worst_status_is_the_greatest() {
        let worst = [Status::Degraded, Status::Unhealthy, Status::Healthy]
            .into_iter()
            .max();
        assert_eq!(worst, Some(Status::Unhealthy));
    }
}
