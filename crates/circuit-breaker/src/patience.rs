//! How long a service may take to get ready.

use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use seaworthy_core::clock;
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

    /// It is not waited for any more: the service is ready, or nobody asks it.
    pub(crate) fn reset(&mut self) {
        self.wait = Wait::No;
    }

    /// It has to be waited for. True once for each time that this took too long.
    pub(crate) fn is_exhausted(&mut self, cx: &mut Context<'_>) -> bool {
        if self.is_abandoned() {
            self.reset();
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

    /// Whoever waits is polled when the time is over. If that was long ago, who waited then has given up, and this is
    /// somebody else.
    fn is_abandoned(&self) -> bool {
        match &self.wait {
            Wait::Until(sleep) => {
                let late = clock::exact().saturating_duration_since(sleep.deadline());
                late > self.time / 2
            }
            _ => false,
        }
    }
}
