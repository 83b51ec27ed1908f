//! The barest safe code that limits concurrency: a semaphore, and a permit that the response owns.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use seaworthy_core::{Name, Reason, Rejected};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_service::Service;

use crate::breaker::{Ask, Desk, Fault, Reply};

/// A service behind a semaphore, which turns calls away.
#[derive(Clone, Debug)]
pub struct Floor {
    inner: Desk,
    places: Arc<Semaphore>,
    name: Name,
}

impl Floor {
    /// With so many places.
    #[must_use]
    pub fn new(places: usize) -> Self {
        Self {
            inner: Desk,
            places: Arc::new(Semaphore::new(places)),
            name: Name::from("floor"),
        }
    }

    /// Takes all places.
    pub fn fill(&self) {
        self.places.forget_permits(usize::MAX);
    }
}

impl Service<Ask> for Floor {
    type Response = u64;
    type Error = Fault;
    type Future = FloorReply;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, ask: Ask) -> FloorReply {
        match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => FloorReply::Call(self.inner.call(ask), place),
            Err(_) => FloorReply::Rejected(Rejected::new(Reason::BulkheadFull, self.name)),
        }
    }
}

/// The response of [`Floor`].
#[derive(Debug)]
pub enum FloorReply {
    /// Let through.
    Call(Reply, OwnedSemaphorePermit),
    /// Turned away.
    Rejected(Rejected),
}

impl Future for FloorReply {
    type Output = Result<u64, Fault>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Call(reply, _) => Pin::new(reply).poll(cx),
            Self::Rejected(rejected) => Poll::Ready(Err(Fault::Rejected(*rejected))),
        }
    }
}
