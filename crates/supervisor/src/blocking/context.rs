//! What a thread can ask of its supervisor.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::stop::Stop;
use crate::context::Context;
use crate::supervisor::Supervisor;

/// The side of a supervisor that a [thread](crate::Child::blocking) sees: as [`Context`], for code that cannot await.
///
/// A cheap handle; clones are the same incarnation, so a helper thread of the child can have one.
///
/// ```
/// use std::time::Duration;
/// use seaworthy_supervisor::{BlockingContext, Child};
///
/// let poller = Child::blocking("poller", |cx: BlockingContext| {
///     while cx.sleep(Duration::from_secs(60)) {
///         println!("have a look at the device");
///     }
///     println!("put it to rest"); // the shutdown time of the child has begun
///     Ok(())
/// });
/// # let _ = poller;
/// ```
#[derive(Clone)]
pub struct BlockingContext {
    cx: Context,
    stop: Arc<Stop>,
}

impl BlockingContext {
    pub(super) fn new(cx: Context, stop: Arc<Stop>) -> Self {
        Self { cx, stop }
    }

    /// Whether this thread is to end: because the supervisor said so, or because the child was killed or its runtime
    /// shut down, and it is no longer waited for. It costs one load of an atomic.
    #[must_use]
    pub fn should_stop(&self) -> bool {
        self.stop.is_raised()
    }

    /// Sleeps this long, or until the thread is to end. Whether the work goes on: false if the thread
    /// [should stop](Self::should_stop).
    ///
    /// It is real time that passes, also on a runtime with a paused clock.
    #[must_use = "false: the thread is to stop"]
    pub fn sleep(&self, time: Duration) -> bool {
        !self.stop.wait_for(time)
    }

    /// Blocks until the thread is to end.
    pub fn wait_shutdown(&self) {
        self.stop.wait();
    }

    /// As [`Context::path`].
    #[must_use]
    pub fn path(&self) -> Arc<str> {
        self.cx.path()
    }

    /// As [`Context::incarnation`].
    #[must_use]
    pub fn incarnation(&self) -> u64 {
        self.cx.incarnation()
    }

    /// As [`Context::ready`], for a child that [waits for that](crate::Child::wait_ready).
    pub fn ready(&self) {
        self.cx.ready();
    }

    /// As [`Context::heartbeat`]: tells a thread that works from one that hangs.
    pub fn heartbeat(&self) {
        self.cx.heartbeat();
    }

    /// As [`Context::supervisor`].
    #[must_use]
    pub fn supervisor(&self) -> Supervisor {
        self.cx.supervisor()
    }

    /// The same for async code: to [spawn](Context::spawn) tasks beside the thread, for instance.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.cx
    }
}

impl fmt::Debug for BlockingContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingContext")
            .field("path", &self.path())
            .field("incarnation", &self.incarnation())
            .field("should_stop", &self.should_stop())
            .finish()
    }
}
