//! The barest safe code that does what a breaker does for a call: it looks whether the call may go on, counts it, and
//! lets the response own its share in the breaker.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use seaworthy_core::clock::{self, Coarse};
use seaworthy_core::{Name, Reason, Rejected};
use tower_service::Service;

use super::{Ask, Desk, Fault, Reply};

#[derive(Debug)]
struct Shared {
    name: Name,
    /// Open until then, in nanoseconds of the coarse clock.
    until: AtomicU64,
    /// When the window ends.
    window: AtomicU64,
    calls: AtomicU64,
}

/// A breaker that counts, and neither opens nor closes by itself.
#[derive(Clone, Debug)]
pub struct Floor {
    inner: Desk,
    shared: Arc<Shared>,
}

impl Floor {
    /// One that is open for a very long time, or not at all.
    #[must_use]
    pub fn new(open: bool) -> Self {
        let until = if open { u64::MAX } else { 0 };
        let shared = Shared {
            name: Name::from("floor"),
            until: AtomicU64::new(until),
            window: AtomicU64::new(u64::MAX),
            calls: AtomicU64::new(0),
        };
        Self {
            inner: Desk,
            shared: Arc::new(shared),
        }
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
        let until = self.shared.until.load(Ordering::Acquire);
        if until != 0 {
            let left = Coarse::from_nanos(until).since(clock::coarse());
            if left > Duration::ZERO {
                let rejected = Rejected::new(Reason::CircuitOpen, self.shared.name);
                return FloorReply::Rejected(rejected.with_retry_after(left));
            }
        }
        let share = FloorShare(Arc::clone(&self.shared));
        FloorReply::Call(self.inner.call(ask), share)
    }
}

/// The response of [`Floor`].
#[derive(Debug)]
pub enum FloorReply {
    /// Let through.
    Call(Reply, FloorShare),
    /// Turned away.
    Rejected(Rejected),
}

/// What a response holds of its breaker.
#[derive(Debug)]
pub struct FloorShare(Arc<Shared>);

impl Future for FloorReply {
    type Output = Result<u64, Fault>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Call(reply, FloorShare(shared)) => {
                let outcome = ready!(Pin::new(reply).poll(cx));
                if clock::coarse().as_nanos() < shared.window.load(Ordering::Acquire) {
                    shared.calls.fetch_add(1, Ordering::AcqRel);
                }
                Poll::Ready(outcome)
            }
            Self::Rejected(rejected) => Poll::Ready(Err(Fault::Rejected(*rejected))),
        }
    }
}
