//! What an outcome says about another attempt.

use std::error::Error;
use std::time::Duration;

use seaworthy_core::classify::DefaultClassifier;
use seaworthy_core::{Classify, Executed, Reason, Rejected, Verdict};

/// What an outcome says about another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It is an answer: there is nothing to try again.
    Answer,
    /// It is no answer, and another attempt would be in vain.
    InVain,
    /// Another attempt may do better.
    Again {
        /// Whether the service may have begun with this one.
        executed: Executed,
        /// How long to wait before the next, if the service has said so.
        retry_after: Option<Duration>,
    },
}

impl From<&Rejected> for Judgement {
    /// [`InVain`](Self::InVain) if the component is on its way out or gone, and otherwise
    /// [`Again`](Self::Again), when and if it says.
    fn from(rejected: &Rejected) -> Self {
        match rejected.reason() {
            Reason::ShuttingDown | Reason::Stopped => Self::InVain,
            _ => Self::Again {
                executed: rejected.executed(),
                retry_after: rejected.retry_after(),
            },
        }
    }
}

/// Decides what an outcome says about another attempt.
///
/// A closure does. Give its argument a type, so that it is one for every lifetime:
///
/// ```
/// use seaworthy::core::Executed;
/// use seaworthy::retry::{Judge, Judgement};
///
/// let judge = |outcome: Result<&u16, &String>| match outcome {
///     // Nobody was there to begin with it.
///     Err(error) if error == "connection refused" => Judgement::Again {
///         executed: Executed::No,
///         retry_after: None,
///     },
///     Ok(502..=504) | Err(_) => Judgement::Again {
///         executed: Executed::Maybe,
///         retry_after: None,
///     },
///     Ok(_) => Judgement::Answer,
/// };
/// assert_eq!(judge.judge(Ok(&200)), Judgement::Answer);
/// ```
pub trait Judge<Res, Err> {
    /// The judgement on one outcome. Called once an attempt, on the hot path: be quick.
    fn judge(&self, outcome: Result<&Res, &Err>) -> Judgement;
}

impl<F, Res, Err> Judge<Res, Err> for F
where
    F: Fn(Result<&Res, &Err>) -> Judgement,
{
    #[inline]
    fn judge(&self, outcome: Result<&Res, &Err>) -> Judgement {
        self(outcome)
    }
}

/// Judges by a classifier: failures and overload are tried again. The default, with [`DefaultClassifier`]: `Ok` is an answer,
/// `Err` is tried again.
///
/// A [`Rejected`] that was [not executed](Executed::No) is tried again whatever the classifier says, unless its component is
/// gone. It is found if it is the error, or as a [`BoxError`](seaworthy_core::BoxError) has it in its chain; for other types
/// of errors there is [`SourceChain`].
///
/// Any other outcome may have been executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByVerdict<C = DefaultClassifier>(pub C);

impl Default for ByVerdict {
    fn default() -> Self {
        Self(DefaultClassifier::for_limit())
    }
}

impl<C, Res, Err> Judge<Res, Err> for ByVerdict<C>
where
    C: Classify<Res, Err>,
    Err: 'static,
{
    #[inline]
    fn judge(&self, outcome: Result<&Res, &Err>) -> Judgement {
        let rejected = outcome.err().and_then(Rejected::find);
        by_verdict(rejected, || self.0.classify(outcome))
    }
}

/// Judges as [`ByVerdict`] does, with a classifier or without, and searches the chain of sources of any type of error for
/// the [`Rejected`]: for an own error in which it is the source of a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceChain<C = seaworthy_core::classify::SourceChain>(pub C);

impl Default for SourceChain {
    fn default() -> Self {
        Self(seaworthy_core::classify::SourceChain::for_limit())
    }
}

impl<C, Res, Err> Judge<Res, Err> for SourceChain<C>
where
    C: Classify<Res, Err>,
    Err: Error + 'static,
{
    #[inline]
    fn judge(&self, outcome: Result<&Res, &Err>) -> Judgement {
        let rejected = outcome.err().and_then(|error| Rejected::find_in(error));
        by_verdict(rejected, || self.0.classify(outcome))
    }
}

#[inline]
fn by_verdict(rejected: Option<&Rejected>, classify: impl FnOnce() -> Verdict) -> Judgement {
    if let Some(rejected) = rejected {
        let judgement = Judgement::from(rejected);
        if rejected.executed() == Executed::No || judgement == Judgement::InVain {
            return judgement;
        }
    }
    match classify() {
        Verdict::Failure | Verdict::Overload => Judgement::Again {
            executed: Executed::Maybe,
            retry_after: rejected.and_then(Rejected::retry_after),
        },
        Verdict::Success | Verdict::Ignored => Judgement::Answer,
    }
}
