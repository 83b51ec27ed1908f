//! Nothing is logged.

use std::sync::Arc;

use seaworthy_core::panic::Panicked;

use crate::letter::Failure;
use crate::why::Why;

/// Without the feature `tracing`, of no size.
#[derive(Debug)]
pub(crate) struct Log;

impl Log {
    pub(crate) fn new(_queue: &Arc<str>) -> Self {
        Self
    }

    pub(crate) fn dead_letter(&self, _attempts: u32, _last: &Failure) {}

    pub(crate) fn leases_over(&self, _deliveries: u64) {}

    pub(crate) fn dropped(&self, _why: Why, _items: u64) {}

    pub(crate) fn panicked(&self, _function: &'static str, _panicked: &Panicked) {}
}
