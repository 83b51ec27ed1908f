//! How long a service may take to get ready.

use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// Waits for one service.
#[derive(Debug)]
pub(crate) struct Patience {
    time: Duration,
    wait: Wait,
}

#[derive(Debug)]
enum Wait {
    No,
    Until(Pin<Box<Sleep>>),
    /// It has been waited for too long, which was said.
    TooLong,
}

impl Patience {
    pub(crate) fn new(time: Duration) -> Self {
        let wait = Wait::No;
        Self { time, wait }
    }

    /// The same, for a clone that waits on its own.
    pub(crate) fn anew(&self) -> Self {
        Self::new(self.time)
    }

    /// True once for each time that it was waited for too long.
    pub(crate) fn is_exhausted(&mut self, ready: bool, cx: &mut Context<'_>) -> bool {
        if ready {
            self.wait = Wait::No;
            return false;
        }
        if let Wait::No = self.wait {
            self.wait = Wait::Until(Box::pin(sleep(self.time)));
        }
        let Wait::Until(sleep) = &mut self.wait else {
            return false;
        };
        let exhausted = sleep.as_mut().poll(cx).is_ready();
        if exhausted {
            self.wait = Wait::TooLong;
        }
        exhausted
    }
}
