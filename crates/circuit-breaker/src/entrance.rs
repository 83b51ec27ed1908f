//! The way of a call into a service behind a breaker.

use std::fmt;
use std::task::{Context, Poll, ready};

use seaworthy_core::clock::Coarse;
use seaworthy_core::shard::{Share, Spread};
use seaworthy_core::{Rejected, Verdict};

use crate::breaker::CircuitBreaker;
use crate::layer::Options;
use crate::patience::Patience;
use crate::permit::Permit;
use crate::readiness::Readiness;
use crate::shared::Shared;
use crate::wait::Wait;

/// What each service behind a breaker has beside the service: who is ready, who waits, and who may go in.
pub(crate) struct Entrance {
    share: Share<Shared>,
    /// Of the service that the layer made: keeps all shards alive, so that its clones are counted apart.
    _root: Option<Spread<Shared>>,
    readiness: Readiness,
    /// Its place among those who wait for a change; 0 if it does not wait.
    place: u64,
    /// If it is not ready while open.
    wait: Option<Wait>,
    /// If it matters how long the service behind it takes to get ready.
    patience: Option<Patience>,
}

impl Entrance {
    pub(crate) fn new(breaker: &CircuitBreaker, options: Options) -> Self {
        Self {
            share: breaker.shared().share(),
            _root: Some(breaker.shared().clone()),
            readiness: Readiness::Unknown,
            place: 0,
            wait: options.waits.then(Wait::default),
            patience: options.ready_within.map(Patience::new),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.share.name()
    }

    /// `poll_ready` of a service, given that of the service behind it and what its error says.
    #[inline]
    pub(crate) fn poll_ready<E>(
        &mut self,
        cx: &mut Context<'_>,
        inner: impl FnOnce(&mut Context<'_>) -> Poll<Result<(), E>>,
        classify: impl FnOnce(&E) -> Verdict,
    ) -> Poll<Result<(), E>> {
        self.readiness = Readiness::Unknown;
        if self.wait.is_some() {
            ready!(self.poll_open(cx));
        } else if let Some(now) = self.share.rejects() {
            self.refuse(now);
            return Poll::Ready(Ok(()));
        }
        match inner(cx) {
            Poll::Ready(Ok(())) => self.is_ready(cx),
            Poll::Ready(Err(error)) => {
                // Whoever cannot get ready fails as one who cannot answer does.
                self.share.fails(classify(&error));
                Poll::Ready(Err(error))
            }
            Poll::Pending => self.is_pending(cx),
        }
    }

    #[inline]
    fn is_ready<E>(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        if let Some(patience) = &mut self.patience {
            patience.reset();
        }
        if let Some(wait) = &mut self.wait {
            ready!(wait.poll_reserve(&self.share, &mut self.place, cx));
        }
        self.leave();
        self.readiness = Readiness::Ready;
        Poll::Ready(Ok(()))
    }

    /// The service behind it is not ready. Whoever waits for it is not to wait on when the breaker opens.
    #[cold]
    fn is_pending<E>(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        if let Some(patience) = &mut self.patience
            && patience.is_exhausted(cx)
        {
            self.share.fails(Verdict::Failure);
        }
        if self.wait.is_some() {
            return Poll::Pending;
        }
        let Some(now) = self.share.wait_while_closed(&mut self.place, cx.waker()) else {
            return Poll::Pending;
        };
        self.refuse(now);
        Poll::Ready(Ok(()))
    }

    #[cold]
    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(wait) = &mut self.wait else {
            return Poll::Ready(());
        };
        let polled = wait.poll_open(&self.share, &mut self.place, cx);
        if polled.is_pending()
            && let Some(patience) = &mut self.patience
        {
            patience.reset();
        }
        if polled.is_ready() {
            self.leave();
        }
        polled
    }

    /// It is ready to turn a call away.
    #[inline]
    fn refuse(&mut self, now: Coarse) {
        self.readiness = Readiness::Refused(now);
        if let Some(patience) = &mut self.patience {
            patience.reset();
        }
        self.leave();
    }

    /// For `call` of a service: lets the call in, if this very instance was ready for it.
    #[inline]
    pub(crate) fn enter(&mut self) -> Result<Permit, Rejected> {
        self.readiness.take(&self.share)?;
        match self.wait.as_mut().and_then(Wait::take) {
            Some(reserved) => reserved.begin(),
            None => {
                let ticket = self.share.acquire()?;
                Ok(Permit::new(self.share.clone(), ticket))
            }
        }
    }

    #[inline]
    fn leave(&mut self) {
        if self.place != 0 {
            self.share.leave(&mut self.place);
        }
    }
}

/// A clone has to be ready, and waits, on its own.
impl Clone for Entrance {
    #[inline]
    fn clone(&self) -> Self {
        Self {
            share: self.share.clone(),
            _root: None,
            readiness: Readiness::Unknown,
            place: 0,
            wait: self.wait.as_ref().map(|_| Wait::default()),
            patience: self.patience.as_ref().map(Patience::anew),
        }
    }
}

impl Drop for Entrance {
    #[inline]
    fn drop(&mut self) {
        if let Some(wait) = &mut self.wait {
            wait.give_back();
        }
        self.leave();
    }
}

impl fmt::Debug for Entrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Entrance").field(&self.name()).finish()
    }
}
