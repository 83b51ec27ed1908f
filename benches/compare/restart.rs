//! How long a crashed child is away.

mod floor;
mod ours;
mod service;

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
use std::time::Duration;

use seaworthy_benches::Failure;
use seaworthy_benches::child::{How, Plan};
use seaworthy_benches::probe::{Probe, Restarts};

use crate::contender::{self, Contender, Rounds, Task};
use crate::progress::Progress;
use crate::report::{Place, Report};
use crate::units::Unit;
use crate::{alloc, runtime, stats};

const GROUP: &str = "restart";

/// How long the rounds of one contender may take together.
const BUDGET: Duration = Duration::from_secs(4);

/// Who has not restarted everything after this time never will.
const LIMIT: Duration = Duration::from_secs(10);

/// What crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    /// One child returns an error.
    Err,
    /// The same where the supervisor cannot decide in the child's own task.
    ErrSlowPath,
    /// One child panics.
    Panic,
    /// One of so many children returns an error, and all are stopped and started.
    OneForAll(usize),
}

impl Case {
    const ALL: [Self; 5] = [
        Self::Err,
        Self::ErrSlowPath,
        Self::Panic,
        Self::OneForAll(10),
        Self::OneForAll(100),
    ];

    fn name(self) -> String {
        match self {
            Self::Err => "err".to_owned(),
            Self::ErrSlowPath => "err-slow-path".to_owned(),
            Self::Panic => "panic".to_owned(),
            Self::OneForAll(group) => format!("one-for-all-{group}"),
        }
    }

    fn how(self) -> How {
        if self == Self::Panic {
            How::Panic
        } else {
            How::Err
        }
    }

    fn group(self) -> usize {
        if let Self::OneForAll(group) = self {
            group
        } else {
            1
        }
    }
}

/// How many restarts a round can have, so that it does not take for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "peers"),
    expect(dead_code, reason = "only peers are slow")
)]
enum Pace {
    /// Microseconds for each child.
    Fast,
    /// A restart takes milliseconds.
    Millis,
    /// A restart takes seconds.
    Seconds,
}

impl Pace {
    fn crashes(self, group: usize, quick: bool) -> usize {
        let crashes = match self {
            Self::Fast => (2_000 / group).max(40),
            Self::Millis => 20,
            Self::Seconds => return 1,
        };
        if quick { crashes / 4 } else { crashes }
    }
}

/// How somebody runs a round.
#[derive(Clone, Copy, Debug)]
struct Run {
    pace: Pace,
    round: fn(Arc<Plan>) -> Task<()>,
}

/// Measures the group.
pub(crate) fn measure(quick: bool, progress: &Progress, report: &mut Report) -> io::Result<()> {
    let rounds = if quick { 9 } else { 31 };
    for case in Case::ALL {
        let name = case.name();
        for threads in runtime::THREADS {
            progress.case(GROUP, &name, threads);
            let what = format!("{GROUP} {name}, {threads} thread(s)");
            let all = contender::interleave(
                contenders(case, quick),
                rounds,
                BUDGET,
                &what,
                progress,
                |run| round(*run, case, threads, quick),
            );
            for one in all {
                tell(one, &name, threads, report)?;
            }
        }
    }
    service::measure(quick, progress, report)
}

fn contenders(case: Case, quick: bool) -> Vec<Contender<Run>> {
    let mut all = vec![ours::contender(case)];
    all.extend(floor::contenders(case));
    #[cfg(feature = "peers")]
    {
        all.push(ractor::contender(case));
        all.push(ractor_supervisor::contender(case));
        all.push(kameo::contender(case));
        all.extend(task_supervisor::contenders(case, quick));
    }
    #[cfg(not(feature = "peers"))]
    let _ = quick;
    all
}

/// One round: so many restarts one after the other.
fn round(run: Run, case: Case, threads: usize, quick: bool) -> Result<Restarts, Failure> {
    let crashes = run.pace.crashes(case.group(), quick);
    let probe = Probe::new(case.group(), crashes, alloc::allocations);
    let plan = Plan::new(probe, case.how());
    runtime::run(threads, LIMIT, (run.round)(Arc::clone(&plan)))??;
    plan.probe.restarts()
}

/// Reports the rounds, each as the median of its restarts.
fn tell(
    one: Rounds<Run, Restarts>,
    case: &str,
    threads: usize,
    report: &mut Report,
) -> io::Result<()> {
    let place = Place {
        group: GROUP,
        case: case.to_owned(),
        who: one.who,
        threads,
    };
    let median = |round: &Restarts| stats::median(round.nanos.iter().map(|nanos| *nanos as f64));
    let rounds = one.done.iter().filter_map(median).collect();
    let allocs = one.done.iter().map(|round| round.allocations);
    report.figure(place, Unit::Nanos, rounds, allocs, one.trouble)
}
