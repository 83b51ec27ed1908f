//! Seaworthy side by side with bare tokio code and with its peers, in one process, in interleaved
//! rounds.
//!
//! Each round of each contender has a runtime of its own, which is thrown away after it. What the
//! tables show is the median of the rounds (`p50`) and the best round (`min`). In `restart` a
//! round is itself the median of many restarts, each timed from the last thing that the old
//! incarnation does to the first poll of the new one's own code; in `scale` a round is one start
//! and one stop of the whole crowd. `floor` is the barest code in safe Rust that does the same
//! work. Allocations are counted by the global allocator, for everybody alike.

mod alloc;
mod args;
mod breaker;
mod bulkhead;
mod calls;
mod contender;
mod fallback;
mod hook;
mod progress;
mod queue;
mod report;
mod restart;
mod runtime;
mod scale;
mod stack;
mod stats;
mod table;
mod units;
#[cfg(feature = "peers")]
mod versions;

use std::io::{self, Write};
use std::process::ExitCode;

use args::{Args, Group, Parsed};
use progress::Progress;
use report::Report;
use seaworthy_benches::clock;

fn main() -> ExitCode {
    let outcome = match args::parse(std::env::args_os().skip(1)) {
        Ok(Parsed::Help) => writeln!(io::stdout(), "{}", args::HELP),
        Ok(Parsed::Run(args)) => compare(&args),
        Err(error) => {
            // Nothing can be done about an error output that is closed.
            let _ = writeln!(io::stderr(), "{error}\n\n{}", args::HELP);
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the groups that were asked for, and shows each as soon as it is measured.
fn compare(args: &Args) -> io::Result<()> {
    hook::silence();
    let progress = Progress::new();
    let mut report = Report::new(args.json.as_deref())?;
    writeln!(
        io::stdout(),
        "One reading of the clock costs {} ns and is in every figure.",
        clock::cost()
    )?;
    for group in &args.groups {
        match group {
            Group::Breaker => breaker::measure(args.quick, &progress, &mut report)?,
            Group::Bulkhead => bulkhead::measure(args.quick, &progress, &mut report)?,
            Group::Fallback => fallback::measure(args.quick, &progress, &mut report)?,
            Group::Queue => queue::measure(args.quick, &progress, &mut report)?,
            Group::Restart => restart::measure(args.quick, &progress, &mut report)?,
            Group::Scale => scale::measure(args.quick, &progress, &mut report)?,
            Group::Stack => stack::measure(args.quick, &progress, &mut report)?,
        }
        progress.clear();
        writeln!(
            io::stdout(),
            "\n{}",
            table::table(group.name(), report.lines(group.name()))
        )?;
    }
    Ok(())
}
