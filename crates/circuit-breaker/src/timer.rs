//! Has a breaker go on by itself when that is due, if it was asked to.

use std::sync::Weak;
use std::time::Duration;

use seaworthy_core::clock::{self, Coarse};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use crate::shared::Shared;

/// The one task that waits until a breaker is due.
#[derive(Debug, Default)]
pub(crate) struct Timer {
    due: Option<Coarse>,
    task: Option<AbortHandle>,
}

impl Timer {
    /// It is due then. True if somebody has to see to it with [`arm`].
    pub(crate) fn is_news(&mut self, due: Option<Coarse>) -> bool {
        std::mem::replace(&mut self.due, due) != due
    }

    /// Its time has come: if it is still due, that is news.
    pub(crate) fn is_over(&mut self) {
        self.due = None;
    }

    /// Goes by this task from now on. Returns the one to abort.
    pub(crate) fn replace(&mut self, task: Option<AbortHandle>) -> Option<AbortHandle> {
        std::mem::replace(&mut self.task, task)
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// A task that looks when it is due. It keeps nothing alive, and does no harm if it comes too late.
///
/// Without a runtime there is none: then the next who looks finds that it has come about at its time.
pub(crate) fn arm(shared: &Weak<Shared>, due: Coarse) -> Option<AbortHandle> {
    let runtime = Handle::try_current().ok()?;
    let shared = Weak::clone(shared);
    let task = runtime.spawn(async move {
        let delay = due.since(clock::coarse()) + clock::coarse_lag();
        // The timers of the runtime are a millisecond coarse.
        sleep(delay.max(Duration::from_millis(1))).await;
        if let Some(shared) = shared.upgrade() {
            shared.is_due();
        }
    });
    Some(task.abort_handle())
}
