//! What very many children cost: to start, to hold, to stop.

mod floor;
mod ours;

#[cfg(feature = "peers")]
mod kameo;
#[cfg(feature = "peers")]
mod ractor;
#[cfg(feature = "peers")]
mod ractor_supervisor;
#[cfg(feature = "peers")]
mod task_supervisor;

use std::io;
use std::sync::Arc;

use seaworthy_benches::crowd::Crowd;
use seaworthy_benches::{Failure, clock};

use crate::contender::{self, Contender, Rounds, Task};
use crate::progress::Progress;
use crate::report::{Missing, Report, Row};
use crate::units::Unit;
use crate::{alloc, runtime, stats};

const GROUP: &str = "scale";

/// Who needs longer than this for 100,000 is not asked for a million: the rounds would take
/// minutes, and some would not fit into memory.
const PATIENCE_NS: f64 = 500e6;

/// Somebody's way to hold a crowd.
trait Population: 'static {
    /// What keeps the children.
    type Tree: Send;

    /// Starts as many children as the crowd has places.
    fn start(crowd: Arc<Crowd>) -> impl Future<Output = Result<Self::Tree, Failure>> + Send;

    /// Stops them all.
    fn stop(tree: Self::Tree) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// One round's figures.
#[derive(Clone, Copy, Debug)]
struct Figures {
    start_ns: u64,
    start_allocs: usize,
    bytes: usize,
    stop_ns: u64,
    stop_allocs: usize,
}

type Run = fn(Arc<Crowd>) -> Task<Figures>;

/// A round: from the first start until all have been polled, and from the stop until all are gone.
async fn population<P: Population>(crowd: Arc<Crowd>) -> Result<Figures, Failure> {
    let bytes = alloc::live_bytes();
    let allocs = alloc::allocations();
    let start = clock::now();
    let tree = P::start(Arc::clone(&crowd)).await?;
    crowd.all_polled().await;
    let start_ns = clock::nanos(start.elapsed());
    let start_allocs = alloc::allocations() - allocs;
    let bytes = alloc::live_bytes().saturating_sub(bytes);

    let allocs = alloc::allocations();
    let stop = clock::now();
    P::stop(tree).await?;
    crowd.all_gone().await;
    let stop_ns = clock::nanos(stop.elapsed());
    let stop_allocs = alloc::allocations() - allocs;
    Ok(Figures {
        start_ns,
        start_allocs,
        bytes,
        stop_ns,
        stop_allocs,
    })
}

/// How a population is run.
fn run<P: Population>() -> Run {
    |crowd| Box::pin(population::<P>(crowd))
}

/// Measures the group.
pub(crate) fn measure(quick: bool, progress: &Progress, report: &mut Report) -> io::Result<()> {
    let mut slow = Vec::new();
    for threads in runtime::THREADS {
        let all = crowds(
            contenders(),
            100_000,
            threads,
            if quick { 1 } else { 5 },
            progress,
        );
        for one in all {
            if median(&one.done, |figures| figures.start_ns).is_none_or(|ns| ns > PATIENCE_NS) {
                slow.push(one.who.clone());
            }
            tell(&one, "100k", threads, report)?;
        }
    }
    for threads in runtime::THREADS {
        if quick && threads > 1 {
            continue;
        }
        let (left_out, asked) = contenders()
            .into_iter()
            .partition(|contender| slow.contains(&contender.who));
        for one in crowds(
            asked,
            1_000_000,
            threads,
            if quick { 1 } else { 3 },
            progress,
        ) {
            tell(&one, "1m", threads, report)?;
        }
        let left_out: Vec<Contender<Run>> = left_out;
        for one in left_out {
            for case in ["start-1m", "stop-1m"] {
                let why = "100,000 take it over half a second".to_owned();
                miss(one.who.clone(), case, threads, why, report);
            }
        }
    }
    Ok(())
}

fn contenders() -> Vec<Contender<Run>> {
    let mut all = ours::contenders();
    all.push(floor::contender());
    #[cfg(feature = "peers")]
    all.extend([
        ractor::contender(),
        ractor_supervisor::contender(),
        kameo::contender(),
        task_supervisor::contender(),
    ]);
    all
}

/// Everybody's rounds with a crowd of this size.
fn crowds(
    contenders: Vec<Contender<Run>>,
    size: usize,
    threads: usize,
    rounds: usize,
    progress: &Progress,
) -> Vec<Rounds<Run, Figures>> {
    progress.case(GROUP, &size.to_string(), threads);
    let what = format!("{GROUP} {size}, {threads} thread(s)");
    contender::interleave(contenders, rounds, &what, progress, |run| {
        runtime::run(threads, run(Crowd::new(size)))?
    })
}

fn median(rounds: &[Figures], of: fn(&Figures) -> u64) -> Option<f64> {
    stats::median(rounds.iter().map(|figures| of(figures) as f64))
}

/// A case's name, and which of the figures are its value and its allocations.
type Case<'a> = (&'a str, Unit, fn(&Figures) -> u64, fn(&Figures) -> usize);

/// The cases that one crowd's rounds give figures for.
fn tell(
    one: &Rounds<Run, Figures>,
    size: &str,
    threads: usize,
    report: &mut Report,
) -> io::Result<()> {
    let (start, stop) = (format!("start-{size}"), format!("stop-{size}"));
    let mut cases: Vec<Case<'_>> = vec![(
        &start,
        Unit::Nanos,
        |figures| figures.start_ns,
        |figures| figures.start_allocs,
    )];
    // Memory does not depend on the runtime.
    if size == "100k" && threads == 1 {
        let each = |figures: &Figures| figures.bytes as u64 / 100_000;
        let allocs = |figures: &Figures| figures.start_allocs / 100_000;
        cases.push(("bytes-per-child", Unit::Bytes, each, allocs));
    }
    cases.push((
        &stop,
        Unit::Nanos,
        |figures| figures.stop_ns,
        |figures| figures.stop_allocs,
    ));
    for (case, unit, value, allocs) in cases {
        let values = || one.done.iter().map(|figures| value(figures) as f64);
        let allocs = stats::median(one.done.iter().map(|figures| allocs(figures) as f64));
        match (
            &one.run,
            stats::median(values()),
            stats::min(values()),
            allocs,
        ) {
            (Ok(_), Some(ns), Some(ns_min), Some(allocs)) => {
                let (case, who) = (case.to_owned(), one.who.clone());
                let row = Row {
                    group: GROUP,
                    case,
                    who,
                    threads,
                    ns,
                    ns_min,
                    added_ns: None,
                    allocs,
                };
                report.add(row, unit)?;
            }
            (Err(why), ..) => miss(one.who.clone(), case, threads, why.clone(), report),
            (Ok(_), ..) => miss(
                one.who.clone(),
                case,
                threads,
                "no rounds".to_owned(),
                report,
            ),
        }
    }
    Ok(())
}

fn miss(who: String, case: &str, threads: usize, why: String, report: &mut Report) {
    report.miss(Missing {
        group: GROUP,
        case: case.to_owned(),
        who,
        threads,
        why,
    });
}
