//! The guard of one call.

use std::fmt;
use std::num::NonZeroU64;

use seaworthy_core::Verdict;
use seaworthy_core::clock::Instant;
use seaworthy_core::shard::Share;

use crate::shared::Shared;

/// A place of one call. Dropping it gives the place back.
///
/// Of [`Bulkhead::try_acquire`](crate::Bulkhead::try_acquire) and [`acquire`](crate::Bulkhead::acquire), for work that is
/// neither a future nor a service; it may be sent anywhere, such as into a thread that goes on working when nobody waits
/// for it any more. Only a limit that finds itself wants to know how the call [ended](Self::record); dropped without a
/// word, the call was cancelled, which says nothing.
#[must_use = "dropping it gives the place back"]
pub struct Permit {
    share: Share<Shared>,
    /// If the limit finds itself.
    began: Option<Began>,
    charge: u32,
    class: u8,
    verdict: Verdict,
}

/// When a call began, and among how many, with it: small, since it goes wherever the permit goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Began {
    /// In nanoseconds since the bulkhead was made, and one more.
    pub(crate) at: NonZeroU64,
    pub(crate) in_flight: u32,
}

impl Permit {
    #[inline]
    pub(crate) fn new(share: Share<Shared>, class: usize, charge: u32) -> Self {
        let permit = Self {
            began: share.begin(),
            share,
            // There are 64 at most.
            class: class as u8,
            charge,
            verdict: Verdict::Ignored,
        };
        // A recorder is code of the user: the place is somebody's by now.
        permit.share.admitted(class, charge);
        permit
    }

    /// How much of the limit it takes: the weight of the call, or all that a call may have if that is less.
    #[must_use]
    pub fn weight(&self) -> u32 {
        self.charge
    }

    /// It went well.
    pub fn success(self) {
        self.record(Verdict::Success);
    }

    /// It failed, for reasons that have nothing to do with how much there was.
    pub fn failure(self) {
        self.record(Verdict::Failure);
    }

    /// It was too much for the service.
    pub fn overload(self) {
        self.record(Verdict::Overload);
    }

    /// It ended with an outcome that says this. Gives the place back.
    #[inline]
    pub fn record(mut self, verdict: Verdict) {
        self.judge(verdict);
    }

    /// What the outcome says, of a call whose place is given back later.
    #[inline]
    pub(crate) fn judge(&mut self, verdict: Verdict) {
        self.verdict = verdict;
    }

    /// It did not last for as long as it would have: how long it took says nothing.
    #[cfg(feature = "http")]
    pub(crate) fn break_off(mut self) {
        if self.verdict != Verdict::Overload {
            self.judge(Verdict::Ignored);
        }
    }

    /// The call begins now, and not when the place was taken.
    pub(crate) fn begin_anew(&mut self) {
        self.began = self.share.begin();
    }

    /// The call had waited since then.
    pub(crate) fn has_waited(&self, since: Instant) {
        self.share.has_waited(usize::from(self.class), since);
    }
}

impl Drop for Permit {
    #[inline]
    fn drop(&mut self) {
        let (class, charge) = (usize::from(self.class), self.charge);
        match self.began {
            None => self.share.leave(class, charge),
            Some(began) => self.share.leave_timed(class, charge, began, self.verdict),
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("bulkhead", self.share.name_of(usize::from(self.class)))
            .field("weight", &self.charge)
            .finish_non_exhaustive()
    }
}
