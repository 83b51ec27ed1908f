//! What a call costs behind a circuit breaker.

mod ours;
#[cfg(feature = "peers")]
mod peers;

use std::io;

use seaworthy_benches::Failure;
use seaworthy_benches::breaker::floor::Floor;
#[cfg(feature = "peers")]
use seaworthy_benches::breaker::open;
use seaworthy_benches::breaker::{Caller, Failures, Hammered, Tower, fill};

use crate::calls::{self, bare, other};
use crate::progress::Progress;
use crate::report::Report;

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
}

impl calls::Case for Case {
    const GROUP: &'static str = "breaker";

    fn name(self) -> &'static str {
        match self {
            Self::Success => "closed-success",
            Self::Failures => "closed-1pct-failures",
            Self::FullWindow => "closed-full-window",
            Self::SlowOn => "slow-on",
            Self::OpenReject => "open-reject",
        }
    }

    fn fails(self) -> Failures {
        match self {
            Self::Failures | Self::FullWindow => Failures::OneInAHundred,
            _ => Failures::None,
        }
    }

    fn rejects(self) -> bool {
        self == Self::OpenReject
    }

    fn two_may_take(self) -> Option<f64> {
        Some(1.3)
    }
}

type Round = calls::Round<Case>;
type Somebody = calls::Somebody<Case>;

/// Fills the window if the case says so, and makes the calls.
async fn run(round: Round, mut caller: impl Caller) -> Result<Hammered, Failure> {
    if round.case == Case::FullWindow {
        fill(&mut caller, FULL).await;
    }
    round.run(caller).await
}

/// The same for whoever opens by failures.
#[cfg(feature = "peers")]
async fn run_opened(round: Round, mut caller: impl Caller) -> Result<Hammered, Failure> {
    if round.case == Case::OpenReject {
        open(&mut caller).await?;
    }
    run(round, caller).await
}

pub(crate) fn measure(quick: bool, progress: &Progress, report: &mut Report) -> io::Result<()> {
    for case in Case::ALL {
        calls::measure(case, || contenders(case), quick, progress, report)?;
    }
    Ok(())
}

fn contenders(case: Case) -> Vec<Somebody> {
    let floor = other("floor", |round: Round| {
        let open = round.case == Case::OpenReject;
        Box::pin(run(round, Tower(Floor::new(open))))
    });
    let mut all = vec![bare(), floor];
    all.extend(ours::contenders(case));
    #[cfg(feature = "peers")]
    all.extend(peers::contenders(case));
    all
}
