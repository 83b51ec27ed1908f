//! Random schedules that can be replayed.

use std::ops::Range;

/// Where schedules start if nobody says otherwise: the same ones in every run.
const BASE: u64 = 1;

/// `n` seeds, one for each schedule of a test; from `SEAWORTHY_SEED` on, if that is set.
///
/// A schedule whose [`Seed`] is dropped by a panic prints `SEAWORTHY_SEED=...` to standard error. With
/// that in its environment, the test begins with the very schedule that failed.
///
/// ```
/// use seaworthy_testkit::seeds;
///
/// for seed in seeds(100) {
///     let mut rng = seed.rng();
///     let crashes = rng.range(0..5);
///     assert!(crashes < 5, "a failure names the seed");
/// }
/// ```
///
/// # Panics
///
/// If `SEAWORTHY_SEED` is set and not a whole number from 0 to 2^64 - 1.
pub fn seeds(n: u64) -> Seeds {
    let base = match std::env::var("SEAWORTHY_SEED") {
        Ok(text) => text
            .trim()
            .parse()
            .expect("SEAWORTHY_SEED is a whole number"),
        Err(_) => BASE,
    };
    Seeds {
        next: base,
        left: n,
    }
}

/// The iterator that [`seeds`] returns.
#[derive(Debug)]
#[must_use = "an iterator does nothing unless it is used"]
pub struct Seeds {
    next: u64,
    left: u64,
}

impl Iterator for Seeds {
    type Item = Seed;

    fn next(&mut self) -> Option<Seed> {
        self.left = self.left.checked_sub(1)?;
        let seed = Seed { value: self.next };
        self.next = self.next.wrapping_add(1);
        Some(seed)
    }
}

/// The seed of one schedule. Keep it until the schedule has been checked.
#[derive(Debug)]
#[must_use = "a seed that is gone cannot be named in a failure"]
pub struct Seed {
    value: u64,
}

impl Seed {
    /// The number itself.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.value
    }

    /// Random numbers that are the same for the same seed.
    #[must_use]
    pub fn rng(&self) -> Rng {
        Rng {
            inner: fastrand::Rng::with_seed(self.value),
        }
    }
}

impl Drop for Seed {
    #[expect(clippy::print_stderr, reason = "it belongs beside the panic message")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("SEAWORTHY_SEED={}", self.value);
        }
    }
}

/// Random numbers of a schedule.
#[derive(Clone, Debug)]
pub struct Rng {
    inner: fastrand::Rng,
}

impl Rng {
    /// One of `items`.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.inner.usize(..items.len())]
    }

    /// True with this probability: never for 0, always for 1.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.inner.f64() < probability
    }

    /// A number from this range, all equally likely.
    ///
    /// # Panics
    ///
    /// If the range is empty.
    pub fn range(&mut self, range: Range<u64>) -> u64 {
        self.inner.u64(range)
    }
}
