//! Has a breaker go on by itself when that is due, if it was asked to.

use std::sync::Weak;
use std::time::Duration;

use seaworthy_core::clock::{self, Coarse};
use tokio::runtime::Handle;
use tokio::time::sleep;

use crate::shared::Shared;

/// A task that looks when it is due. It keeps nothing alive, and does no harm if it comes too late.
///
/// Without a runtime there is none: then the next who looks finds that it has come about at its time.
pub(crate) fn arm(shared: &Weak<Shared>, due: Coarse) {
    let Ok(runtime) = Handle::try_current() else {
        return;
    };
    let shared = Weak::clone(shared);
    runtime.spawn(async move {
        let delay = due.since(clock::coarse()) + clock::COARSE_LAG;
        // The timers of the runtime are a millisecond coarse.
        sleep(delay.max(Duration::from_millis(1))).await;
        if let Some(shared) = shared.upgrade() {
            shared.view();
        }
    });
}
