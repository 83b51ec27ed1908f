//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
usage: cargo compare [--only GROUP[,GROUP]] [--json FILE] [--quick]

  --only GROUPS  measure only these: breaker, bulkhead, fallback, queue, restart, scale, stack
  --json FILE    write each figure as a line of JSON too
  --quick        fewer and smaller rounds, for a first look";

/// A set of cases that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Breaker,
    Bulkhead,
    Fallback,
    Queue,
    Restart,
    Scale,
    Stack,
}

impl Group {
    const ALL: [Self; 7] = [
        Self::Breaker,
        Self::Bulkhead,
        Self::Fallback,
        Self::Queue,
        Self::Restart,
        Self::Scale,
        Self::Stack,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Breaker => "breaker",
            Self::Bulkhead => "bulkhead",
            Self::Fallback => "fallback",
            Self::Queue => "queue",
            Self::Restart => "restart",
            Self::Scale => "scale",
            Self::Stack => "stack",
        }
    }

    fn named(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|group| group.name() == name)
            .ok_or_else(|| format!("there is no group {name:?}"))
    }
}

/// What to measure, and how.
#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) groups: Vec<Group>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) quick: bool,
}

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Parsed {
    Run(Args),
    Help,
}

/// Reads the arguments after the program's name.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Parsed, lexopt::Error> {
    let mut parser = lexopt::Parser::from_args(args);
    let mut parsed = Args {
        groups: Group::ALL.to_vec(),
        json: None,
        quick: false,
    };
    while let Some(arg) = parser.next()? {
        match arg {
            Long("only") => {
                let names = parser.value()?.string()?;
                parsed.groups = names
                    .split(',')
                    .map(Group::named)
                    .collect::<Result<_, _>>()?;
            }
            Long("json") => parsed.json = Some(parser.value()?.into()),
            Long("quick") => parsed.quick = true,
            Long("help") | Short('h') => return Ok(Parsed::Help),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Parsed::Run(parsed))
}
