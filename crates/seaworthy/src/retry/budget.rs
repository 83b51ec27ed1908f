//! How many retries there may be: a bucket of tokens that needs no clock.

use std::sync::atomic::{AtomicU64, Ordering};

use super::config::RetryBudget;

/// A whole token. Parts of it are counted in fixed point: the least share that is told apart is a four-billionth.
const ONE: u64 = 1 << 32;
/// In place of how many tokens there may be, if there may be any number.
const UNBOUNDED: u64 = u64::MAX;

/// Each call puts a part of a token in, each retry takes one out.
///
/// While it is full, which it is if all is well, a call only reads.
#[derive(Debug)]
pub(crate) struct Bucket {
    tokens: AtomicU64,
    /// What a call puts in.
    ratio: AtomicU64,
    /// How much there may be in it.
    burst: AtomicU64,
}

impl Bucket {
    /// A full one.
    pub(crate) fn new(budget: Option<RetryBudget>) -> Self {
        let (ratio, burst) = units(budget);
        Self {
            tokens: AtomicU64::new(burst),
            ratio: AtomicU64::new(ratio),
            burst: AtomicU64::new(burst),
        }
    }

    /// Goes by another budget. What is in it stays, as far as there is room; one that was unbounded is full. By one thread
    /// at a time.
    pub(crate) fn set(&self, budget: Option<RetryBudget>) {
        let (ratio, burst) = units(budget);
        self.ratio.store(ratio, Ordering::Relaxed);
        self.burst.store(burst, Ordering::Relaxed);
        self.change(|tokens| (tokens > burst || burst == UNBOUNDED).then_some(burst));
    }

    /// A call comes.
    #[inline]
    pub(crate) fn deposit(&self) {
        self.put(self.ratio.load(Ordering::Relaxed));
    }

    /// A retry that was to be made is not made.
    pub(crate) fn refund(&self) {
        self.put(ONE);
    }

    #[inline]
    fn put(&self, units: u64) {
        let burst = self.burst.load(Ordering::Relaxed);
        self.change(|tokens| (tokens < burst).then(|| burst.min(tokens + units)));
    }

    /// Whether one more retry may be made. It is taken then.
    pub(crate) fn take(&self) -> bool {
        let burst = self.burst.load(Ordering::Relaxed);
        if burst == UNBOUNDED {
            return true;
        }
        self.change(|tokens| tokens.min(burst).checked_sub(ONE))
    }

    /// Whether it was changed.
    #[inline]
    fn change(&self, change: impl FnMut(u64) -> Option<u64>) -> bool {
        let tokens = &self.tokens;
        tokens
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, change)
            .is_ok()
    }

    /// How many retries there may be now; `None`: any number.
    pub(crate) fn tokens(&self) -> Option<f64> {
        let burst = self.burst.load(Ordering::Relaxed);
        let tokens = self.tokens.load(Ordering::Relaxed).min(burst);
        (burst != UNBOUNDED).then(|| tokens as f64 / ONE as f64)
    }
}

/// The budget has been checked: neither is too great.
fn units(budget: Option<RetryBudget>) -> (u64, u64) {
    budget.map_or((0, UNBOUNDED), |budget| {
        let ratio = (budget.ratio * ONE as f64).round() as u64;
        (ratio.max(1), u64::from(budget.burst) * ONE)
    })
}

#[cfg(test)]
mod tests;
