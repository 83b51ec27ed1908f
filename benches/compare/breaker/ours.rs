//! Seaworthy's breaker, as a tower layer.

use seaworthy_benches::breaker::{Hammered, minding_slow_calls, open, open_for_long, ours};
use seaworthy_circuit_breaker::Config;

use super::{CALLS, Case, Round, Somebody};
use crate::contender::{Contender, Task};

pub(super) fn contenders(case: Case) -> Vec<Somebody> {
    let ours = |who, round: fn(Round) -> Task<Hammered>| Contender::ours(who, (round, CALLS));
    match case {
        Case::OpenReject => vec![
            ours("seaworthy", |round| Box::pin(opened(round))),
            ours("seaworthy, forced open", |round| Box::pin(forced(round))),
        ],
        _ => vec![ours("seaworthy", |round| Box::pin(closed(round)))],
    }
}

async fn closed(round: Round) -> Result<Hammered, seaworthy_benches::Failure> {
    let config = match round.case {
        Case::SlowOn => minding_slow_calls(),
        _ => Config::default(),
    };
    let (_breaker, service) = ours(config)?;
    round.run(service).await
}

/// Open because calls failed.
async fn opened(round: Round) -> Result<Hammered, seaworthy_benches::Failure> {
    let (_breaker, mut service) = ours(open_for_long())?;
    open(&mut service).await?;
    round.run(service).await
}

/// Open because somebody said so.
async fn forced(round: Round) -> Result<Hammered, seaworthy_benches::Failure> {
    let (breaker, service) = ours(Config::default())?;
    breaker.force_open();
    round.run(service).await
}
