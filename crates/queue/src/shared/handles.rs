//! Who has a handle: a queue without senders or without receivers is closed.

use seaworthy_core::sync::atomic::Ordering;

use super::Shared;
use crate::why::Why;

impl<T> Shared<T> {
    pub(crate) fn sender_comes(&self) {
        self.senders.fetch_add(1, Ordering::Relaxed);
    }

    /// Unless there is none: then the queue is closed, or about to be.
    pub(crate) fn sender_comes_back(&self) -> bool {
        let more = |senders: usize| (senders > 0).then_some(senders + 1);
        let relaxed = Ordering::Relaxed;
        self.senders.fetch_update(relaxed, relaxed, more).is_ok()
    }

    pub(crate) fn sender_goes(&self) {
        if self.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.close();
        }
    }

    pub(crate) fn receiver_comes(&self) {
        self.receivers.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn receiver_goes(&self) {
        if self.receivers.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.close();
            self.abandon();
        }
    }

    /// Nobody is left who could receive, and nobody will be.
    pub(crate) fn is_orphaned(&self) -> bool {
        self.receivers.load(Ordering::Acquire) == 0
    }

    /// Lets go of what nobody will receive. Whoever has sent it may hold a sender while waiting for what comes of it, so
    /// this cannot wait for the last handle. What comes in or back after the last receiver has gone comes here, too.
    pub(super) fn abandon(&self) {
        if self.is_orphaned() {
            self.empty(Why::Abandoned);
        }
    }
}
