//! What the clones of a service share.

use std::sync::Arc;

use seaworthy_core::shard::Share;
use seaworthy_core::sync::Lock;

use super::shared::Shared;

/// Where calls of a service get what another attempt needs. One reference to it is all that a call takes, and gives back.
pub(crate) struct Origin<S> {
    shared: Arc<Shared>,
    /// Nothing is called on it, it is only cloned. Behind a lock, so that it need not be `Sync` for a call to be `Send`.
    inner: Lock<S>,
}

impl<S> Origin<S> {
    pub(crate) fn new(shared: Arc<Shared>, inner: S) -> Self {
        let inner = Lock::new(inner);
        Self { shared, inner }
    }
}

impl<S: Clone> Origin<S> {
    /// A service for another attempt.
    pub(crate) fn another(&self) -> S {
        self.inner.lock().clone()
    }
}

/// What keeps alive that by which a call goes.
pub(crate) trait Keeps {
    fn shared(&self) -> &Shared;
}

impl Keeps for Share<Shared> {
    #[inline]
    fn shared(&self) -> &Shared {
        self
    }
}

impl<S> Keeps for Share<Origin<S>> {
    #[inline]
    fn shared(&self) -> &Shared {
        &self.shared
    }
}
