//! What the clones of a service share.

use std::ops::Deref;
use std::sync::Arc;

use seaworthy_core::shard::Share;
use seaworthy_core::sync::Lock;

use super::shared::Shared;

/// Where calls of a service get what another attempt needs. One reference to it is all that a call takes, and gives back.
///
/// The lock is held while the service is cloned, for another attempt.
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

/// A reference to an origin.
pub(crate) enum Kept<S> {
    /// Of the service that the layer made, and its calls. There may never be a clone of it: whoever applies the layer to each
    /// request does not pay for the shards.
    Alone(Arc<Origin<S>>),
    /// Of a clone, counted by thread.
    Shared(Share<Origin<S>>),
}

impl<S> Clone for Kept<S> {
    #[inline]
    fn clone(&self) -> Self {
        match self {
            Self::Alone(origin) => Self::Alone(Arc::clone(origin)),
            Self::Shared(share) => Self::Shared(share.clone()),
        }
    }
}

impl<S> Deref for Kept<S> {
    type Target = Origin<S>;

    #[inline]
    fn deref(&self) -> &Origin<S> {
        match self {
            Self::Alone(origin) => origin,
            Self::Shared(share) => share,
        }
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

impl<S> Keeps for Kept<S> {
    #[inline]
    fn shared(&self) -> &Shared {
        &self.shared
    }
}
