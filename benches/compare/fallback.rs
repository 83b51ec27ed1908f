//! What a call costs with a fallback: while the service answers, and when it fails.

#[cfg(feature = "peers")]
mod peers;

use std::io;

use seaworthy_benches::Failure;
use seaworthy_benches::breaker::{Ask, Desk, Failures, Hammered, Tower};
use seaworthy_benches::fallback::Floor;
use seaworthy_fallback::{Fallback, LastGood};
use tower_layer::Layer;

use crate::calls::{self, Answers, bare, other, ours};
use crate::progress::Progress;
use crate::report::Report;

/// What the fallback answers.
const VALUE: u64 = 7;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    /// The service answers.
    Success,
    /// It fails, and the fallback answers with a value.
    Taken,
}

impl calls::Case for Case {
    const GROUP: &'static str = "fallback";

    fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Taken => "taken",
        }
    }

    fn fails(self) -> Failures {
        match self {
            Self::Success => Failures::None,
            Self::Taken => Failures::All,
        }
    }

    fn rejects(self) -> bool {
        false
    }
}

type Round = calls::Round<Case>;
type Somebody = calls::Somebody<Case>;

pub(crate) fn measure(quick: bool, progress: &Progress, report: &mut Report) -> io::Result<()> {
    for case in [Case::Success, Case::Taken] {
        calls::measure(case, || contenders(case), quick, progress, report)?;
    }
    Ok(())
}

fn contenders(case: Case) -> Vec<Somebody> {
    let floor = other("floor", |round: Round| {
        Box::pin(round.run(Answers(Floor::new(VALUE))))
    });
    let mut all = vec![bare(), floor];
    all.push(ours("seaworthy", |round| Box::pin(value(round))));
    if case == Case::Success {
        all.push(ours("seaworthy, last good", |round| {
            Box::pin(last_good(round))
        }));
    }
    #[cfg(feature = "peers")]
    all.extend(peers::contenders());
    all
}

async fn value(round: Round) -> Result<Hammered, Failure> {
    let fallback = Fallback::builder("bench").value(VALUE).build();
    let fallback = fallback.map_err(|error| error.to_string())?;
    round.run(Answers(fallback.layer().layer(Desk))).await
}

/// Which keeps each answer: for ten thousand keys.
async fn last_good(round: Round) -> Result<Hammered, Failure> {
    let key = |ask: &Ask| match ask {
        Ask::Next(number) => number % 10_000,
        Ask::Fail => 0,
    };
    let kept = LastGood::by(key).max_entries(10_000).build();
    let kept = kept.map_err(|error| error.to_string())?;
    let fallback = Fallback::builder("bench").last_good(kept).build();
    let fallback = fallback.map_err(|error| error.to_string())?;
    let service = fallback.layer().layer(Desk);
    round.run(Tower(service)).await
}
