//! One call, from its first attempt to its last.

use std::time::Duration;

use seaworthy_core::Executed;
use seaworthy_core::clock::{self, Coarse, Instant};
use seaworthy_core::request::Info;

use super::given_up::GivenUp;
use super::judge::Judgement;
use super::origin::Keeps;
use super::shared::Shared;

/// One call that may be tried again.
pub(super) struct Session<P: Keeps> {
    keeps: P,
    begun: Coarse,
    /// How often it may be tried.
    attempts: u32,
    /// How often it was tried again.
    retries: u32,
    /// It has taken a token for a retry that is not made yet.
    owes: bool,
}

impl<P: Keeps> Session<P> {
    /// The first attempt begins. None if there may be no other: then nothing is kept.
    #[inline]
    pub(super) fn begin(shared: &Shared, keep: impl FnOnce() -> P) -> Option<Self> {
        let attempts = shared.attempts();
        if attempts == 1 {
            return None;
        }
        shared.bucket().deposit();
        Some(Self {
            keeps: keep(),
            begun: clock::coarse(),
            attempts,
            retries: 0,
            owes: false,
        })
    }

    pub(super) fn keeps(&self) -> &P {
        &self.keeps
    }

    /// Which attempt it is at: 1 for the first.
    pub(super) fn attempt(&self) -> u32 {
        self.retries + 1
    }

    /// Whether no attempt may follow the next one.
    pub(super) fn next_is_last(&self) -> bool {
        self.retries + 2 >= self.attempts
    }

    /// An attempt has ended, with this outcome. When the next one begins, if there is one.
    ///
    /// `find_out` tells what is known about the request, and whether it can be sent again.
    #[inline]
    pub(super) fn ended(
        &mut self,
        judgement: Judgement,
        find_out: impl FnOnce() -> (Info, bool),
    ) -> Option<Instant> {
        match judgement {
            Judgement::Answer => {
                if self.retries > 0 {
                    self.keeps.shared().recovered();
                }
                None
            }
            Judgement::InVain => {
                self.keeps.shared().given_up(GivenUp::InVain);
                None
            }
            Judgement::Again {
                executed,
                retry_after,
            } => {
                let (info, is_replayable) = find_out();
                let begins = self.plan(executed, retry_after, info, is_replayable);
                begins
                    .map_err(|reason| self.keeps.shared().given_up(reason))
                    .ok()
            }
        }
    }

    #[cold]
    fn plan(
        &mut self,
        executed: Executed,
        retry_after: Option<Duration>,
        info: Info,
        is_replayable: bool,
    ) -> Result<Instant, GivenUp> {
        if executed == Executed::Maybe && !info.is_idempotent() {
            return Err(GivenUp::NotIdempotent);
        }
        if self.attempt() >= self.attempts {
            return Err(GivenUp::Attempts);
        }
        if !is_replayable {
            return Err(GivenUp::NotReplayable);
        }
        let begins = self.begins(retry_after, info)?;
        // Last, since it takes something.
        if !self.keeps.shared().bucket().take() {
            return Err(GivenUp::Budget);
        }
        self.owes = true;
        Ok(begins)
    }

    /// When the next attempt begins, if there is time for it.
    fn begins(&self, retry_after: Option<Duration>, info: Info) -> Result<Instant, GivenUp> {
        let config = self.keeps.shared().config();
        if config
            .max_retry_after
            .is_some_and(|longest| retry_after > Some(longest))
        {
            return Err(GivenUp::RetryAfter);
        }
        let delay = config.backoff.delay(self.retries, fastrand::f64());
        let delay = delay.max(retry_after.unwrap_or_default());
        let begins = clock::exact().checked_add(delay);
        let begins = begins.ok_or(GivenUp::Deadline)?;
        let is_late = info.deadline().is_some_and(|deadline| begins >= deadline)
            || config.within.is_some_and(|within| {
                // Counted long rather than short: what is over is over.
                let passed = clock::coarse().since(self.begun) + clock::coarse_lag();
                passed.saturating_add(delay) >= within
            });
        if is_late {
            return Err(GivenUp::Deadline);
        }
        Ok(begins)
    }

    /// The next attempt is made.
    pub(super) fn retries(&mut self) {
        self.owes = false;
        self.retries += 1;
        self.keeps.shared().retried();
    }
}

/// A retry that is not made, since its call is gone, costs nothing.
impl<P: Keeps> Drop for Session<P> {
    #[inline]
    fn drop(&mut self) {
        if self.owes {
            self.keeps.shared().bucket().refund();
        }
    }
}
