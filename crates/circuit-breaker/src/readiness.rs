//! What whoever asks whether a service is ready is told.

use seaworthy_core::Rejected;
use seaworthy_core::clock::{self, Coarse};

use crate::shared::Shared;

/// What the last `poll_ready` of one instance came to.
#[derive(Debug, Default)]
pub(crate) enum Readiness {
    /// There was none since the last call.
    #[default]
    Unknown,
    /// The service behind the breaker is ready.
    Ready,
    /// The breaker was open at that time: a call is told so.
    Refused(Coarse),
}

impl Readiness {
    /// Uses it up for one call, which is turned away unless the service was ready.
    #[inline]
    pub(crate) fn take(&mut self, shared: &Shared) -> Result<(), Rejected> {
        match std::mem::take(self) {
            Self::Ready => Ok(()),
            Self::Refused(at) => Err(shared.refuse_as_of(at)),
            Self::Unknown => Err(unasked(shared)),
        }
    }
}

/// Whether the service behind it is ready, nobody knows.
#[cold]
pub(crate) fn unasked(shared: &Shared) -> Rejected {
    shared.refuse_as_of(clock::coarse())
}
