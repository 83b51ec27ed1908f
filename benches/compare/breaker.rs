//! What a call costs behind a circuit breaker.
//!
//! One task calls, or two on two workers, which share one breaker and call at the same time; a figure is of one call of
//! one task. `added_ns` is what a call costs over the bare service of the same round.

mod ours;
#[cfg(feature = "peers")]
mod peers;

use std::io;
use std::time::Duration;

use seaworthy_benches::Failure;
use seaworthy_benches::breaker::floor::Floor;
use seaworthy_benches::breaker::{self, Caller, Desk, Hammered, Load, Tower, fill, hammer};

use crate::contender::{self, Contender, Rounds, Task};
use crate::progress::Progress;
use crate::report::{Added, Place, Report};
use crate::units::{self, Unit};
use crate::{alloc, runtime, stats};

const GROUP: &str = "breaker";

/// How long the rounds of one contender may take together.
const BUDGET: Duration = Duration::from_secs(6);

/// A round that takes longer is none.
const LIMIT: Duration = Duration::from_secs(20);

/// So many calls are in the window before those that are timed.
const FULL: u64 = 10_000;

/// In what state the breaker is, and how the calls end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    /// Closed, and each call is answered.
    Success,
    /// Closed, and one call in a hundred fails.
    Failures,
    /// The same after many calls.
    FullWindow,
    /// Closed, with a rule for slow calls.
    SlowOn,
    /// Open.
    OpenReject,
}

impl Case {
    const ALL: [Self; 5] = [
        Self::Success,
        Self::Failures,
        Self::FullWindow,
        Self::SlowOn,
        Self::OpenReject,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Success => "closed-success",
            Self::Failures => "closed-1pct-failures",
            Self::FullWindow => "closed-full-window",
            Self::SlowOn => "slow-on",
            Self::OpenReject => "open-reject",
        }
    }
}

/// A round under these conditions.
#[derive(Clone, Copy, Debug)]
struct Round {
    case: Case,
    load: Load,
}

impl Round {
    /// Brings the breaker into the state of the case, unless that is open, and makes the calls.
    async fn run(self, mut caller: impl Caller) -> Result<Hammered, Failure> {
        if self.case == Case::FullWindow {
            fill(&mut caller, FULL).await;
        }
        hammer(caller, self.load).await
    }

    /// The same for whoever opens by failures.
    #[cfg_attr(
        not(feature = "peers"),
        expect(dead_code, reason = "only peers are opened in the same way as all")
    )]
    async fn run_opened(self, mut caller: impl Caller) -> Result<Hammered, Failure> {
        if self.case == Case::OpenReject {
            breaker::open(&mut caller).await?;
        }
        self.run(caller).await
    }
}

/// How somebody runs a round.
#[derive(Clone, Copy, Debug)]
struct Run {
    round: fn(Round) -> Task<Hammered>,
    calls: u64,
    workers: usize,
}

/// Calls in each round, of what takes nanoseconds.
const CALLS: u64 = 200_000;

/// Calls in each round, of what looks through its whole window at each.
#[cfg(feature = "peers")]
const CALLS_SLOW: u64 = 2_000;

type Somebody = Contender<(fn(Round) -> Task<Hammered>, u64)>;

pub(crate) fn measure(quick: bool, progress: &Progress, report: &mut Report) -> io::Result<()> {
    let rounds = if quick { 9 } else { 31 };
    for case in Case::ALL {
        progress.case(GROUP, case.name(), 1);
        let what = format!("{GROUP} {}", case.name());
        // Both numbers of workers in the same rounds, since they are compared too.
        let all: Vec<Contender<Run>> = runtime::THREADS
            .into_iter()
            .flat_map(|workers| contenders(case).into_iter().map(move |it| at(it, workers)))
            .collect();
        let all = contender::interleave(all, rounds, BUDGET, &what, progress, |run| {
            let load = Load {
                workers: run.workers,
                calls: if quick { run.calls / 4 } else { run.calls },
                failures: matches!(case, Case::Failures | Case::FullWindow),
                rejected: case == Case::OpenReject,
                allocations: alloc::allocations,
            };
            runtime::run(run.workers, LIMIT, (run.round)(Round { case, load }))?
        });
        let (one, two) = all.split_at(all.len() / 2);
        for (workers, side) in runtime::THREADS.into_iter().zip([one, two]) {
            let bare = nanos(side.iter().find(|it| it.who == "bare"));
            for it in side {
                tell(it, case, workers, &bare, report)?;
            }
        }
        for (one, two) in one.iter().zip(two).filter(|(one, _)| one.ours) {
            compare_workers(one, two, case, report);
        }
    }
    Ok(())
}

fn contenders(case: Case) -> Vec<Somebody> {
    let floor: fn(Round) -> Task<Hammered> = |round| {
        let open = round.case == Case::OpenReject;
        Box::pin(round.run(Tower(Floor::new(open))))
    };
    let mut all = vec![
        Contender::other("bare", (bare as fn(Round) -> Task<Hammered>, CALLS)),
        Contender::other("floor", (floor, CALLS)),
    ];
    all.extend(ours::contenders(case));
    #[cfg(feature = "peers")]
    all.extend(peers::contenders(case));
    all
}

fn bare(mut round: Round) -> Task<Hammered> {
    // There is nobody who turns calls away.
    round.load.rejected = false;
    Box::pin(round.run(Tower(Desk)))
}

fn at(it: Somebody, workers: usize) -> Contender<Run> {
    let run = it.run.map(|(round, calls)| Run {
        round,
        calls,
        workers,
    });
    Contender {
        who: it.who,
        ours: it.ours,
        run,
    }
}

fn nanos(one: Option<&Rounds<Run, Hammered>>) -> Vec<f64> {
    one.map_or_else(Vec::new, |one| {
        one.done.iter().map(|round| round.nanos).collect()
    })
}

fn place(who: &str, case: Case, threads: usize) -> Place {
    Place {
        group: GROUP,
        case: case.name().to_owned(),
        who: who.to_owned(),
        threads,
    }
}

fn tell(
    one: &Rounds<Run, Hammered>,
    case: Case,
    workers: usize,
    bare: &[f64],
    report: &mut Report,
) -> io::Result<()> {
    let rounds = nanos(Some(one));
    let added = rounds.iter().zip(bare).map(|(call, bare)| call - bare);
    let added = stats::median(added).filter(|_| one.who != "bare");
    let allocs = one.done.iter().map(|round| round.allocations);
    report.figure_over(
        place(&one.who, case, workers),
        Unit::Nanos,
        rounds,
        allocs,
        one.trouble.clone(),
        added.map(Added),
    )
}

/// How much longer a call takes while another worker calls too: the median over the rounds.
fn compare_workers(
    one: &Rounds<Run, Hammered>,
    two: &Rounds<Run, Hammered>,
    case: Case,
    report: &mut Report,
) {
    let (alone, together) = (nanos(Some(one)), nanos(Some(two)));
    let ratios = alone.iter().zip(&together).map(|(one, two)| two / one);
    let Some(ratio) = stats::median(ratios) else {
        return;
    };
    let (ratio, verdict) = (
        units::digits(ratio),
        if ratio <= AT_MOST { "met" } else { "missed" },
    );
    let text = format!("two workers take {ratio}x of one each ({AT_MOST}x {verdict})");
    report.remark(place(&one.who, case, 2), text);
}

/// How many times the figure of one worker two may take each.
const AT_MOST: f64 = 1.3;
