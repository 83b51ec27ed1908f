//! What is left to chance.

use seaworthy_core::sync::atomic::{AtomicU64, Ordering};

/// Those of the thread, or some that fall the same way each time.
#[derive(Debug)]
pub(crate) struct Dice {
    seeded: Option<AtomicU64>,
}

impl Dice {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self {
            seeded: seed.map(AtomicU64::new),
        }
    }

    /// Any number.
    #[inline]
    pub(crate) fn roll(&self) -> u32 {
        match &self.seeded {
            None => fastrand::u32(..),
            Some(state) => {
                // Splitmix64: a count, well stirred, so that threads need not wait for one another.
                const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
                let mut number = state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
                number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                ((number ^ (number >> 31)) >> 32) as u32
            }
        }
    }
}
