//! Errors on their way to a caller.

use std::sync::{Arc, OnceLock};

use seaworthy_core::{BoxError, Executed, Name, Reason, Rejected};

/// An error of the queue of a key: one of the service, or a rejection that is still known as such.
#[derive(Debug)]
pub(super) enum Told<E> {
    Service(E),
    Rejected(Rejected),
}

impl<E> From<Rejected> for Told<E> {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

impl<E: Into<BoxError>> Told<E> {
    pub(super) fn into_boxed(self) -> BoxError {
        match self {
            Self::Service(error) => error.into(),
            Self::Rejected(rejected) => rejected.into(),
        }
    }
}

/// Why nobody will serve a key, once that is known. Its queue only knows that it is abandoned.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdict(Arc<OnceLock<Rejected>>);

impl Verdict {
    pub(super) fn is(&self, rejected: Rejected) {
        // The first is why.
        let _ = self.0.set(rejected);
    }

    /// What is to be said instead of what the queue says.
    pub(super) fn over(&self, said: Rejected) -> Rejected {
        let abandoned = matches!(said.reason(), Reason::Stopped | Reason::ShuttingDown);
        let known = self.0.get().filter(|_| abandoned);
        known.copied().unwrap_or(said)
    }
}

/// What callers are told of a worker that could not do anything because of this error. A rejection says itself when to
/// come back: that of a database whose circuit is open, say.
pub(super) fn because_of(error: &BoxError, component: Name) -> Rejected {
    let rejected = Rejected::find_in(&**error).copied();
    // Whatever may have been begun for the worker, its callers' requests were not.
    let untouched = rejected.filter(|rejected| rejected.executed() == Executed::No);
    untouched.unwrap_or_else(|| Rejected::new(Reason::Stopped, component))
}
