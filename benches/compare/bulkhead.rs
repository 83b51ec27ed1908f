//! What a call costs behind a limit on concurrency.

mod ours;
#[cfg(feature = "peers")]
mod peers;

use std::io;

use seaworthy_benches::breaker::Tower;
use seaworthy_benches::bulkhead::Floor;

use crate::calls::{self, bare, other};
use crate::progress::Progress;
use crate::report::Report;

/// How many calls may be under way where there is room, and where there is none but for those who hold it.
const ROOM: u32 = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    /// There is room. With two threads, both go through the same limit.
    Free,
    /// There is none, and the call is turned away.
    FullReject,
}

impl Case {
    /// The limit, if all places are taken in the one case and none in the other.
    fn limit(self) -> u32 {
        match self {
            Self::Free => ROOM,
            Self::FullReject => 1,
        }
    }
}

impl calls::Case for Case {
    const GROUP: &'static str = "bulkhead";

    fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::FullReject => "full-reject",
        }
    }

    fn rejects(self) -> bool {
        self == Self::FullReject
    }
}

type Round = calls::Round<Case>;
type Somebody = calls::Somebody<Case>;

pub(crate) fn measure(quick: bool, progress: &Progress, report: &mut Report) -> io::Result<()> {
    for case in [Case::Free, Case::FullReject] {
        calls::measure(case, || contenders(case), quick, progress, report)?;
    }
    Ok(())
}

fn contenders(case: Case) -> Vec<Somebody> {
    let floor = other("floor", |round: Round| {
        let limit = round.case.limit() as usize;
        let floor = Floor::new(limit);
        if round.case == Case::FullReject {
            floor.fill();
        }
        Box::pin(round.run(Tower(floor)))
    });
    let mut all = vec![bare(), floor];
    all.extend(ours::contenders(case));
    #[cfg(feature = "peers")]
    all.extend(peers::contenders(case));
    all
}
