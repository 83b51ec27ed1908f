//! How long a tower service that panicked is away, and what a call of it costs meanwhile.
//!
//! `service` is timed from the panic in a response to the first answer after it; `service-steady` is one call
//! after the other, each readied first. `added_ns` is what a call costs over the bare service, in both.

#[cfg(feature = "peers")]
mod peers;

use std::io;
use std::time::Duration;

use seaworthy_benches::service::{Floor, Page, Watch, first_answer, steady};
use seaworthy_benches::{Failure, clock, ours};
use seaworthy_core::BoxError;
use seaworthy_supervisor::service::SupervisedBuilder;
use tower_service::Service;

use super::{BUDGET, GROUP, LIMIT};
use crate::contender::{self, Contender, Rounds, Task};
use crate::progress::Progress;
use crate::report::{Added, Place, Report};
use crate::units::Unit;
use crate::{alloc, runtime, stats};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Restart,
    Steady,
}

/// What a round gave.
#[derive(Clone, Copy, Debug)]
struct Figures {
    nanos: f64,
    allocations: f64,
}

/// A round of so many restarts or calls.
type Round = fn(usize) -> Task<Figures>;

/// What one call costs, and how many a round has.
#[derive(Clone, Copy, Debug)]
struct Run {
    round: Round,
    times: usize,
}

/// In each round.
const RESTARTS: usize = 500;

/// Calls in each round, of what takes nanoseconds.
const CALLS: usize = 200_000;

/// Calls in each round, of what takes a switch of tasks.
const CALLS_SLOW: usize = 10_000;

pub(super) fn measure(quick: bool, progress: &Progress, report: &mut Report) -> io::Result<()> {
    let rounds = if quick { 9 } else { 31 };
    for threads in runtime::THREADS {
        let run = |case, name| {
            progress.case(GROUP, name, threads);
            let what = format!("{GROUP} {name}, {threads} thread(s)");
            contender::interleave(
                contenders(case),
                rounds,
                BUDGET,
                &what,
                progress,
                |run: &Run| {
                    let times = if quick { run.times / 4 } else { run.times };
                    runtime::run(threads, LIMIT, (run.round)(times))?
                },
            )
        };
        let (steady, restart) = (
            run(Case::Steady, "service-steady"),
            run(Case::Restart, "service"),
        );
        let bare = nanos(steady.iter().find(|one| one.who == "bare"));
        for (case, all) in [("service", &restart), ("service-steady", &steady)] {
            for one in all {
                let calls = nanos(steady.iter().find(|other| other.who == one.who));
                let added = calls.iter().zip(&bare).map(|(call, bare)| call - bare);
                tell(one, case, threads, stats::median(added), report)?;
            }
        }
    }
    Ok(())
}

fn nanos(one: Option<&Rounds<Run, Figures>>) -> Vec<f64> {
    one.map_or_else(Vec::new, |one| {
        one.done.iter().map(|round| round.nanos).collect()
    })
}

fn tell(
    one: &Rounds<Run, Figures>,
    case: &str,
    threads: usize,
    added: Option<f64>,
    report: &mut Report,
) -> io::Result<()> {
    let place = Place {
        group: GROUP,
        case: case.to_owned(),
        who: one.who.clone(),
        threads,
    };
    let allocs = one.done.iter().map(|round| round.allocations);
    let added = added.filter(|_| one.who != "bare").map(Added);
    let trouble = one.trouble.clone();
    report.figure_over(place, Unit::Nanos, nanos(Some(one)), allocs, trouble, added)
}

fn contenders(case: Case) -> Vec<Contender<Run>> {
    let run = |round, times| Run { round, times };
    let mut all = match case {
        Case::Restart => vec![
            Contender::ours("seaworthy", run(|n| Box::pin(ours_crashing(n)), RESTARTS)),
            Contender::ours(
                "seaworthy, owned",
                run(|n| Box::pin(owned_crashing(n)), RESTARTS),
            ),
            Contender::other("floor", run(|n| Box::pin(floor_crashing(n)), RESTARTS)),
        ],
        Case::Steady => vec![
            Contender::other("bare", run(|n| Box::pin(bare_calls(n)), CALLS)),
            Contender::ours("seaworthy", run(|n| Box::pin(ours_calls(n)), CALLS)),
            Contender::ours(
                "seaworthy, owned",
                run(|n| Box::pin(owned_calls(n)), CALLS_SLOW),
            ),
            Contender::other("floor", run(|n| Box::pin(floor_calls(n)), CALLS)),
        ],
    };
    #[cfg(feature = "peers")]
    all.extend(peers::contenders(case));
    all.shrink_to_fit();
    all
}

async fn bare_calls(times: usize) -> Result<Figures, Failure> {
    calls(&mut Page::new(&Watch::default()), times).await
}

async fn floor_calls(times: usize) -> Result<Figures, Failure> {
    calls(&mut Floor::new(&Watch::default()), times).await
}

async fn ours_calls(times: usize) -> Result<Figures, Failure> {
    let (mut service, root) = ours::service(&Watch::default(), |builder| builder).await?;
    let figures = calls(&mut service, times).await;
    root.stop().await;
    figures
}

async fn owned_calls(times: usize) -> Result<Figures, Failure> {
    let made = ours::service(&Watch::default(), SupervisedBuilder::owned).await;
    let (mut service, root) = made?;
    let figures = calls(&mut service, times).await;
    root.stop().await;
    figures
}

async fn floor_crashing(times: usize) -> Result<Figures, Failure> {
    let watch = Watch::default();
    crashes(&mut Floor::new(&watch), &watch, times).await
}

async fn ours_crashing(times: usize) -> Result<Figures, Failure> {
    let watch = Watch::default();
    let (mut service, root) = ours::service(&watch, |builder| builder).await?;
    let figures = crashes(&mut service, &watch, times).await;
    root.stop().await;
    figures
}

async fn owned_crashing(times: usize) -> Result<Figures, Failure> {
    let watch = Watch::default();
    let (mut service, root) = ours::service(&watch, SupervisedBuilder::owned).await?;
    let figures = crashes(&mut service, &watch, times).await;
    root.stop().await;
    figures
}

/// So many calls: what each took, and allocated.
async fn calls<S>(service: &mut S, times: usize) -> Result<Figures, Failure>
where
    S: Service<seaworthy_benches::service::Order, Response = u64, Error = BoxError>,
{
    steady(service, 100).await?;
    let (before, start) = (alloc::allocations(), clock::now());
    steady(service, times as u64).await?;
    let took: Duration = start.elapsed();
    Ok(Figures {
        nanos: clock::nanos(took) as f64 / times as f64,
        allocations: (alloc::allocations() - before) as f64 / times as f64,
    })
}

/// So many crashes: the median of the times to the first answer, and what each allocated.
async fn crashes<S>(service: &mut S, watch: &Watch, times: usize) -> Result<Figures, Failure>
where
    S: Service<seaworthy_benches::service::Order, Response = u64, Error = BoxError>,
{
    let (warm_up, mut nanos) = (times / 10, Vec::with_capacity(times));
    let mut before = 0;
    for crash in 0..times {
        if crash == warm_up {
            before = alloc::allocations();
        }
        nanos.push(first_answer(service, watch).await? as f64);
    }
    let allocations = (alloc::allocations() - before) as f64;
    Ok(Figures {
        nanos: stats::median(nanos).unwrap_or_default(),
        allocations: allocations / (times - warm_up) as f64,
    })
}
