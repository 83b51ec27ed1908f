//! What a strategy keeps until it is asked, once.

use std::pin::Pin;

use pin_project::pin_project;

/// Something that is taken once, and need not be `Unpin` for that.
#[pin_project]
#[derive(Debug)]
pub struct Once<T> {
    it: Option<T>,
}

impl<T> Once<T> {
    pub(super) fn new(it: T) -> Self {
        Self { it: Some(it) }
    }

    pub(super) fn take(self: Pin<&mut Self>) -> Option<T> {
        self.project().it.take()
    }
}
