//! Why an item is not in the queue.

use std::fmt;

use seaworthy_core::{Reason, Rejected};

/// An item was not taken; it is handed back.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError<T> {
    /// There is no room for it, or was none in time.
    #[error("the queue is full")]
    Full(T),
    /// The queue is closed, or nobody is left who could receive it.
    #[error("the queue is closed")]
    Closed(T),
    /// It weighs more than the whole queue may.
    #[error("the item weighs more than the queue may hold")]
    TooHeavy(T),
}

impl<T> SendError<T> {
    /// The item.
    pub fn into_item(self) -> T {
        match self {
            Self::Full(item) | Self::Closed(item) | Self::TooHeavy(item) => item,
        }
    }

    /// The same of something else.
    pub(crate) fn with<U>(self, other: U) -> SendError<U> {
        match self {
            Self::Full(_) => SendError::Full(other),
            Self::Closed(_) => SendError::Closed(other),
            Self::TooHeavy(_) => SendError::TooHeavy(other),
        }
    }

    /// What a layer says to a caller for whom this happened.
    pub(crate) fn reason(&self) -> Reason {
        match self {
            Self::Full(_) | Self::TooHeavy(_) => Reason::QueueFull,
            Self::Closed(_) => Reason::ShuttingDown,
        }
    }

    /// The same as the one error for being turned away, in the name of this component.
    pub fn to_rejected(&self, component: impl Into<seaworthy_core::Name>) -> Rejected {
        Rejected::new(self.reason(), component)
    }
}

/// Without the item, which need not be `Debug`.
impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
            Self::TooHeavy(_) => "TooHeavy(..)",
        })
    }
}

/// There is nothing to receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TryRecvError {
    /// Not now.
    #[error("the queue is empty")]
    Empty,
    /// Never again: the queue is closed, or all senders are gone, and nothing is left in it.
    #[error("the queue is closed and empty")]
    Closed,
}

/// The lease of a delivery was over before it was settled: the item was delivered again, or is a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the lease of the delivery is over: the item was delivered again, or is a dead letter")]
pub struct LeaseOver;
