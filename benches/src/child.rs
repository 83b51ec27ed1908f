//! The children of the restart scenarios, the same for us and for bare tokio code.

use std::error::Error;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::{fmt, mem};

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

impl Error for Crash {}

/// What a child ends with.
pub type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// A group of children of which one crashes until the probe has seen enough.
#[derive(Debug)]
pub struct Plan {
    /// Where the children tell what happens.
    pub probe: Probe,
    how: How,
    signal: Signal,
}

impl Plan {
    /// A plan with no child running yet.
    #[must_use]
    pub fn new(probe: Probe, how: How) -> Arc<Self> {
        Arc::new(Self {
            probe,
            how,
            signal: Signal::default(),
        })
    }

    /// The whole life of one incarnation of the child with this index.
    pub fn live(self: Arc<Self>, child: usize) -> Life {
        Life {
            plan: self,
            child,
            stage: Stage::New,
        }
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
    #[inline(always)]
    pub fn crash(&self) -> Result<(), Crash> {
        self.probe.crash();
        match self.how {
            How::Err => Err(Crash),
            How::Panic => panic!("crash"),
        }
    }
}

/// The future of [`Plan::live`].
///
/// By hand, so that its poll is surely part of its caller: a frame more or less on the way of a
/// panic is a microsecond, and the compiler inlines as it pleases what is written as `async`.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Life {
    plan: Arc<Plan>,
    child: usize,
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    New,
    /// Until all others are up.
    Waiting,
    /// Whoever started this incarnation finishes with that before the next crash.
    Settling,
    /// For ever.
    Idle,
}

impl Future for Life {
    type Output = Outcome;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let Self { plan, child, stage } = self.get_mut();
        if let Stage::New = stage {
            let next = plan.probe.up(*child);
            *stage = match (next, *child == plan.probe.crasher()) {
                (Next::Crash, true) => Stage::Settling,
                (Next::Wait, true) => Stage::Waiting,
                (_, false) => Stage::Idle,
            };
            match *stage {
                Stage::Settling => cx.waker().wake_by_ref(),
                Stage::Idle if next == Next::Crash => plan.signal.give(),
                _ => {}
            }
            if !matches!(stage, Stage::Waiting) {
                return Poll::Pending;
            }
        }
        match stage {
            Stage::Settling => Poll::Ready(Ok(plan.crash()?)),
            Stage::Waiting if plan.signal.taken(cx) => {
                *stage = Stage::Settling;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            _ => Poll::Pending,
        }
    }
}

/// Tells the one that crashes that all others are up.
#[derive(Debug, Default)]
struct Signal(Mutex<(bool, Option<Waker>)>);

impl Signal {
    fn give(&self) {
        let waker = {
            let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            inner.0 = true;
            inner.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn taken(&self, cx: &Context<'_>) -> bool {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.1 = Some(cx.waker().clone());
        mem::take(&mut inner.0)
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
