//! What is told to whom.

use std::sync::Arc;

use seaworthy_core::event::Severity;

use super::Shared;
use crate::event::BulkheadEvent;

impl Shared {
    /// Something has happened to this bulkhead, or to this class of it.
    pub(crate) fn tell(&self, name: &Arc<str>, severity: Severity, event: BulkheadEvent) {
        self.events().emit(name, severity, event);
        log(name, event);
    }
}

#[cfg(feature = "tracing")]
fn log(bulkhead: &str, event: BulkheadEvent) {
    // A subscriber that panics harms nobody else.
    let _ = seaworthy_core::panic::catch(|| match event {
        BulkheadEvent::TurnsAway { .. } => tracing::warn!(%bulkhead, "bulkhead {event}"),
        BulkheadEvent::LimitSet { .. } => tracing::info!(%bulkhead, "bulkhead {event}"),
    });
}

#[cfg(not(feature = "tracing"))]
fn log(_bulkhead: &str, _event: BulkheadEvent) {}
