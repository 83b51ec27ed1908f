//! The guard of one call.

use std::fmt;

use seaworthy_core::Verdict;
use seaworthy_core::shard::Share;

use super::shared::Shared;

/// A call that is sent: say how it ended.
///
/// Of [`Throttle::try_acquire`](crate::Throttle::try_acquire), for calls that are neither a future nor a service. It
/// counts once. Dropped without a word it is not counted at all, as a call that its caller gave up.
#[must_use = "say how the call ended: dropping it counts nothing"]
pub struct ThrottlePermit {
    share: Share<Shared>,
}

impl ThrottlePermit {
    #[inline]
    pub(crate) fn new(share: Share<Shared>) -> Self {
        Self { share }
    }

    /// The service took it on, whatever came of it.
    pub fn accepted(self) {
        self.record(Verdict::Success);
    }

    /// It was too much for the service.
    pub fn overload(self) {
        self.record(Verdict::Overload);
    }

    /// It ended with an outcome that says this.
    #[inline]
    pub fn record(self, verdict: Verdict) {
        self.share.record(verdict);
    }
}

impl fmt::Debug for ThrottlePermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrottlePermit").finish_non_exhaustive()
    }
}
