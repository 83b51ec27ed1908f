//! What happens often is told now and then.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use seaworthy_core::clock::{self, Coarse};

/// So often it is told, at most.
const PAUSE: Duration = Duration::from_secs(10);

/// Sees to it that something is told every ten seconds at most.
#[derive(Debug, Default)]
pub(crate) struct Quiet {
    /// When it was told last; 0 if it never was.
    told_at: AtomicU64,
}

impl Quiet {
    /// Whether it is to be told now: to one of those who ask.
    pub(crate) fn may_tell(&self) -> bool {
        let (now, last) = (clock::coarse(), self.told_at.load(Ordering::Relaxed));
        if last != 0 && now.since(Coarse::from_nanos(last)) < PAUSE {
            return false;
        }
        let now = now.as_nanos().max(1);
        let told = &self.told_at;
        told.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }
}
