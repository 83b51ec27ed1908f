//! How well limits protect a server: on virtual time, with the same requests for everybody.
//!
//! Servers of several kinds get from half of what they can do up to ten times as much, from clients who do not wait for one
//! another. Whoever decides which requests are let in is compared with one who knows everything, and with the fixed limit that
//! would have been best for just this load.

mod args;
mod contender;
mod count;
mod drift;
mod figures;
mod gate;
mod json;
mod judge;
#[cfg(feature = "virtual-time")]
mod layers;
mod load;
mod model;
mod plot;
mod random;
#[cfg(feature = "real-time")]
mod real;
mod run;
mod scenario;
mod server;
mod table;

use std::io::{self, Write};
use std::process::ExitCode;

use args::Args;
use figures::Outcome;
use judge::Demand;
use seaworthy_benches::Failure;

fn main() -> ExitCode {
    let args = match args::parse() {
        Ok(Some(args)) => args,
        Ok(None) => {
            let _ = writeln!(io::stdout(), "{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}\n\n{}", args::HELP);
            return ExitCode::from(2);
        }
    };
    match overload(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "overload: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Says whether all demands are met.
fn overload(args: &Args) -> Result<bool, Failure> {
    if args.real {
        return real_time(args).map(|()| true);
    }
    let (outcomes, mut demands) = if args.layers {
        (Vec::new(), Vec::new())
    } else {
        alone(args)?
    };
    demands.extend(layered(args)?);
    let mut out = io::stdout().lock();
    for demand in &demands {
        let verdict = if demand.met { "met" } else { "MISSED" };
        writeln!(
            out,
            "{verdict:<7} {}: {} (demanded: {})",
            demand.what, demand.seen, demand.demanded
        )
        .map_err(failed)?;
    }
    writeln!(out, "\n{NOTE}").map_err(failed)?;
    if let Some(file) = &args.json {
        std::fs::write(file, json::lines(args.seed, &outcomes, &demands)).map_err(failed)?;
    }
    if let Some(folder) = &args.plot {
        plot::write(folder, &outcomes).map_err(failed)?;
    }
    Ok(demands.iter().all(|demand| demand.met))
}

fn failed(error: io::Error) -> Failure {
    error.to_string()
}

/// The algorithms, without layers.
fn alone(args: &Args) -> Result<(Vec<Outcome>, Vec<Demand>), Failure> {
    let mut scenarios = scenario::all(args.seed, args.quick);
    if let Some(only) = &args.only {
        scenarios.retain(|scenario| scenario.model == only);
    }
    let mut outcomes: Vec<Outcome> = Vec::new();
    for (nth, scenario) in scenarios.iter().enumerate() {
        let _ = writeln!(
            io::stderr(),
            "{} of {}: {} at {}",
            nth + 1,
            scenarios.len(),
            scenario.model,
            scenario.case
        );
        outcomes.push(figures::measure(scenario));
    }
    let mut out = io::stdout().lock();
    let mut models: Vec<&str> = scenarios.iter().map(|it| it.model).collect();
    models.dedup();
    for model in models {
        let of_model: Vec<_> = outcomes
            .iter()
            .filter(|it| it.scenario.model == model)
            .collect();
        let about = of_model
            .first()
            .map_or("", |it| it.scenario.setup.model.about);
        writeln!(out, "{model}: {about}\n{}", table::table(&of_model)).map_err(failed)?;
    }
    writeln!(out, "{}", table::scores(&outcomes)).map_err(failed)?;
    let mut demands = judge::demands(&outcomes);
    if args.only.as_deref().is_none_or(|only| only == "M6") {
        demands.extend(drift::demands(args.seed, args.quick));
    }
    Ok((outcomes, demands))
}

/// The same behind layers.
#[cfg(feature = "virtual-time")]
fn layered(args: &Args) -> Result<Vec<Demand>, Failure> {
    let (table, demands) = layers::compare(args.seed, args.quick, args.only.as_deref())?;
    writeln!(io::stdout(), "{table}").map_err(failed)?;
    Ok(demands)
}

#[cfg(not(feature = "virtual-time"))]
fn layered(args: &Args) -> Result<Vec<Demand>, Failure> {
    if args.layers {
        return Err("built without the feature `virtual-time`".to_owned());
    }
    Ok(Vec::new())
}

#[cfg(feature = "real-time")]
fn real_time(args: &Args) -> Result<(), Failure> {
    real::measure(args.seed)
}

#[cfg(not(feature = "real-time"))]
fn real_time(_: &Args) -> Result<(), Failure> {
    Err("built without the feature `real-time`".to_owned())
}

/// What the tables leave out.
const NOTE: &str = "\
G is the answers in time, as a share of what was asked for or could be answered; `of oracle` compares with one who knows
how long each request takes (M2, M3: with N*), `of fixed` with the fixed limit that is best for just this case.
`max 10000` is the default but for its maximum of 1000, since with that the maximum would do the work on M3.
tower's ConcurrencyLimit with LoadShed decides as the fixed limits do. Not here: tower-resilience's adaptive limiter and
little-loadshedder, which read the clock of the machine and so cannot run on virtual time.";
