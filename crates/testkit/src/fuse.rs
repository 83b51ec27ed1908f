//! A panic at a chosen poll.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};

/// Makes futures panic at one chosen poll: once, whichever of them is polled then.
///
/// Clones share their count, and so do all futures that they [wrap](Self::wrap).
#[derive(Clone, Debug)]
pub struct Fuse {
    at: usize,
    polls: Arc<AtomicUsize>,
}

impl Fuse {
    /// A fuse that burns at poll number `at`, counted from 1; never, for 0.
    #[must_use]
    pub fn new(at: usize) -> Self {
        Self {
            at,
            polls: Arc::default(),
        }
    }

    /// The poll at which it burns.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Puts the fuse into `future`, whose polls it counts from now on.
    pub fn wrap<F: Future>(&self, future: F) -> Fused<F> {
        Fused {
            fuse: self.clone(),
            future: Box::pin(future),
        }
    }

    /// Whether the panic has happened.
    #[must_use]
    pub fn is_burnt(&self) -> bool {
        self.at > 0 && self.polls.load(SeqCst) >= self.at
    }

    /// The message of the panic.
    #[must_use]
    pub fn message(&self) -> String {
        format!("the fuse burnt at poll {}", self.at)
    }
}

/// A future with a [`Fuse`] in it.
#[must_use = "futures do nothing unless polled"]
pub struct Fused<F> {
    fuse: Fuse,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Fused<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        let poll = this.fuse.polls.fetch_add(1, SeqCst) + 1;
        assert!(poll != this.fuse.at, "{}", this.fuse.message());
        this.future.as_mut().poll(cx)
    }
}

impl<F> fmt::Debug for Fused<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fused")
            .field("fuse", &self.fuse)
            .finish_non_exhaustive()
    }
}
