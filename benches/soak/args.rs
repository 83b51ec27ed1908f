//! What is asked for.

use lexopt::prelude::*;
use seaworthy_benches::Failure;

pub(crate) const HELP: &str = "\
usage: cargo soak [--items N] [--workers N] [--seed N]

  --items N    so many items, each of which is delivered until it is acknowledged (10000000)
  --workers N  so many workers (8)
  --seed N     decides who crashes when, as far as threads let it (1)";

#[derive(Clone, Copy, Debug)]
pub(crate) struct Args {
    pub(crate) items: u64,
    pub(crate) workers: u64,
    pub(crate) seed: u64,
}

/// `None`: help is asked for.
pub(crate) fn parse() -> Result<Option<Args>, Failure> {
    let mut args = Args {
        items: 10_000_000,
        workers: 8,
        seed: 1,
    };
    let mut parser = lexopt::Parser::from_env();
    let error = |error: lexopt::Error| error.to_string();
    while let Some(arg) = parser.next().map_err(error)? {
        let place = match arg {
            Long("items") => &mut args.items,
            Long("workers") => &mut args.workers,
            Long("seed") => &mut args.seed,
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected().to_string()),
        };
        let value = parser.value().map_err(error)?;
        *place = value.parse().map_err(error)?;
    }
    if args.items == 0 || args.workers == 0 {
        return Err("--items and --workers are at least 1".to_owned());
    }
    Ok(Some(args))
}
