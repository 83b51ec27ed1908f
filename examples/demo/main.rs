//! A small shop that survives its own crashes, beside one that does not.
//!
//! `cargo demo` opens the shop of [`shop`] over real HTTP, first under a supervision tree
//! ([`supervised`]), then without one ([`naked`]). Both meet the same customers ([`load`]) and the same
//! crashes ([`storm`]), and a table tells how they did.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

mod advised;
mod args;
mod audit;
mod figures;
mod flood;
mod journal;
mod ledger;
mod load;
mod mood;
mod naked;
mod panics;
mod plan;
mod progress;
mod rush;
mod service;
mod shop;
mod sources;
mod starved;
mod storm;
mod supervised;
mod table;
mod trial;
mod upstream;
mod verdict;

use std::env;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use seaworthy_core::BoxError;
use serde::Serialize;

use args::{Args, BadArgs};
use figures::Figures;
use journal::Journal;
use naked::Naked;
use plan::Plan;
use progress::Progress;
use shop::shipping;
use supervised::Supervised;
use table::Table;
use verdict::Verdict;

fn main() -> ExitCode {
    if env::args_os().skip(1).eq([shipping::DESK]) {
        return staff_the_desk();
    }
    let args = match Args::parse(lexopt::Parser::from_env()) {
        Ok(Some(args)) => args,
        Ok(None) => {
            print!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("demo: {error}");
            return ExitCode::from(2);
        }
    };
    panics::hush(args.verbose);
    match demo(&args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("demo: {error}");
            // An argument can also turn out to be bad when it is used.
            if error.is::<BadArgs>() {
                ExitCode::from(2)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

/// This process was started by a shop, as its helper, and not by a person.
fn staff_the_desk() -> ExitCode {
    let desk = shipping::DESK;
    if io::stdin().is_terminal() {
        eprintln!("demo: `{desk}` is for the shop, which asks through a pipe; see --help");
        return ExitCode::from(2);
    }
    match shipping::work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {desk}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn demo(args: &Args) -> Result<ExitCode, BoxError> {
    let mut passed = true;
    if let Some(length) = args.storm {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        passed = runtime.block_on(async {
            tokio::select! {
                passed = storm_both(args, length) => passed,
                // Everything is dropped where it stands, and the temporary folders with it.
                _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
            }
        })?;
    }
    if args.serve {
        let code = supervised::serve(args.port, args.verbose)?;
        if passed {
            return Ok(code);
        }
    }
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Everything that `--json` writes.
#[derive(Serialize)]
struct Report<'a> {
    /// Of load on each of the two shops.
    seconds_each: f64,
    rate: u32,
    seed: u64,
    supervised: &'a Figures,
    naked: &'a Figures,
    verdict: &'a Verdict,
}

/// The shops are open one after the other, so that they do not compete, each for half the time.
async fn storm_both(args: &Args, length: Duration) -> Result<bool, BoxError> {
    // Before anything else: it would be a pity to find out at the end.
    let json = args.json.as_ref().map(|path| {
        File::create(path).map_err(|error| {
            let path = path.display();
            BadArgs(format!(
                "--json {path}: {error}; allowed is a file that can be written"
            ))
        })
    });
    let json = json.transpose()?;

    let plan = Plan::draw(length / 2, args.rate, args.seed);
    let seconds = plan.length.as_secs_f64();
    let customers = plan.arrivals.len();
    println!(
        "{customers} customers and a storm for {seconds} s, and the same again for the naked shop"
    );
    let progress = Progress::new(2 * customers, !args.verbose);
    let journal = || Journal::new(args.verbose);
    let supervised = trial::run::<Supervised>(&plan, args.port, journal(), &progress).await?;
    let naked = trial::run::<Naked>(&plan, args.port, journal(), &progress).await?;
    progress.clear();

    let (picture, supervised, naked) = (supervised.picture, supervised.figures, naked.figures);
    let verdict = Verdict::on(&supervised, &naked);
    if let Some(picture) = picture {
        println!("\nThe supervised shop after the storm:\n\n{picture}");
    }
    println!(
        "{}",
        Table {
            supervised: &supervised,
            naked: &naked
        }
    );
    print!("{verdict}");
    if let Some(file) = json {
        let (rate, seed) = (args.rate, args.seed);
        let (supervised, naked, verdict) = (&supervised, &naked, &verdict);
        let report = Report {
            seconds_each: seconds,
            rate,
            seed,
            supervised,
            naked,
            verdict,
        };
        let mut file = io::BufWriter::new(file);
        serde_json::to_writer_pretty(&mut file, &report)?;
        writeln!(file)?;
        file.flush()?;
    }
    Ok(verdict.passed)
}
