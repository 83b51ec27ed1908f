//! Why a call is not tried again.

use std::fmt;

/// Why a call that got no answer is not tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GivenUp {
    /// Another attempt would be in vain: the component is on its way out, or gone.
    InVain,
    /// The service may have begun with it, and it is not idempotent.
    NotIdempotent,
    /// It was tried as often as it may be.
    Attempts,
    /// Its request could not be copied.
    NotReplayable,
    /// The service, or an open circuit, says to come back later than anybody
    /// [waits for](super::RetryConfig::max_retry_after).
    RetryAfter,
    /// The next attempt would begin after its deadline, or later than [`within`](super::RetryConfig::within).
    Deadline,
    /// There have been too many retries lately.
    Budget,
}

impl GivenUp {
    pub(crate) const ALL: [Self; 7] = [
        Self::InVain,
        Self::NotIdempotent,
        Self::Attempts,
        Self::NotReplayable,
        Self::RetryAfter,
        Self::Deadline,
        Self::Budget,
    ];

    /// As the label of a metric has it.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::InVain => "in_vain",
            Self::NotIdempotent => "not_idempotent",
            Self::Attempts => "attempts",
            Self::NotReplayable => "not_replayable",
            Self::RetryAfter => "retry_after",
            Self::Deadline => "deadline",
            Self::Budget => "budget",
        }
    }
}

impl fmt::Display for GivenUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InVain => "the component is gone",
            Self::NotIdempotent => "it may have been executed and is not idempotent",
            Self::Attempts => "it was tried as often as it may be",
            Self::NotReplayable => "its request cannot be sent again",
            Self::RetryAfter => "it is to come back later than it waits for",
            Self::Deadline => "there is not enough time left",
            Self::Budget => "there have been too many retries",
        })
    }
}
