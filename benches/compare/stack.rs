//! What a call costs in a whole stack, while all is well.
//!
//! Five layers: fallback, bulkhead, retries, circuit breaker, timeout of an attempt. Six: a timeout of all attempts as well.

#[cfg(feature = "peers")]
mod peers;

use std::io;
use std::time::Duration;

use seaworthy::bulkhead::Bulkhead;
use seaworthy::circuit_breaker::CircuitBreaker;
use seaworthy::core::ConfigError;
use seaworthy::fallback::Fallback;
use seaworthy::retry::Retry;
use seaworthy::timeout::Timeout;
use seaworthy_benches::Failure;
use seaworthy_benches::breaker::{Ask, Desk, Fault, Hammered};
use tower_layer::Layer;
use tower_service::Service;

use crate::calls::{self, Answers, bare, ours};
use crate::progress::Progress;
use crate::report::Report;

/// What the fallback answers.
const VALUE: u64 = 7;

/// How many calls may be under way.
const ROOM: u32 = 1000;

const ATTEMPT: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Five,
    Six,
}

impl calls::Case for Case {
    const GROUP: &'static str = "stack";

    fn name(self) -> &'static str {
        match self {
            Self::Five => "five-layers",
            Self::Six => "six-layers",
        }
    }

    fn rejects(self) -> bool {
        false
    }
}

type Round = calls::Round<Case>;
type Somebody = calls::Somebody<Case>;

pub(crate) fn measure(quick: bool, progress: &Progress, report: &mut Report) -> io::Result<()> {
    for case in [Case::Five, Case::Six] {
        calls::measure(case, || contenders(case), quick, progress, report)?;
    }
    Ok(())
}

fn contenders(case: Case) -> Vec<Somebody> {
    let mut all = vec![bare()];
    all.push(match case {
        Case::Five => ours("seaworthy", |round| Box::pin(five(round))),
        Case::Six => ours("seaworthy", |round| Box::pin(six(round))),
    });
    #[cfg(feature = "peers")]
    all.extend(peers::contenders(case));
    all
}

/// The layers, put together by hand.
async fn five(round: Round) -> Result<Hammered, Failure> {
    let service = five_layers().map_err(|error| error.to_string())?;
    round.run(Answers(service)).await
}

fn five_layers() -> Result<
    impl Service<Ask, Response = u64, Error = Fault, Future: Send> + Clone + Send + 'static,
    ConfigError,
> {
    let fallback = Fallback::builder("bench").value(VALUE).build()?;
    let bulkhead = Bulkhead::builder("bench").max_concurrent(ROOM).build()?;
    let retry = Retry::builder("bench").build()?;
    let breaker = CircuitBreaker::builder("bench").build()?;
    let attempt = Timeout::new("bench", ATTEMPT)?;
    let service = breaker.layer().layer(attempt.layer().layer(Desk));
    let service = bulkhead.layer().layer(retry.layer().layer(service));
    Ok(fallback.layer().layer(service))
}

/// The standard stack, in its default configuration.
async fn six(round: Round) -> Result<Hammered, Failure> {
    let stack = seaworthy::stack("bench").fallback(|it| it.value(VALUE));
    let stack = stack.build().map_err(|error| error.to_string())?;
    round.run(Answers(stack.layer().layer(Desk))).await
}
