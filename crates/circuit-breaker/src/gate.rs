//! What a call reads without a lock.

use seaworthy_core::Cause;
use seaworthy_core::clock::Coarse;
use seaworthy_core::sync::atomic::{AtomicU64, Ordering};

/// What is to be done with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Let it through. If it ends well before `until`, it is tallied, otherwise counted under the lock.
    Tally,
    /// Let it through, and count it under the lock.
    Pass,
    /// Let it through. Nothing is counted.
    Free,
    /// Turn it away, up to and including `until`.
    Reject,
    /// Ask under the lock.
    Ask,
}

/// The state of a breaker in three words, which whoever holds its lock keeps up to date.
///
/// The generation in it ties them together: a call that was let through belongs to it, and a reader that finds another
/// one than a moment before has read words that do not belong together.
#[derive(Debug)]
pub(crate) struct Gate {
    /// The generation, and the mode below it.
    word: AtomicU64,
    until: AtomicU64,
    cause: AtomicU64,
}

/// What the gate showed at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sign {
    pub(crate) generation: u32,
    pub(crate) mode: Mode,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            word: AtomicU64::new(pack(Sign {
                generation: 0,
                mode: Mode::Ask,
            })),
            until: AtomicU64::new(0),
            cause: AtomicU64::new(0),
        }
    }

    #[inline]
    pub(crate) fn read(&self) -> Sign {
        unpack(self.word.load(Ordering::Acquire))
    }

    /// Until when the sign that was just read holds.
    #[inline]
    pub(crate) fn until(&self) -> Coarse {
        Coarse::from_nanos(self.until.load(Ordering::Acquire))
    }

    /// Why calls are turned away, and until when; `None` if that has changed since `sign` was read.
    #[inline]
    pub(crate) fn rejection(&self, sign: Sign) -> Option<(Coarse, Cause)> {
        let until = self.until();
        let cause = self.cause.load(Ordering::Acquire);
        (self.read() == sign).then(|| (until, decode(cause)))
    }

    /// Only with the lock held.
    pub(crate) fn write(&self, sign: Sign, until: Coarse, cause: Cause) {
        let word = pack(sign);
        let changes = self.word.load(Ordering::Relaxed) != word;
        if changes {
            // Nobody takes the old sign for the new words: both are asked under the lock meanwhile.
            let generation = sign.generation;
            let mode = Mode::Ask;
            self.word
                .store(pack(Sign { generation, mode }), Ordering::Release);
        }
        self.until.store(until.as_nanos(), Ordering::Release);
        self.cause.store(encode(cause), Ordering::Release);
        if changes {
            self.word.store(word, Ordering::Release);
        }
    }
}

fn pack(sign: Sign) -> u64 {
    let mode = match sign.mode {
        Mode::Tally => 0,
        Mode::Pass => 1,
        Mode::Free => 2,
        Mode::Reject => 3,
        Mode::Ask => 4,
    };
    u64::from(sign.generation) << 8 | mode
}

#[inline]
fn unpack(word: u64) -> Sign {
    Sign {
        generation: (word >> 8) as u32,
        mode: match word & 0xff {
            0 => Mode::Tally,
            1 => Mode::Pass,
            2 => Mode::Free,
            3 => Mode::Reject,
            _ => Mode::Ask,
        },
    }
}

/// Counts above a billion are told as a billion.
const PART: u32 = 30;
const PART_MAX: u64 = (1 << PART) - 1;

fn encode(cause: Cause) -> u64 {
    let pair = |kind: u64, part: u32, whole: u32| {
        kind << (2 * PART) | u64::from(part).min(PART_MAX) << PART | u64::from(whole).min(PART_MAX)
    };
    match cause {
        Cause::FailureRate { failures, calls } => pair(0, failures, calls),
        Cause::SlowRate { slow, calls } => pair(1, slow, calls),
        Cause::ConsecutiveFailures(failures) => pair(2, failures, 0),
        Cause::ProbeFailed => pair(3, 0, 0),
        Cause::ProbeSlow => pair(4, 0, 0),
        Cause::ProbeOverdue => pair(5, 0, 0),
        Cause::TrialTimeout => pair(6, 0, 0),
        Cause::ProbesBusy => pair(7, 0, 0),
        Cause::RampUp => pair(8, 0, 0),
        _ => pair(9, 0, 0),
    }
}

#[inline]
fn decode(code: u64) -> Cause {
    let part = (code >> PART & PART_MAX) as u32;
    let whole = (code & PART_MAX) as u32;
    match code >> (2 * PART) {
        0 => Cause::FailureRate {
            failures: part,
            calls: whole,
        },
        1 => Cause::SlowRate {
            slow: part,
            calls: whole,
        },
        2 => Cause::ConsecutiveFailures(part),
        3 => Cause::ProbeFailed,
        4 => Cause::ProbeSlow,
        5 => Cause::ProbeOverdue,
        6 => Cause::TrialTimeout,
        7 => Cause::ProbesBusy,
        8 => Cause::RampUp,
        _ => Cause::Forced,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_comes_back_as_it_was() {
        for cause in [
            Cause::FailureRate {
                failures: 7,
                calls: 1_000_000_000,
            },
            Cause::SlowRate { slow: 1, calls: 2 },
            Cause::ConsecutiveFailures(5),
            Cause::ProbeFailed,
            Cause::ProbeSlow,
            Cause::ProbeOverdue,
            Cause::TrialTimeout,
            Cause::ProbesBusy,
            Cause::RampUp,
            Cause::Forced,
        ] {
            assert_eq!(decode(encode(cause)), cause);
        }
        let most = Cause::ConsecutiveFailures(u32::MAX);
        assert_eq!(
            decode(encode(most)),
            Cause::ConsecutiveFailures(PART_MAX as u32)
        );
    }
}
