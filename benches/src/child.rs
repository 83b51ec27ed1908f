//! The children of the restart scenarios, the same for us and for bare tokio code.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::Notify;

use crate::probe::{Next, Probe};

/// How a child crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It returns an error.
    Err,
    /// It panics.
    Panic,
}

/// The error that a child returns: of size zero, so that the child itself allocates nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash;

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("crash")
    }
}

impl std::error::Error for Crash {}

/// A group of children of which one crashes until the probe has seen enough.
#[derive(Debug)]
pub struct Plan {
    /// Where the children tell what happens.
    pub probe: Probe,
    how: How,
    go: Notify,
}

impl Plan {
    /// A plan with no child running yet.
    #[must_use]
    pub fn new(probe: Probe, how: How) -> Arc<Self> {
        Arc::new(Self {
            probe,
            how,
            go: Notify::new(),
        })
    }

    /// The whole life of one incarnation of the child with this index.
    ///
    /// # Errors
    ///
    /// [`Crash`] when it is the one that crashes, and that by an error.
    ///
    /// # Panics
    ///
    /// When it is the one that crashes, and that by a panic.
    pub async fn live(self: Arc<Self>, child: usize) -> Result<(), Crash> {
        match (self.probe.up(child), child == self.probe.crasher()) {
            (Next::Crash, true) => {}
            (Next::Wait, true) => self.go.notified().await,
            (Next::Crash, false) => {
                self.go.notify_one();
                std::future::pending().await
            }
            (Next::Wait, false) => std::future::pending().await,
        }
        // Whoever started this incarnation finishes with that before the next crash.
        breathe().await;
        self.crash()
    }

    /// Crashes now.
    ///
    /// # Errors
    ///
    /// Always, unless it panics.
    ///
    /// # Panics
    ///
    /// When the plan says so.
    pub fn crash(&self) -> Result<(), Crash> {
        self.probe.crash();
        match self.how {
            How::Err => Err(Crash),
            How::Panic => panic!("crash"),
        }
    }
}

/// Goes to the end of the run queue once; cheaper than tokio's `yield_now`, which lets the
/// drivers have a turn first.
pub async fn breathe() {
    let mut polled = false;
    poll_fn(|cx| {
        if polled {
            return Poll::Ready(());
        }
        polled = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
