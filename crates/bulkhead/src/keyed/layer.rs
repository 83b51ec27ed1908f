//! A bulkhead for each key in a stack of layers.

use std::fmt;
use std::hash::Hash;
use std::task::{Context, Poll};

use seaworthy_core::Rejected;
use seaworthy_core::classify::DefaultClassifier;
use seaworthy_core::reject::IntoError;

use super::Bulkheads;
use crate::demand::{Demand, One};
use crate::entrance::{Enter, Target, begin};
use crate::layer::BulkheadLayer;
use crate::mode::Waits;
use crate::release::OnResponse;
use crate::wait::Admission;

/// The bulkhead of each request's key, in a [`BulkheadLayer`]. Made by [`Bulkheads::layer`].
pub struct Keyed<K, F> {
    bulkheads: Bulkheads<K>,
    key: F,
}

/// The way of a request to the bulkhead of its key.
pub struct KeyedEntrance<K, F> {
    keyed: Keyed<K, F>,
    /// The service behind it is ready for a call of this very instance.
    ready: bool,
}

impl<K> Bulkheads<K> {
    /// A layer for tower services, with the key of a request given by `key`.
    ///
    /// It is ready when the service behind it is: which bulkhead is asked is known only with the request.
    #[must_use]
    pub fn layer<F>(
        &self,
        key: F,
    ) -> BulkheadLayer<DefaultClassifier, IntoError, One, OnResponse, Waits, Keyed<K, F>> {
        BulkheadLayer::new(Keyed {
            bulkheads: self.clone(),
            key,
        })
    }
}

impl<K, F: Clone> Target for Keyed<K, F> {
    type Entrance = KeyedEntrance<K, F>;

    fn entrance(&self, _: bool) -> Self::Entrance {
        KeyedEntrance {
            keyed: self.clone(),
            ready: false,
        }
    }
}

impl<K, F, Req> Enter<Req> for KeyedEntrance<K, F>
where
    K: Hash + Eq + fmt::Display + Send + 'static,
    F: Fn(&Req) -> K,
{
    type Refused = Rejected;

    fn poll_ready<E>(
        &mut self,
        cx: &mut Context<'_>,
        _: bool,
        _: bool,
        inner: impl FnOnce(&mut Context<'_>) -> Poll<Result<(), E>>,
    ) -> Poll<Result<(), E>> {
        let polled = inner(cx);
        self.ready = matches!(polled, Poll::Ready(Ok(())));
        polled
    }

    fn enter(&mut self, request: &Req, demand: Demand, waits: bool) -> Result<Admission, Rejected> {
        let bulkhead = self.keyed.bulkheads.get((self.keyed.key)(request));
        let share = bulkhead.shared().share();
        let demand = share.demand(bulkhead.class(), demand);
        if !std::mem::take(&mut self.ready) {
            return Err(share.reject(share.refuse(demand)));
        }
        begin(&share, demand, waits).map_err(|refusal| share.reject(refusal))
    }

    fn reject(&self, refused: Rejected) -> Rejected {
        refused
    }
}

impl<K, F: Clone> Clone for Keyed<K, F> {
    fn clone(&self) -> Self {
        Self {
            bulkheads: self.bulkheads.clone(),
            key: self.key.clone(),
        }
    }
}

/// A clone has to be ready on its own.
impl<K, F: Clone> Clone for KeyedEntrance<K, F> {
    fn clone(&self) -> Self {
        Self {
            keyed: self.keyed.clone(),
            ready: false,
        }
    }
}

impl<K, F> fmt::Debug for Keyed<K, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keyed").field(&self.bulkheads).finish()
    }
}

impl<K, F> fmt::Debug for KeyedEntrance<K, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.keyed, f)
    }
}
