//! What is asked for.

use std::path::PathBuf;

use lexopt::prelude::*;
use seaworthy_benches::Failure;

pub(crate) const HELP: &str = "\
usage: cargo overload [--quick] [--layers] [--seed N] [--only MODEL] [--json FILE] [--plot DIR]

  --quick       fewer loads, shorter runs: some seconds
  --layers      only whether layers decide as the algorithms in them do alone
  --real        only a real server on loopback, for a minute and a half (cargo overload-real)
  --seed N      decides when requests come, and how long each takes (1)
  --only MODEL  one model only: M1, M2, M3, M4, M5a, M5b, M6
  --json FILE   every figure, as JSON lines
  --plot DIR    the figures as SVG files

The same seed gives the same bytes. Fails if a demand on the default limit is not met.";

#[derive(Clone, Debug)]
pub(crate) struct Args {
    pub(crate) quick: bool,
    pub(crate) layers: bool,
    pub(crate) real: bool,
    pub(crate) seed: u64,
    pub(crate) only: Option<String>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) plot: Option<PathBuf>,
}

/// `None`: help is asked for.
pub(crate) fn parse() -> Result<Option<Args>, Failure> {
    let mut args = Args {
        quick: false,
        layers: false,
        real: false,
        seed: 1,
        only: None,
        json: None,
        plot: None,
    };
    let mut parser = lexopt::Parser::from_env();
    let error = |error: lexopt::Error| error.to_string();
    while let Some(arg) = parser.next().map_err(error)? {
        match arg {
            Long("quick") => args.quick = true,
            Long("layers") => args.layers = true,
            Long("real") => args.real = true,
            Long("seed") => {
                let value = parser.value().map_err(error)?;
                args.seed = value.parse().map_err(error)?;
            }
            Long("only") => {
                let value = parser.value().map_err(error)?;
                args.only = Some(value.parse().map_err(error)?);
            }
            Long("json") => args.json = Some(parser.value().map_err(error)?.into()),
            Long("plot") => args.plot = Some(parser.value().map_err(error)?.into()),
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected().to_string()),
        }
    }
    Ok(Some(args))
}
