//! An item that left a queue otherwise than to a receiver.

use seaworthy_core::{Name, Rejected};

use crate::why::Why;

/// An item that left a queue otherwise than to a receiver: what the hook [`on_drop`](crate::QueueBuilder::on_drop) sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped<T> {
    /// The item.
    pub item: T,
    /// Why it left.
    pub why: Why,
    /// How often it was delivered before: if it was, some of what it asks for may be done.
    pub attempts: u32,
}

impl<T> Dropped<T> {
    pub(crate) fn new(item: T, why: Why, attempts: u32) -> Self {
        Self {
            item,
            why,
            attempts,
        }
    }

    /// What to tell whoever waits for what comes of it, in the name of this component.
    pub fn to_rejected(&self, component: impl Into<Name>) -> Rejected {
        let rejected = Rejected::new(self.why.reason(), component);
        if self.attempts > 0 {
            rejected.maybe_executed()
        } else {
            rejected
        }
    }
}
