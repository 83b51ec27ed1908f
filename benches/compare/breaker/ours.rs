//! Seaworthy's breaker, as a tower layer.

use seaworthy_benches::breaker::{self, Hammered, minding_slow_calls, open, open_for_long};
use seaworthy_circuit_breaker::Config;

use super::{Case, Round, Somebody, run};
use crate::calls::ours;

pub(super) fn contenders(case: Case) -> Vec<Somebody> {
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
    let (_breaker, service) = breaker::ours(config)?;
    run(round, service).await
}

/// Open because calls failed.
async fn opened(round: Round) -> Result<Hammered, seaworthy_benches::Failure> {
    let (_breaker, mut service) = breaker::ours(open_for_long())?;
    open(&mut service).await?;
    run(round, service).await
}

/// Open because somebody said so.
async fn forced(round: Round) -> Result<Hammered, seaworthy_benches::Failure> {
    let (breaker, service) = breaker::ours(Config::default())?;
    breaker.force_open();
    run(round, service).await
}
