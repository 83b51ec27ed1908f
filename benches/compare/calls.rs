//! What a call costs behind a layer.
//!
//! One task calls, or two on two workers, which share one component and call at the same time; a figure is of one call of
//! one task. `added_ns` is what a call costs over the bare service of the same round.

use std::hint::black_box;
use std::io;
use std::time::Duration;

use seaworthy_benches::Failure;
use seaworthy_benches::breaker::{
    Ask, Caller, Came, Desk, Failures, Hammered, Load, Tower, calling, hammer,
};

use tower_service::Service;

use crate::contender::{self, Contender, Rounds, Task};
use crate::progress::Progress;
use crate::report::{Added, Place, Report};
use crate::units::{self, Unit};
use crate::{alloc, runtime, stats};

/// How long the rounds of one contender may take together.
const BUDGET: Duration = Duration::from_secs(6);

/// A round that takes longer is none.
const LIMIT: Duration = Duration::from_secs(20);

/// Calls in each round, of what takes nanoseconds.
pub(crate) const CALLS: u64 = 200_000;

/// In what state the component is, and how the calls end.
pub(crate) trait Case: Copy + Send + 'static {
    const GROUP: &'static str;

    fn name(self) -> &'static str;

    /// Which calls of the service fail.
    fn fails(self) -> Failures {
        Failures::None
    }

    /// Whether all calls are turned away.
    fn rejects(self) -> bool;

    /// How many times the figure of one worker two may take each.
    fn two_may_take(self) -> Option<f64> {
        None
    }
}

/// A round under these conditions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round<C> {
    pub(crate) case: C,
    pub(crate) load: Load,
}

impl<C: Case> Round<C> {
    /// Makes the calls.
    pub(crate) async fn run(self, caller: impl Caller) -> Result<Hammered, Failure> {
        hammer(caller, self.load).await
    }

    /// Makes them without anybody who would turn them away.
    async fn run_bare(mut self) -> Result<Hammered, Failure> {
        self.load.rejected = false;
        self.run(Tower(Desk)).await
    }
}

/// A service of which it matters only whether it answers: whatever its error is, it counts as a rejection.
#[derive(Clone)]
pub(crate) struct Answers<S>(pub(crate) S);

impl<S> Caller for Answers<S>
where
    S: Service<Ask, Response = u64, Error: Send, Future: Send> + Clone + Send + 'static,
{
    #[inline]
    async fn call(&mut self, ask: Ask) -> Came {
        match black_box(calling(&mut self.0, ask).await) {
            Ok(number) => Came::Answer(number),
            Err(_) => Came::Rejection,
        }
    }
}

/// How somebody runs a round.
struct Run<C> {
    round: fn(Round<C>) -> Task<Hammered>,
    calls: u64,
    workers: usize,
}

/// A contender, and how many calls it is asked for.
pub(crate) type Somebody<C> = Contender<(fn(Round<C>) -> Task<Hammered>, u64)>;

/// The bare service.
pub(crate) fn bare<C: Case>() -> Somebody<C> {
    let round: fn(Round<C>) -> Task<Hammered> = |round| Box::pin(round.run_bare());
    Contender::other("bare", (round, CALLS))
}

/// Somebody who is called by this.
pub(crate) fn other<C>(
    who: impl Into<String>,
    round: fn(Round<C>) -> Task<Hammered>,
) -> Somebody<C> {
    Contender::other(who, (round, CALLS))
}

/// Ours.
pub(crate) fn ours<C>(who: &str, round: fn(Round<C>) -> Task<Hammered>) -> Somebody<C> {
    Contender::ours(who, (round, CALLS))
}

/// Measures one case of those who can be asked for it.
pub(crate) fn measure<C: Case>(
    case: C,
    contenders: impl Fn() -> Vec<Somebody<C>>,
    quick: bool,
    progress: &Progress,
    report: &mut Report,
) -> io::Result<()> {
    let rounds = if quick { 9 } else { 31 };
    progress.case(C::GROUP, case.name(), 1);
    let what = format!("{} {}", C::GROUP, case.name());
    // Both numbers of workers in the same rounds, since they are compared too.
    let all: Vec<Contender<Run<C>>> = runtime::THREADS
        .into_iter()
        .flat_map(|workers| contenders().into_iter().map(move |it| at(it, workers)))
        .collect();
    let all = contender::interleave(all, rounds, BUDGET, &what, progress, |run| {
        let load = Load {
            workers: run.workers,
            calls: if quick { run.calls / 4 } else { run.calls },
            failures: case.fails(),
            rejected: case.rejects(),
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
    if let Some(most) = case.two_may_take() {
        for (one, two) in one.iter().zip(two).filter(|(one, _)| one.ours) {
            compare_workers(one, two, case, most, report);
        }
    }
    Ok(())
}

fn at<C>(it: Somebody<C>, workers: usize) -> Contender<Run<C>> {
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

fn nanos<R>(one: Option<&Rounds<R, Hammered>>) -> Vec<f64> {
    one.map_or_else(Vec::new, |one| {
        one.done.iter().map(|round| round.nanos).collect()
    })
}

fn place<C: Case>(who: &str, case: C, threads: usize) -> Place {
    Place {
        group: C::GROUP,
        case: case.name().to_owned(),
        who: who.to_owned(),
        threads,
    }
}

fn tell<C: Case>(
    one: &Rounds<Run<C>, Hammered>,
    case: C,
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
fn compare_workers<C: Case>(
    one: &Rounds<Run<C>, Hammered>,
    two: &Rounds<Run<C>, Hammered>,
    case: C,
    most: f64,
    report: &mut Report,
) {
    let (alone, together) = (nanos(Some(one)), nanos(Some(two)));
    let ratios = alone.iter().zip(&together).map(|(one, two)| two / one);
    let Some(ratio) = stats::median(ratios) else {
        return;
    };
    let (ratio, verdict) = (
        units::digits(ratio),
        if ratio <= most { "met" } else { "missed" },
    );
    let text = format!("two workers take {ratio}x of one each ({most}x {verdict})");
    report.remark(place(&one.who, case, 2), text);
}
