//! Retries in a stack of layers.

use std::fmt;

use seaworthy_core::request::NothingKnown;
use tower_layer::Layer;

use super::copy::Cloned;
use super::handle::Retry;
use super::judge::ByVerdict;
use super::parts::Parts;
use super::service::RetryService;

/// Tries the calls of a service again. Made by [`Retry::layer`].
///
/// However often it is applied, to services of whichever types: all of them share the budget.
///
/// By default errors are tried again, requests are cloned, and none is idempotent: so only what was turned away unexecuted
/// is tried again. The service has to be `Clone`: attempts after the first are made by a clone. A call that waits for its
/// next attempt needs the timers of a tokio runtime.
///
/// To apply it clones the service, and the first clone of what comes of it allocates for all others: if you can, apply it
/// once, and clone that. Services are cloned for other attempts one at a time: let that be cheap.
#[derive(Clone)]
pub struct RetryLayer<J = ByVerdict, D = NothingKnown, K = Cloned> {
    retry: Retry,
    parts: Parts<J, D, K>,
}

impl RetryLayer {
    pub(crate) fn new(retry: Retry) -> Self {
        let parts = Parts {
            judge: ByVerdict::default(),
            describe: NothingKnown,
            copy: Cloned,
        };
        Self { retry, parts }
    }
}

impl<J, D, K> RetryLayer<J, D, K> {
    fn with<L, E, M>(
        self,
        change: impl FnOnce(Parts<J, D, K>) -> Parts<L, E, M>,
    ) -> RetryLayer<L, E, M> {
        RetryLayer {
            retry: self.retry,
            parts: change(self.parts),
        }
    }

    /// Judges outcomes by `judge`, a [`Judge`](super::Judge) for the service it is applied to; a closure is one. It is
    /// cloned for each call.
    #[must_use]
    pub fn judge<L>(self, judge: L) -> RetryLayer<L, D, K> {
        self.with(|Parts { describe, copy, .. }| Parts {
            judge,
            describe,
            copy,
        })
    }

    /// Judges outcomes by `classify`, a [`Classify`](seaworthy_core::Classify) for the service it is applied to; a closure
    /// is one. Failures and overload are tried again: see [`ByVerdict`].
    #[must_use]
    pub fn classify<C>(self, classify: C) -> RetryLayer<ByVerdict<C>, D, K> {
        self.judge(ByVerdict(classify))
    }

    /// Asks `describe`, a [`Describe`](seaworthy_core::request::Describe) for the requests, whether each is idempotent, and
    /// for its deadline; a closure is one. It is cloned for each call, and asked when an attempt got no answer, or before it
    /// is sent if no copy of the request will be left.
    #[must_use]
    pub fn describe<E>(self, describe: E) -> RetryLayer<J, E, K> {
        self.with(|Parts { judge, copy, .. }| Parts {
            judge,
            describe,
            copy,
        })
    }

    /// Copies requests by `copy`, a [`CopyRequest`](super::CopyRequest) for them; a closure is one. It is cloned for each call.
    #[must_use]
    pub fn copy<M>(self, copy: M) -> RetryLayer<J, D, M> {
        self.with(
            |Parts {
                 judge, describe, ..
             }| Parts {
                judge,
                describe,
                copy,
            },
        )
    }
}

impl<S, J, D, K> Layer<S> for RetryLayer<J, D, K>
where
    S: Clone,
    J: Clone,
    D: Clone,
    K: Clone,
{
    type Service = RetryService<S, J, D, K>;

    fn layer(&self, inner: S) -> Self::Service {
        RetryService::new(inner, self.retry.shared().shared(), self.parts.clone())
    }
}

impl<J, D, K> fmt::Debug for RetryLayer<J, D, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryLayer")
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
