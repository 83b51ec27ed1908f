//! What it costs to ask a service behind a queue, and to hand items over.
//!
//! A figure is of one call, or of one item: the time in which all of them were done, divided by their number. With
//! `full-reject`, as many tasks offer items at the same time as there are workers, and a figure is of one offer of one of
//! them.

mod ours;
#[cfg(feature = "peers")]
mod peers;

use std::io;
use std::time::Duration;

use seaworthy_benches::Failure;
use seaworthy_benches::breaker::{Caller, Hammered};
use seaworthy_benches::queue::floor::{self, Line};
use seaworthy_benches::queue::{
    CAPACITY, Calls, Get, Give, Items, Offer, Offers, fill, hand_off, offer_in_vain, round_trip,
};

use crate::contender::{self, Contender, Rounds, Task};
use crate::progress::Progress;
use crate::report::{Place, Report};
use crate::units::Unit;
use crate::{alloc, runtime};

const GROUP: &str = "queue";

/// How long the rounds of one contender may take together.
const BUDGET: Duration = Duration::from_secs(6);

/// A round that takes longer is none.
const LIMIT: Duration = Duration::from_secs(20);

/// What is done with a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    /// One caller or several wait for answers of a service behind it.
    RoundTrip { callers: usize },
    /// As many consumers as producers hand items over.
    Raw { each: usize },
    /// Items are offered for which there is no room.
    FullReject,
}

impl Case {
    const ALL: [Self; 5] = [
        Self::RoundTrip { callers: 1 },
        Self::RoundTrip { callers: 64 },
        Self::Raw { each: 1 },
        Self::Raw { each: 4 },
        Self::FullReject,
    ];

    fn name(self) -> String {
        match self {
            Self::RoundTrip { callers: 1 } => "round-trip".to_owned(),
            Self::RoundTrip { callers } => format!("round-trip-{callers}"),
            Self::Raw { each } => format!("raw-{each}-{each}"),
            Self::FullReject => "full-reject".to_owned(),
        }
    }

    /// Calls or items in each round.
    fn operations(self) -> u64 {
        match self {
            Self::RoundTrip { .. } => 32_000,
            Self::Raw { .. } => 100_000,
            Self::FullReject => 400_000,
        }
    }
}

/// A round under these conditions.
#[derive(Clone, Copy, Debug)]
struct Round {
    case: Case,
    operations: u64,
    workers: usize,
}

impl Round {
    /// Calls a service behind a queue.
    async fn call(self, caller: impl Caller) -> Result<Hammered, Failure> {
        let Case::RoundTrip { callers } = self.case else {
            return Err("this is not about calls".to_owned());
        };
        let calls = Calls {
            callers,
            calls: self.operations,
            allocations: alloc::allocations,
        };
        round_trip(caller, calls).await
    }

    /// Hands items over, by a queue of which this makes as many receiving ends as are wanted.
    async fn hand_off<G: Get>(
        self,
        give: impl Give,
        gets: impl FnOnce(usize) -> Vec<G>,
    ) -> Result<Hammered, Failure> {
        let Case::Raw { each } = self.case else {
            return Err("this is not about items".to_owned());
        };
        let items = Items {
            producers: each,
            items: self.operations,
            allocations: alloc::allocations,
        };
        hand_off(give, gets(each), items).await
    }

    /// Offers items to a queue that is filled first.
    async fn offer(self, queue: impl Offer) -> Result<Hammered, Failure> {
        fill(&queue, CAPACITY)?;
        let offers = Offers {
            workers: self.workers,
            items: self.operations,
            allocations: alloc::allocations,
        };
        offer_in_vain(queue, offers).await
    }
}

/// How somebody runs a round.
type Run = fn(Round) -> Task<Hammered>;

pub(crate) fn measure(quick: bool, progress: &Progress, report: &mut Report) -> io::Result<()> {
    let rounds = if quick { 9 } else { 31 };
    for case in Case::ALL {
        for workers in runtime::THREADS {
            progress.case(GROUP, &case.name(), workers);
            let what = format!("{GROUP} {}, {workers} worker(s)", case.name());
            let operations = case.operations() / if quick { 4 } else { 1 };
            let round = Round {
                case,
                operations,
                workers,
            };
            let all = contenders(case);
            let all = contender::interleave(all, rounds, BUDGET, &what, progress, |run| {
                runtime::run(workers, LIMIT, run(round))?
            });
            for one in &all {
                tell(one, case, workers, report)?;
            }
        }
    }
    Ok(())
}

fn contenders(case: Case) -> Vec<Contender<Run>> {
    let (floor, ours): (Run, Run) = match case {
        Case::RoundTrip { .. } => (
            |round| Box::pin(async move { round.call(Line::spawn()).await }),
            |round| Box::pin(ours::call(round)),
        ),
        Case::Raw { .. } => (
            |round| {
                let queue = floor::deque(CAPACITY);
                Box::pin(round.hand_off(queue.clone(), |number| vec![queue; number]))
            },
            |round| Box::pin(ours::hand_off(round)),
        ),
        Case::FullReject => (
            |round| Box::pin(round.offer(floor::deque(CAPACITY))),
            |round| Box::pin(ours::offer(round)),
        ),
    };
    let all = [
        Contender::other("floor", floor),
        Contender::ours("seaworthy", ours),
    ];
    let all = all.into_iter();
    #[cfg(feature = "peers")]
    let all = all.chain(peers::contenders(case));
    all.collect()
}

fn tell(
    one: &Rounds<Run, Hammered>,
    case: Case,
    threads: usize,
    report: &mut Report,
) -> io::Result<()> {
    let place = Place {
        group: GROUP,
        case: case.name(),
        who: one.who.clone(),
        threads,
    };
    let rounds = one.done.iter().map(|round| round.nanos).collect();
    let allocs = one.done.iter().map(|round| round.allocations);
    report.figure(place, Unit::Nanos, rounds, allocs, one.trouble.clone())
}
