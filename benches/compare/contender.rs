//! Who takes part in a case, and the rounds that they run in turn.

use std::pin::Pin;
use std::time::Duration;

use seaworthy_benches::{Failure, clock};

use crate::hook;
use crate::progress::Progress;

/// A round under way.
pub(crate) type Task<T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send>>;

/// Somebody in a case.
#[derive(Debug)]
pub(crate) struct Contender<R> {
    pub(crate) who: String,
    /// Whether it is Seaworthy, whose chained panic hook is part of what it does.
    pub(crate) ours: bool,
    /// How to run a round, or why that cannot be.
    pub(crate) run: Result<R, Failure>,
}

impl<R> Contender<R> {
    /// Seaworthy itself.
    pub(crate) fn ours(who: &str, run: R) -> Self {
        Self {
            who: who.to_owned(),
            ours: true,
            run: Ok(run),
        }
    }

    /// Bare tokio code, or a peer.
    pub(crate) fn other(who: impl Into<String>, run: R) -> Self {
        Self {
            who: who.into(),
            ours: false,
            run: Ok(run),
        }
    }

    /// A peer that has nothing for the case.
    #[cfg(feature = "peers")]
    pub(crate) fn cannot(who: impl Into<String>, why: &str) -> Self {
        Self {
            who: who.into(),
            ours: false,
            run: Err(why.to_owned()),
        }
    }
}

/// A contender with the rounds that it has run.
#[derive(Debug)]
pub(crate) struct Rounds<R, T> {
    pub(crate) who: String,
    pub(crate) ours: bool,
    run: Option<R>,
    /// Why it runs no more rounds, if that is not by plan.
    pub(crate) trouble: Option<Failure>,
    pub(crate) done: Vec<T>,
    took: Duration,
}

impl<R, T> From<Contender<R>> for Rounds<R, T> {
    fn from(contender: Contender<R>) -> Self {
        let Contender { who, ours, run } = contender;
        let (run, trouble) = match run {
            Ok(run) => (Some(run), None),
            Err(why) => (None, Some(why)),
        };
        let (done, took) = (Vec::new(), Duration::ZERO);
        Self {
            who,
            ours,
            run,
            trouble,
            done,
            took,
        }
    }
}

/// Runs `rounds` rounds, in each of them everybody in turn, so that a change in the machine's
/// mood meets all alike. Who fails once is out; who has taken longer than `budget` gets no further
/// rounds.
pub(crate) fn interleave<R, T>(
    contenders: Vec<Contender<R>>,
    rounds: usize,
    budget: Duration,
    what: &str,
    progress: &Progress,
    mut round: impl FnMut(&R) -> Result<T, Failure>,
) -> Vec<Rounds<R, T>> {
    let mut all: Vec<Rounds<R, T>> = contenders.into_iter().map(Rounds::from).collect();
    for number in 0..rounds {
        for one in &mut all {
            let Some(run) = one.run.as_ref().filter(|_| one.took <= budget) else {
                continue;
            };
            progress.round(what, &one.who, number, rounds);
            let start = clock::now();
            let result = if one.ours {
                round(run)
            } else {
                hook::alone(|| round(run))
            };
            one.took += start.elapsed();
            match result {
                Ok(figures) => one.done.push(figures),
                Err(why) => {
                    one.trouble = Some(format!("round {}: {why}", number + 1));
                    one.run = None;
                }
            }
        }
    }
    all
}
