//! The call of the instance that was readied.

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use seaworthy_core::{Reason, Reject, panic};
use tower_service::Service;

use super::{Readied, Supervised};
use crate::service::fatal::Fatal;
use crate::service::future::{ResponseFuture, Watched};
use crate::service::owned::{Inline, Mode, Owned, OwnedResponseFuture};

impl<S: Clone, R, T, X: Mode> Supervised<S, R, T, X> {
    /// Calls the instance, if it is the one that was readied and its incarnation still goes on.
    #[inline]
    fn begin<Req>(&mut self, request: Req) -> Watched<S::Future, S, R, T>
    where
        S: Service<Req>,
    {
        let readied = mem::replace(&mut self.readied, Readied::Not);
        let shared = Arc::clone(&self.shared);
        if let (Readied::Instance, Some(instance)) = (readied, &mut self.instance)
            && shared.core.is_up(self.generation)
        {
            let mut call = None;
            return match panic::catch(|| call = Some(instance.call(request))) {
                Ok(()) => Watched::call(shared, self.generation, call),
                Err(panicked) => {
                    self.shared.core.panicked(self.generation, panicked);
                    Watched::refusal(shared, Reason::Crashed)
                }
            };
        }
        Watched::refusal(shared, self.turn_away(readied))
    }
}

impl<S, R, T, Req> Service<Req> for Supervised<S, R, T, Inline>
where
    S: Service<Req> + Clone,
    S::Error: fmt::Display,
    R: Reject<S::Response, S::Error>,
    T: Fatal<S::Error>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, S, R, T>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        ResponseFuture::new(self.begin(request))
    }
}

impl<S, R, T, Req> Service<Req> for Supervised<S, R, T, Owned>
where
    S: Service<Req, Future: Send + 'static> + Clone + Send + 'static,
    S::Response: Send + 'static,
    S::Error: fmt::Display + Send + 'static,
    R: Reject<S::Response, S::Error> + Send + Sync + 'static,
    T: Fatal<S::Error> + Send + Sync + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = OwnedResponseFuture<S::Response, S::Error, S, R, T>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let (shared, generation) = (Arc::clone(&self.shared), self.generation);
        // Held from before the call begins, so that a shutdown waits for it.
        let Some(grant) = self.grant.upgrade() else {
            let readied = mem::replace(&mut self.readied, Readied::Not);
            return OwnedResponseFuture::refused(shared, self.turn_away(readied));
        };
        let watched = self.begin(request);
        match watched.refused() {
            None => OwnedResponseFuture::running(shared, generation, grant.spawn(watched)),
            Some(reason) => OwnedResponseFuture::refused(shared, reason),
        }
    }
}

impl<S, R, T, X> Supervised<S, R, T, X> {
    /// Why a call is not begun.
    #[cold]
    fn turn_away(&self, readied: Readied) -> Reason {
        match readied {
            Readied::Refusal(reason) => reason,
            _ => self.shared.core.turned_away(),
        }
    }
}
