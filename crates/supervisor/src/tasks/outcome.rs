//! What a task comes to, kept until somebody asks.

use std::pin::Pin;
use std::task::{Context as Waking, Poll, ready};

use seaworthy_core::panic;
use tokio::sync::oneshot;

use super::error::TaskError;
use crate::exit::ExitReason;
use crate::monitor::Down;

/// The receiving side of a task: first that it ended, then what with.
pub(super) struct Outcome<T> {
    state: State,
    value: oneshot::Receiver<T>,
}

enum State {
    Running(oneshot::Receiver<Down>),
    Ended(ExitReason),
    Taken,
}

impl<T> Outcome<T> {
    pub(super) fn new(down: oneshot::Receiver<Down>, value: oneshot::Receiver<T>) -> Self {
        Self {
            state: State::Running(down),
            value,
        }
    }

    /// Ready when all of the task is gone. May be polled again after that.
    pub(super) fn poll_ended(&mut self, waker: &mut Waking<'_>) -> Poll<()> {
        if let State::Running(down) = &mut self.state {
            let down = ready!(Pin::new(down).poll(waker));
            self.state = State::Ended(reason(down.ok()));
        }
        Poll::Ready(())
    }

    /// Whether it was seen that the task has ended.
    pub(super) fn is_known(&self) -> bool {
        !matches!(self.state, State::Running(_))
    }

    /// Whether all of the task is gone, whatever is left of the budget of whoever asks.
    pub(super) fn has_ended(&mut self) -> bool {
        if let State::Running(down) = &mut self.state {
            match down.try_recv() {
                Err(oneshot::error::TryRecvError::Empty) => return false,
                told => self.state = State::Ended(reason(told.ok())),
            }
        }
        true
    }

    /// The result of a task that has ended: a value only if the task ended as it should.
    pub(super) fn take(&mut self) -> Result<T, TaskError> {
        let reason = match std::mem::replace(&mut self.state, State::Taken) {
            State::Ended(reason) => reason,
            State::Running(_) => ExitReason::Unknown,
            State::Taken => return Err(TaskError::Taken),
        };
        match self.value.try_recv() {
            Ok(value) if reason.is_clean() => Ok(value),
            value => {
                panic::drop_quietly(value);
                Err(TaskError::Exited(reason))
            }
        }
    }
}

/// Nobody tells only if there is nobody left who could.
fn reason(down: Option<Down>) -> ExitReason {
    down.map_or(ExitReason::Unknown, |down| down.reason)
}

impl<T> Drop for Outcome<T> {
    fn drop(&mut self) {
        // From here on a value goes back to the task, which drops it.
        self.value.close();
        panic::drop_quietly(self.value.try_recv());
        panic::drop_quietly(std::mem::replace(&mut self.state, State::Taken));
    }
}
