//! The barest safe code that answers when a service has not: a match in a future.

use std::pin::Pin;
use std::task::{Context, Poll};

use tower_service::Service;

use crate::breaker::{Ask, Desk, Fault, Reply};

/// A service that answers with this if the one behind it fails.
#[derive(Clone, Copy, Debug)]
pub struct Floor {
    inner: Desk,
    value: u64,
}

impl Floor {
    /// With this value.
    #[must_use]
    pub fn new(value: u64) -> Self {
        Self { inner: Desk, value }
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
        FloorReply {
            reply: self.inner.call(ask),
            value: self.value,
        }
    }
}

/// The response of [`Floor`].
#[derive(Clone, Copy, Debug)]
pub struct FloorReply {
    reply: Reply,
    value: u64,
}

impl Future for FloorReply {
    type Output = Result<u64, Fault>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let value = self.value;
        let polled = Pin::new(&mut self.reply).poll(cx);
        polled.map(|outcome| Ok(outcome.unwrap_or(value)))
    }
}
