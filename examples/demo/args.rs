//! The command line: what may be said, and a plain answer to what may not.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};

/// Shown by `--help`.
pub(crate) const HELP: &str = "\
A small shop over HTTP meets its own bugs, a service and a database it depends on that fail, and more
customers than it can serve, twice: once under a supervision tree, with queues, a circuit breaker, a bulkhead
and fallbacks, once without.
The same customers and the same crashes come to both, one shop after the other.

Usage: cargo demo [OPTIONS]

  --seconds N    how long the customers come, half of it to each shop   [default: 20]
  --rate R       customers a second                                     [default: 300]
  --seed S       another number is another storm                        [default: 1]
  --json FILE    write the figures to FILE as well
  --port P       port on 127.0.0.1, 0 for any that is free              [default: 0]
  --serve        keep the supervised shop up until Ctrl-C, for a look:
                 at once, or after the storm if --seconds is given too
  --verbose      a line for each crash, instead of the progress bar
  --help         this text

Exit code: 0 if the supervised shop lost no confirmed order, stored none twice, left no customer without
a word, put aside the orders that crash it and no others, served within half a second whom it served
in the flood, served those who came after it, took nine of ten orders and more than the naked one while
others rushed for pages and reports, was up at the end, was more available than the naked one,
was never out for a second, served no report older than 2 s, lost less than half the naked one's time
to recommendations that did not come, recommended something on every page of a product and had fresh
recommendations back within a second, answered with a page whoever asked for one while their database
was not well, and showed none that was older than 0.5 s; 1 if not; 2 if the arguments are wrong.
";

const ALLOWED: &str = "--seconds, --rate, --seed, --json, --port, --serve, --verbose, --help";

/// What the user asked for.
#[derive(Debug)]
pub(crate) struct Args {
    /// Both shops together; `None` if there is to be no storm.
    pub(crate) storm: Option<Duration>,
    pub(crate) rate: u32,
    pub(crate) seed: u64,
    pub(crate) json: Option<PathBuf>,
    pub(crate) port: u16,
    pub(crate) serve: bool,
    pub(crate) verbose: bool,
}

/// Why the arguments make no sense, in one line.
#[derive(Debug)]
pub(crate) struct BadArgs(pub(crate) String);

impl std::error::Error for BadArgs {}

impl fmt::Display for BadArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Args {
    /// Reads the command line; `None` if it asks for help.
    pub(crate) fn parse(mut parser: Parser) -> Result<Option<Self>, BadArgs> {
        let mut seconds = None;
        let mut args = Self {
            storm: None,
            rate: 300,
            seed: 1,
            json: None,
            port: 0,
            serve: false,
            verbose: false,
        };
        while let Some(arg) = parser.next().map_err(|error| BadArgs(error.to_string()))? {
            match arg {
                Arg::Long("seconds") => seconds = Some(number(&mut parser, "--seconds", 2..=3600)?),
                Arg::Long("rate") => args.rate = number(&mut parser, "--rate", 1..=10_000)?,
                Arg::Long("seed") => args.seed = number(&mut parser, "--seed", 0..=u64::MAX)?,
                Arg::Long("port") => args.port = number(&mut parser, "--port", 0..=u16::MAX)?,
                Arg::Long("json") => args.json = Some(file(&mut parser, "--json")?),
                Arg::Long("serve") => args.serve = true,
                Arg::Long("verbose") => args.verbose = true,
                Arg::Long("help") | Arg::Short('h') => return Ok(None),
                other => return Err(unknown(&other)),
            }
        }
        let storm = seconds.unwrap_or(20);
        args.storm = (seconds.is_some() || !args.serve).then(|| Duration::from_secs(storm));
        Ok(Some(args))
    }
}

fn number<N>(parser: &mut Parser, name: &str, allowed: RangeInclusive<N>) -> Result<N, BadArgs>
where
    N: FromStr + PartialOrd + fmt::Display,
{
    let (low, high) = (allowed.start(), allowed.end());
    let rule = format!("{name} takes a whole number from {low} to {high}");
    let value = parser.value().map_err(|_| BadArgs(rule.clone()))?;
    let text = value.to_string_lossy();
    match text.parse() {
        Ok(number) if allowed.contains(&number) => Ok(number),
        _ => Err(BadArgs(format!("{rule}, not `{text}`"))),
    }
}

fn file(parser: &mut Parser, name: &str) -> Result<PathBuf, BadArgs> {
    let rule = || BadArgs(format!("{name} takes the name of a file to write"));
    let path: PathBuf = parser
        .value()
        .map_err(|_| rule())?
        .parse()
        .map_err(|_| rule())?;
    if path.as_os_str().is_empty() {
        Err(rule())
    } else {
        Ok(path)
    }
}

fn unknown(arg: &Arg<'_>) -> BadArgs {
    let arg = match arg {
        Arg::Short(letter) => format!("-{letter}"),
        Arg::Long(name) => format!("--{name}"),
        Arg::Value(value) => value.to_string_lossy().into_owned(),
    };
    BadArgs(format!(
        "`{arg}` is not an argument of the demo; allowed are {ALLOWED}"
    ))
}
