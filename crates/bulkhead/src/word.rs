//! How many calls are under way, of how many, and whether anybody waits: in one word, changed in one step.

use seaworthy_core::sync::atomic::{AtomicU64, Ordering};

use crate::machine::Load;

/// Calls are let in and leave by one atomic update each for as long as nobody waits.
///
/// Once somebody does, it is contended: then nobody gets in but by whoever holds the lock, and whoever leaves sees to it
/// that the next gets in. Both are in the same word as the count, so that nobody can begin to wait while the last call
/// leaves unnoticed.
#[derive(Debug)]
pub(crate) struct Word {
    bits: AtomicU64,
}

/// What the word says at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sign {
    pub(crate) load: Load,
    pub(crate) contended: bool,
}

/// What came of going in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It was let in, and counts as so much.
    Entered(u32),
    /// There is no room, and nobody waits.
    Full(Load),
    /// It is for the lock to say.
    Contended,
}

const LIMIT_BITS: u32 = 31;
const CONTENDED: u64 = 1 << 63;

fn pack(sign: Sign) -> u64 {
    let limit = u64::from(sign.load.limit) & ((1 << LIMIT_BITS) - 1);
    let contended = if sign.contended { CONTENDED } else { 0 };
    contended | limit << 32 | u64::from(sign.load.in_flight)
}

#[inline]
fn unpack(bits: u64) -> Sign {
    Sign {
        load: Load {
            in_flight: bits as u32,
            limit: (bits >> 32) as u32 & ((1 << LIMIT_BITS) - 1),
        },
        contended: bits & CONTENDED != 0,
    }
}

impl Word {
    /// Of one that is contended from the beginning nobody ever gets in but by the lock.
    pub(crate) fn new(limit: u32, contended: bool) -> Self {
        let load = Load {
            in_flight: 0,
            limit,
        };
        Self {
            bits: AtomicU64::new(pack(Sign { load, contended })),
        }
    }

    #[inline]
    pub(crate) fn read(&self) -> Sign {
        unpack(self.bits.load(Ordering::Acquire))
    }

    /// Goes in, if there is room and nobody waits.
    #[inline]
    pub(crate) fn enter(&self, weight: u32) -> Entry {
        let mut bits = self.bits.load(Ordering::Relaxed);
        loop {
            let Sign { load, contended } = unpack(bits);
            if contended {
                return Entry::Contended;
            }
            // Whoever is heavier than the limit takes all of it.
            let charge = weight.min(load.limit);
            // In flight may be beyond the limit, after that was lowered.
            if load.in_flight.saturating_add(charge) > load.limit {
                return Entry::Full(load);
            }
            let entered = bits + u64::from(charge);
            match self.swap(bits, entered) {
                Ok(()) => return Entry::Entered(charge),
                Err(now) => bits = now,
            }
        }
    }

    /// One that was counted as so much goes in. For whoever holds the lock of what is contended: others only leave.
    pub(crate) fn add(&self, charge: u32) {
        self.bits.fetch_add(u64::from(charge), Ordering::Acquire);
    }

    /// Leaves. Says how it was just before.
    #[inline]
    pub(crate) fn leave(&self, charge: u32) -> Sign {
        unpack(self.bits.fetch_sub(u64::from(charge), Ordering::AcqRel))
    }

    /// Becomes contended, unless there is room now: then goes in instead.
    pub(crate) fn enter_or_contend(&self, weight: u32) -> Entry {
        loop {
            match self.enter(weight) {
                Entry::Full(load) => {
                    let contended = false;
                    let bits = pack(Sign { load, contended });
                    if self.swap(bits, bits | CONTENDED).is_ok() {
                        return Entry::Contended;
                    }
                }
                other => return other,
            }
        }
    }

    /// Nobody waits any more.
    pub(crate) fn relax(&self) {
        self.bits.fetch_and(!CONTENDED, Ordering::AcqRel);
    }

    pub(crate) fn set_limit(&self, limit: u32) {
        let mut bits = self.bits.load(Ordering::Relaxed);
        loop {
            let mut sign = unpack(bits);
            sign.load.limit = limit;
            match self.swap(bits, pack(sign)) {
                Ok(()) => return,
                Err(now) => bits = now,
            }
        }
    }

    #[inline]
    fn swap(&self, from: u64, to: u64) -> Result<(), u64> {
        let (good, bad) = (Ordering::AcqRel, Ordering::Relaxed);
        self.bits
            .compare_exchange_weak(from, to, good, bad)
            .map(|_| ())
    }
}

#[cfg(all(test, not(seaworthy_loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back() {
        for in_flight in [0, 1, u32::MAX] {
            for limit in [1, 1_000_000, (1 << LIMIT_BITS) - 1] {
                for contended in [false, true] {
                    let load = Load { in_flight, limit };
                    let sign = Sign { load, contended };
                    assert_eq!(unpack(pack(sign)), sign);
                }
            }
        }
    }

    #[test]
    fn nobody_enters_above_the_limit_and_the_heaviest_enters_alone() {
        let word = Word::new(3, false);
        assert_eq!(word.enter(2), Entry::Entered(2));
        let full = Entry::Full(word.read().load);
        assert_eq!(word.enter(2), full);
        assert_eq!(word.enter(1), Entry::Entered(1));
        word.set_limit(1);
        word.leave(2);
        assert!(matches!(word.enter(1), Entry::Full(_)), "at the new limit");
        word.leave(1);
        assert_eq!(word.enter(u32::MAX), Entry::Entered(1));
        assert_eq!(word.enter_or_contend(1), Entry::Contended);
        word.leave(1);
        assert_eq!(word.enter(1), Entry::Contended, "somebody waits");
        word.relax();
        assert_eq!(word.enter(1), Entry::Entered(1));
    }
}
