//! Waiting for an item.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use crate::error::TryRecvError;
use crate::shared::{Lined, Shared, Way};

/// One who waits in line for an item, until it is dropped.
#[derive(Debug)]
pub(crate) struct InLine<T> {
    shared: Arc<Shared<T>>,
    way: Way,
    place: Option<usize>,
    /// Until something is due that nobody brings about.
    due: Option<Pin<Box<Sleep>>>,
}

impl<T> InLine<T> {
    pub(crate) fn new(shared: &Arc<Shared<T>>, way: Way) -> Self {
        Self {
            shared: Arc::clone(shared),
            way,
            place: None,
            due: None,
        }
    }

    /// Ready with what `attempt` got; `None` if there is nothing any more.
    #[inline]
    pub(crate) fn poll<R>(
        &mut self,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&Arc<Shared<T>>) -> Result<R, TryRecvError>,
    ) -> Poll<Option<R>> {
        loop {
            match attempt(&self.shared) {
                Ok(got) => {
                    self.leave(true);
                    return Poll::Ready(Some(got));
                }
                Err(TryRecvError::Closed) => {
                    self.leave(true);
                    return Poll::Ready(None);
                }
                Err(TryRecvError::Empty) => {}
            }
            let lined = self.shared.poll_line(self.way, &mut self.place, cx.waker());
            let Lined::Wait(time) = lined else {
                continue;
            };
            let Some(time) = time else {
                self.due = None;
                return Poll::Pending;
            };
            // The timers of the runtime are a millisecond coarse.
            let sleep = Box::pin(sleep(time.max(Duration::from_millis(1))));
            if self.due.insert(sleep).as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    #[inline]
    fn leave(&mut self, took: bool) {
        self.due = None;
        self.shared.stop_receiving(self.way, &mut self.place, took);
    }
}

impl<T> Drop for InLine<T> {
    fn drop(&mut self) {
        self.leave(false);
    }
}
