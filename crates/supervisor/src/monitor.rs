//! Learning of the end of a child without being part of it.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Waking, Poll};

use tokio::sync::oneshot;

use crate::exit::ExitReason;
use crate::id::ChildId;
use crate::link::Exit;
use crate::node::Place;

/// One incarnation of a child, as seen from outside.
///
/// It never means a later incarnation: killing one that has ended already does nothing.
#[derive(Clone)]
pub struct ChildRef {
    pub(crate) place: Place,
    pub(crate) id: ChildId,
}

impl ChildRef {
    /// The ids from the root to the child, joined by `/`.
    #[must_use]
    pub fn path(&self) -> Arc<str> {
        self.place.node.child_path(&self.id)
    }

    /// What the child is called among its siblings.
    #[must_use]
    pub fn id(&self) -> &ChildId {
        &self.id
    }

    /// Which incarnation this is.
    #[must_use]
    pub fn incarnation(&self) -> u64 {
        self.place.incarnation
    }

    /// Whether this incarnation is still there.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.place.node.with(|state| {
            state
                .machine
                .is_current(self.place.key, self.place.incarnation)
        })
    }

    /// Kills this incarnation at its next await, whatever it listens to. To its supervisor that is a
    /// crash with [`ExitReason::Killed`]. False if it had ended already.
    ///
    /// Killing a nested supervisor kills everything below it.
    pub fn kill(&self) -> bool {
        self.place
            .node
            .kill_child(self.place.key, self.place.incarnation)
    }

    /// Sends this incarnation an exit signal. If it [traps exits](crate::Context::trap_exits), it reads the reason;
    /// otherwise it ends with that reason at its next await, unless the reason is [`ExitReason::Normal`], which has
    /// no effect. [`ExitReason::Killed`] cannot be trapped: it is a [kill](Self::kill).
    ///
    /// False if the incarnation had ended already, or has not read 1024 signals that were sent to it before. A
    /// supervisor ignores all but the kill, as in OTP.
    pub fn exit(&self, reason: ExitReason) -> bool {
        match reason {
            ExitReason::Killed => self.kill(),
            reason => self.place.signal(None, Exit::Sent(reason)),
        }
    }

    /// Resolves when this incarnation has ended, with its reason; at once if it has already.
    pub fn monitor(&self) -> Monitor {
        let Place {
            node,
            key,
            incarnation,
        } = &self.place;
        let (sender, receiver) = oneshot::channel();
        let gone = node.with(|state| {
            if let Some(seat) = state.current(*key, *incarnation) {
                let monitors = &mut seat.extra().monitors;
                if monitors.len() == monitors.capacity() {
                    // Those that nobody awaits any more make room.
                    monitors.retain(|monitor| !monitor.is_closed());
                }
                monitors.push(sender);
                return None;
            }
            let seat = state.machine.payload_mut(*key)?;
            let past = seat.extra.as_ref()?.history.find(*incarnation)?;
            Some(past.reason.clone())
        });
        let reason = gone.unwrap_or(ExitReason::Unknown);
        let down = Down {
            path: self.path(),
            incarnation: *incarnation,
            reason,
        };
        Monitor {
            receiver,
            already: Some(down),
        }
    }
}

impl fmt::Debug for ChildRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildRef")
            .field("path", &self.path())
            .field("incarnation", &self.incarnation())
            .finish_non_exhaustive()
    }
}

/// The end of one incarnation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Down {
    /// The ids from the root to the child, joined by `/`.
    pub path: Arc<str>,
    /// Which incarnation ended.
    pub incarnation: u64,
    /// Why; [`ExitReason::Unknown`] if it had ended before it was monitored and was not a recent crash.
    pub reason: ExitReason,
}

/// Resolves once, when the monitored incarnation has ended. Dropping it ends the monitoring.
///
/// By then everything of the incarnation is gone, its sub-tasks included. Its supervisor may not
/// have dealt with it yet.
///
/// # Cancel safety
///
/// Cancel safe: nothing is lost until it has resolved.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Monitor {
    receiver: oneshot::Receiver<Down>,
    /// What to say if nobody will tell: the process was gone already.
    already: Option<Down>,
}

impl Future for Monitor {
    type Output = Down;

    /// # Panics
    ///
    /// If polled again after it has resolved.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Waking<'_>) -> Poll<Down> {
        let told = std::task::ready!(Pin::new(&mut self.receiver).poll(cx)).ok();
        let already = self.already.take();
        Poll::Ready(
            told.or(already)
                .expect("a monitor is not polled after it has resolved"),
        )
    }
}
