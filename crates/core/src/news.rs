//! What is told when it begins, and not again while it goes on.

use std::time::Duration;

use crate::clock::{self, Coarse};
use crate::sync::atomic::{AtomicU64, Ordering};

/// What has not happened for so long is news when it does.
const QUIET: Duration = Duration::from_secs(10);

/// When something happened last.
#[derive(Debug, Default)]
pub struct News {
    /// In nanoseconds of the coarse clock; 0 if never.
    last: AtomicU64,
}

impl News {
    /// It happens now. True if it has not for ten seconds, or ever: for one thread, or for all in which it happens at that
    /// moment.
    #[inline]
    pub fn happens(&self) -> bool {
        let now = clock::coarse();
        let was_quiet = self.was_quiet(now);
        self.last.store(now.as_nanos(), Ordering::Relaxed);
        was_quiet
    }

    /// Whether it has not happened in the ten seconds before this, or ever.
    #[inline]
    #[must_use]
    pub fn was_quiet(&self, now: Coarse) -> bool {
        let last = self.last.load(Ordering::Relaxed);
        last == 0 || now.since(Coarse::from_nanos(last)) >= QUIET
    }
}

#[cfg(all(test, feature = "test-util", not(seaworthy_loom)))]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_news_after_ten_quiet_seconds() {
        let (news, second) = (News::default(), Duration::from_secs(1));
        assert!(news.was_quiet(clock::coarse()));
        assert!(news.happens() && !news.happens());
        for _ in 0..3 {
            tokio::time::advance(9 * second).await;
            assert!(!news.happens(), "it goes on");
        }
        tokio::time::advance(10 * second).await;
        assert!(news.was_quiet(clock::coarse()) && news.happens());
    }
}
