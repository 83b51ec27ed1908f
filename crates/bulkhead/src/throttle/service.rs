//! A service behind a throttle.

use std::fmt;
use std::task::{Context, Poll};

use seaworthy_core::classify::DefaultClassifier;
use seaworthy_core::reject::{IntoError, Reject};
use seaworthy_core::shard::{Share, Spread};
use seaworthy_core::{Classify, Verdict};
use tower_service::Service;

use super::future::ThrottleFuture;
use super::handle::Throttle;
use super::permit::ThrottlePermit;
use super::shared::Shared;

/// A service behind a throttle. Made by [`ThrottleLayer`](crate::ThrottleLayer).
///
/// Whether the next call is held back is decided when the service is asked whether it is ready. If so, it is ready
/// without asking the service behind it, which may be waiting for just that overload to end. A call reaches the service
/// only through the very instance that was ready.
pub struct ThrottleService<S, C = DefaultClassifier, R = IntoError> {
    inner: S,
    share: Share<Shared>,
    /// Of the service that the layer made: keeps all shards alive, so that its clones are counted apart.
    _root: Option<Spread<Shared>>,
    next: Next,
    classify: C,
    reject: R,
}

/// What becomes of the next call of one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Nobody has asked since the last call.
    Unknown,
    /// It is sent, once the service behind is ready.
    Due,
    /// It is sent.
    Sent,
    /// It is held back.
    HeldBack,
}

impl<S, C, R> ThrottleService<S, C, R> {
    pub(crate) fn new(inner: S, throttle: &Throttle, classify: C, reject: R) -> Self {
        Self {
            inner,
            share: throttle.shared().share(),
            _root: Some(throttle.shared().clone()),
            next: Next::Unknown,
            classify,
            reject,
        }
    }

    /// The service behind the throttle.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service behind the throttle. What is called on it directly, the throttle does not see.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }
}

impl<S, C, R, Req> Service<Req> for ThrottleService<S, C, R>
where
    S: Service<Req>,
    C: Classify<S::Response, S::Error> + Clone,
    R: Reject<S::Response, S::Error>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ThrottleFuture<S::Future, Result<S::Response, S::Error>, C>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let is_held_back = match self.next {
            Next::Unknown => !self.share.admits(),
            // Who asks twice does not get a second chance, unless it is over.
            Next::HeldBack => !self.share.is_over(),
            Next::Due | Next::Sent => false,
        };
        if is_held_back {
            self.next = Next::HeldBack;
            return Poll::Ready(Ok(()));
        }
        self.next = Next::Due;
        let polled = self.inner.poll_ready(cx);
        match &polled {
            Poll::Ready(Ok(())) => self.next = Next::Sent,
            Poll::Ready(Err(error)) => {
                self.next = Next::Unknown;
                // It turns calls away before they are made. Any other error is not that of a call.
                if self.classify.classify(Err(error)) == Verdict::Overload {
                    self.share.record(Verdict::Overload);
                }
            }
            Poll::Pending => {}
        }
        polled
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        if std::mem::replace(&mut self.next, Next::Unknown) == Next::Sent {
            let permit = ThrottlePermit::new(self.share.clone());
            let future = self.inner.call(request);
            return ThrottleFuture::call(future, permit, self.classify.clone());
        }
        // Or nobody has asked whether the service behind is ready.
        ThrottleFuture::rejected(self.reject.reject(self.share.refuse()))
    }
}

/// A clone has to be ready on its own.
impl<S: Clone, C: Clone, R: Clone> Clone for ThrottleService<S, C, R> {
    #[inline]
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            share: self.share.clone(),
            _root: None,
            next: Next::Unknown,
            classify: self.classify.clone(),
            reject: self.reject.clone(),
        }
    }
}

impl<S: fmt::Debug, C, R> fmt::Debug for ThrottleService<S, C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrottleService")
            .field("throttle", self.share.name())
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
