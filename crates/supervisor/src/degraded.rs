//! What cannot work in this build.

use std::sync::Arc;

use seaworthy_core::event::{Events, Severity};
use seaworthy_core::panic;

use crate::event::SupervisorEvent;

/// What `run` prints, and the log says, if a panic cannot be caught.
pub(crate) const PANICS_ABORT: &str =
    "built with panic = \"abort\": a panicking child ends the process instead of being restarted";

/// Reports, once for a tree, that panics end the process.
pub(crate) fn warn(events: &Events, root: &Arc<str>) {
    if panic::can_catch() {
        return;
    }
    #[cfg(feature = "tracing")]
    tracing::error!(supervisor = %root, "{PANICS_ABORT}");
    events.emit(root, Severity::Error, SupervisorEvent::PanicsAbort);
}
