//! Room for an item that comes later.

use std::fmt;
use std::sync::Arc;

use crate::sender::Sender;
use crate::shared::Shared;

/// Room for one item. Dropping it gives the room back.
#[must_use = "the room is given back when it is dropped"]
pub struct Permit<'a, T> {
    /// Taken by whoever uses it.
    shared: Option<&'a Arc<Shared<T>>>,
    weight: u32,
}

impl<'a, T> Permit<'a, T> {
    pub(crate) fn new(shared: &'a Arc<Shared<T>>, weight: u32) -> Self {
        let shared = Some(shared);
        Self { shared, weight }
    }

    /// Sends an item, which cannot fail: even if the queue was closed meanwhile, it is received, unless nobody is left who
    /// could: then the hook sees it. It counts for the weight that was reserved, whatever it weighs.
    pub fn send(mut self, item: T) {
        if let Some(shared) = self.shared.take() {
            shared.fill(item, self.weight);
        }
    }
}

impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            shared.unreserve(self.weight);
        }
    }
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}

/// As [`Permit`], with the sender in it.
#[must_use = "the room is given back when it is dropped"]
pub struct OwnedPermit<T> {
    /// Taken by whoever uses it.
    sender: Option<Sender<T>>,
    weight: u32,
}

impl<T> OwnedPermit<T> {
    pub(crate) fn new(sender: Sender<T>, weight: u32) -> Self {
        Self {
            sender: Some(sender),
            weight,
        }
    }

    /// As [`Permit::send`], and gives the sender back.
    pub fn send(mut self, item: T) -> Sender<T> {
        let Some(sender) = self.sender.take() else {
            unreachable!("it is there until it is used, and then this is gone")
        };
        sender.shared().fill(item, self.weight);
        sender
    }

    /// Gives the room and the sender back.
    #[must_use]
    pub fn release(mut self) -> Sender<T> {
        let Some(sender) = self.sender.take() else {
            unreachable!("it is there until it is used, and then this is gone")
        };
        sender.shared().unreserve(self.weight);
        sender
    }
}

impl<T> Drop for OwnedPermit<T> {
    fn drop(&mut self) {
        if let Some(sender) = self.sender.take() {
            sender.shared().unreserve(self.weight);
        }
    }
}

impl<T> fmt::Debug for OwnedPermit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedPermit").finish_non_exhaustive()
    }
}
