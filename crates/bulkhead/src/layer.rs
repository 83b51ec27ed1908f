//! The bulkhead in a stack of layers.

use std::fmt;
use std::marker::PhantomData;

use seaworthy_core::Rejected;
use seaworthy_core::classify::DefaultClassifier;
use seaworthy_core::reject::{IntoError, Respond};
use tower_layer::Layer;

use crate::bulkhead::Bulkhead;
use crate::demand::{Demand, One};
use crate::entrance::Target;
use crate::mode::{AtOnce, Waits};
use crate::permit::Permit;
use crate::release::OnResponse;
use crate::service::BulkheadService;

/// Puts a bulkhead in front of a service. Made by [`Bulkhead::layer`].
///
/// However often it is applied, to services of whichever types: all of them share the one limit.
///
/// A place is taken in `call`, not in `poll_ready`: connections that are open and idle, and clones that are ready and not
/// used, hold nothing. A call that is turned away is an error, for which the error of the service has to be
/// `From<Rejected>`, unless it is [answered](Self::respond). A call that waits for its place needs the timers of a tokio
/// runtime.
#[derive(Clone)]
pub struct BulkheadLayer<
    C = DefaultClassifier,
    R = IntoError,
    A = One,
    K = OnResponse,
    M = Waits,
    T = Bulkhead,
> {
    target: T,
    parts: Parts<C, R, A, K>,
    not_ready_while_full: bool,
    mode: PhantomData<fn() -> M>,
}

/// What is the user's of a layer and its services.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<C, R, A, K> {
    pub(crate) classify: C,
    pub(crate) reject: R,
    pub(crate) ask: A,
    pub(crate) release: K,
}

impl<T> BulkheadLayer<DefaultClassifier, IntoError, One, OnResponse, Waits, T> {
    pub(crate) fn new(target: T) -> Self {
        let parts = Parts {
            classify: DefaultClassifier::for_limit(),
            reject: IntoError,
            ask: One,
            release: OnResponse,
        };
        Self {
            target,
            parts,
            not_ready_while_full: false,
            mode: PhantomData,
        }
    }
}

impl<C, R, A, K, M, T> BulkheadLayer<C, R, A, K, M, T> {
    fn with<D, S, B, L, N>(
        self,
        change: impl FnOnce(Parts<C, R, A, K>) -> Parts<D, S, B, L>,
    ) -> BulkheadLayer<D, S, B, L, N, T> {
        BulkheadLayer {
            target: self.target,
            parts: change(self.parts),
            not_ready_while_full: self.not_ready_while_full,
            mode: PhantomData,
        }
    }

    /// Judges outcomes by `classify`, a [`Classify`](seaworthy_core::Classify) for the service it is applied to; a
    /// closure is one. Matters only if the limit finds itself. It is cloned for each call.
    #[must_use]
    pub fn classify<D>(self, classify: D) -> BulkheadLayer<D, R, A, K, M, T> {
        self.with(
            |Parts {
                 reject,
                 ask,
                 release,
                 ..
             }| Parts {
                classify,
                reject,
                ask,
                release,
            },
        )
    }

    /// Answers a call that is turned away with a response instead of an error, as services need that cannot fail.
    #[must_use]
    pub fn respond<F, Res>(self, respond: F) -> BulkheadLayer<C, Respond<F>, A, K, M, T>
    where
        F: Fn(Rejected) -> Res,
    {
        self.reject(Respond::new(respond))
    }

    /// Turns a rejection into what the caller gets by `reject`, a [`Reject`](seaworthy_core::Reject). It is cloned for each
    /// call.
    #[must_use]
    pub fn reject<Q>(self, reject: Q) -> BulkheadLayer<C, Q, A, K, M, T> {
        self.with(
            |Parts {
                 classify,
                 ask,
                 release,
                 ..
             }| Parts {
                classify,
                reject,
                ask,
                release,
            },
        )
    }

    /// Asks a closure how much of the limit a request takes, and in which partition it is.
    ///
    /// ```
    /// use seaworthy_bulkhead::{Bulkhead, Demand, Partition};
    ///
    /// enum Class { Checkout, Pages }
    ///
    /// let shop = Bulkhead::builder("shop")
    ///     .partition(Partition::new("checkout").guaranteed(0.5))
    ///     .partition(Partition::new("pages"))
    ///     .build()?;
    /// let layer = shop.layer().demand(|path: &String| {
    ///     let class = if path == "/checkout" { Class::Checkout } else { Class::Pages };
    ///     Demand::default().partition(class as usize)
    /// });
    /// # Ok::<(), seaworthy_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn demand<F, Req>(self, ask: F) -> BulkheadLayer<C, R, F, K, M, T>
    where
        F: Fn(&Req) -> Demand,
    {
        self.with(
            |Parts {
                 classify,
                 reject,
                 release,
                 ..
             }| Parts {
                classify,
                reject,
                ask,
                release,
            },
        )
    }

    /// Leaves it to a closure when the place of a call that was answered is free: see [`Release`](crate::Release).
    #[must_use]
    pub fn release_with<F, Res, Out>(self, release: F) -> BulkheadLayer<C, R, A, F, M, T>
    where
        F: Fn(Permit, Res) -> Out,
    {
        self.releasing(release)
    }

    pub(crate) fn releasing<L>(self, release: L) -> BulkheadLayer<C, R, A, L, M, T> {
        self.with(
            |Parts {
                 classify,
                 reject,
                 ask,
                 ..
             }| Parts {
                classify,
                reject,
                ask,
                release,
            },
        )
    }

    /// Turns a call away for which there is no place at once, even if the configuration lets calls wait. For services
    /// that are not `Clone`: a call that waits needs one of its own.
    #[must_use]
    pub fn at_once(self) -> BulkheadLayer<C, R, A, K, AtOnce, T> {
        self.with(|parts| parts)
    }
}

impl<C, R, A, K, M> BulkheadLayer<C, R, A, K, M> {
    /// Is not ready while there is no place, instead of turning calls away: for balancers, which then send them
    /// elsewhere.
    ///
    /// The place is taken in `poll_ready`, and held until the call: a service that is ready and not used keeps others
    /// out. Do not put such a one under a server that asks for readiness before there is a request, as hyper does, or
    /// under a layer that gives up on services that are not ready, as tower's `LoadShed` does. Whoever waits for
    /// readiness waits in line with all others, for any time, and does not count for
    /// [`max_waiting`](crate::Config::max_waiting); every request weighs 1, and is in the partition of the layer. A clone
    /// takes nothing over.
    #[must_use]
    pub fn not_ready_while_full(mut self) -> Self {
        self.not_ready_while_full = true;
        self
    }
}

impl<S, C, R, A, K, M, T> Layer<S> for BulkheadLayer<C, R, A, K, M, T>
where
    T: Target,
    C: Clone,
    R: Clone,
    A: Clone,
    K: Clone,
{
    type Service = BulkheadService<S, C, R, A, K, M, T::Entrance>;

    fn layer(&self, inner: S) -> Self::Service {
        let entrance = self.target.entrance(self.not_ready_while_full);
        BulkheadService::new(inner, entrance, self.parts.clone())
    }
}

impl<C, R, A, K, M, T: fmt::Debug> fmt::Debug for BulkheadLayer<C, R, A, K, M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkheadLayer")
            .field("target", &self.target)
            .field("not_ready_while_full", &self.not_ready_while_full)
            .finish_non_exhaustive()
    }
}
