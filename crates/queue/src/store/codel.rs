//! Whether items stand.

use std::time::Duration;

use seaworthy_core::clock::Coarse;

use crate::config::Codel;

/// Looks at how long items have waited when it is their turn, as folly's
/// [`Codel`](https://github.com/facebook/folly/blob/main/folly/executors/Codel.cpp) does.
///
/// An interval begins with the first item after the last one's end. As in [RFC 8289](https://www.rfc-editor.org/rfc/rfc8289),
/// whoever becomes empty does not stand: then it begins anew, with the default.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sojourn {
    /// When the interval ends.
    end: Coarse,
    /// The least time that an item has waited in it.
    least: Duration,
    /// In the interval before, all had waited for too long.
    stands: bool,
}

impl Sojourn {
    /// An item has waited for so long: whether that is too long.
    pub(super) fn is_too_long(&mut self, codel: Codel, waited: Duration, now: Coarse) -> bool {
        if now >= self.end {
            self.stands = self.least > codel.target;
            self.end = now.saturating_add(codel.interval);
            self.least = waited;
            // One item in an interval is handled, however slow things are.
            return false;
        }
        self.least = self.least.min(waited);
        self.stands && waited > 2 * codel.target
    }
}
