//! How well limits protect a server: on virtual time, with the same requests for everybody.
//!
//! Servers of several kinds get from half of what they can do up to ten times as much, from clients who do not wait for one
//! another. Whoever decides which requests are let in is compared with one who knows everything, and with the fixed limit that
//! would have been best for just this load.

mod args;
mod contender;
mod count;
mod figures;
mod gate;
mod judge;
mod load;
mod model;
mod random;
mod run;
mod scenario;
mod server;
mod table;

use std::io::{self, Write};
use std::process::ExitCode;

use args::Args;
use figures::Outcome;
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
    let error = |error: io::Error| error.to_string();
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
        writeln!(out, "{model}: {about}\n{}", table::table(&of_model)).map_err(error)?;
    }
    writeln!(out, "{}", table::scores(&outcomes)).map_err(error)?;
    let gates = judge::gates(&outcomes);
    for gate in &gates {
        let verdict = if gate.met { "met" } else { "MISSED" };
        writeln!(
            out,
            "{verdict:<7} {}: {} (demanded: {})",
            gate.what, gate.seen, gate.demanded
        )
        .map_err(error)?;
    }
    Ok(gates.iter().all(|gate| gate.met))
}
