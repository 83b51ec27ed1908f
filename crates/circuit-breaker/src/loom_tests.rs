//! What loom says about the ways around the lock: run with `RUSTFLAGS="--cfg seaworthy_loom"`, in release.
//!
//! [`Gate`] and [`Tally`] are used as [`Shared`](crate::shared::Shared) uses them; the lock is loom's.

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;
use seaworthy_core::Cause;
use seaworthy_core::clock::Coarse;

use crate::gate::{Gate, Mode, Sign};
use crate::tally::{Seen, Tally};

/// A breaker that is no more than its generation, and what was counted for each.
struct Bench {
    gate: Gate,
    tally: Tally,
    inner: Mutex<Inner>,
}

struct Inner {
    generation: u32,
    seen: Seen,
    /// How many successes were counted in which generation.
    counted: Vec<(u32, u64)>,
}

const FOREVER: Coarse = Coarse::from_nanos(u64::MAX);

fn sign(generation: u32, mode: Mode) -> Sign {
    Sign { generation, mode }
}

impl Bench {
    fn new(cells: usize) -> Arc<Self> {
        let tally = Tally::over(cells);
        let inner = Mutex::new(Inner {
            generation: 1,
            seen: tally.unseen(),
            counted: Vec::new(),
        });
        let gate = Gate::new();
        gate.write(sign(1, Mode::Tally), FOREVER, Cause::Forced);
        Arc::new(Self { gate, tally, inner })
    }

    /// A call that ends well, with the lock only if it has to be.
    fn succeed(&self, cell: Option<usize>, of: u32) {
        let now = self.gate.read();
        if now == sign(of, Mode::Tally) {
            self.tally.add_as(cell, of);
        } else {
            let mut inner = self.inner.lock().unwrap();
            self.collect(&mut inner);
            if inner.generation == of {
                inner.counted.push((of, 1));
            }
        }
    }

    fn collect(&self, inner: &mut Inner) {
        let generation = inner.generation;
        let successes = self.tally.collect(generation, &mut inner.seen);
        if successes > 0 {
            inner.counted.push((generation, successes));
        }
    }

    /// Counts what was tallied, and goes on to the next generation.
    fn turn(&self) {
        let mut inner = self.inner.lock().unwrap();
        self.collect(&mut inner);
        inner.generation += 1;
        let next = sign(inner.generation, Mode::Tally);
        self.gate.write(next, FOREVER, Cause::Forced);
    }

    /// Counts what was tallied.
    fn look(&self) {
        self.collect(&mut self.inner.lock().unwrap());
    }

    fn counted(&self, generation: u32) -> u64 {
        self.look();
        let inner = self.inner.lock().unwrap();
        let of = inner.counted.iter().filter(|(of, _)| *of == generation);
        of.map(|(_, successes)| successes).sum()
    }
}

/// Whoever looks meanwhile, and however often: each success is counted once.
#[test]
fn each_success_is_counted_once() {
    for (one, other) in [(Some(0), Some(1)), (None, None), (Some(0), None)] {
        loom::model(move || {
            let bench = Bench::new(2);
            let theirs = Arc::clone(&bench);
            let thread = thread::spawn(move || {
                theirs.succeed(one, 1);
                theirs.succeed(one, 1);
            });
            bench.succeed(other, 1);
            bench.look();
            thread.join().unwrap();
            assert_eq!(bench.counted(1), 3);
        });
    }
}

/// It turns meanwhile: a success counts in its own generation, or not at all, and never later.
#[test]
fn no_success_counts_in_a_later_generation() {
    for cell in [Some(0), None] {
        loom::model(move || {
            let bench = Bench::new(1);
            // One is there for certain, in the cell of the rest.
            bench.succeed(None, 1);
            let theirs = Arc::clone(&bench);
            let thread = thread::spawn(move || {
                theirs.succeed(cell, 1);
                theirs.succeed(cell, 1);
            });
            bench.turn();
            bench.succeed(None, 2);
            bench.look();
            thread.join().unwrap();
            assert_eq!(bench.counted(2), 1);
            assert!((1..=3).contains(&bench.counted(1)));
        });
    }
}

/// As before, with the turn in the other thread: loom takes other ways then.
#[test]
fn no_success_counts_in_a_later_generation_wherever_it_turns() {
    for cell in [Some(0), None] {
        loom::model(move || {
            let bench = Bench::new(1);
            let theirs = Arc::clone(&bench);
            let thread = thread::spawn(move || {
                theirs.turn();
                theirs.succeed(None, 2);
            });
            bench.succeed(cell, 1);
            bench.succeed(cell, 1);
            bench.look();
            thread.join().unwrap();
            assert_eq!(bench.counted(2), 1);
            assert!(bench.counted(1) <= 2);
        });
    }
}

/// What was tallied before the lock was taken is counted before it turns.
#[test]
fn what_has_ended_before_is_counted_before() {
    loom::model(|| {
        let bench = Bench::new(1);
        let ended = Arc::new(AtomicBool::new(false));
        let (theirs, told) = (Arc::clone(&bench), Arc::clone(&ended));
        let thread = thread::spawn(move || {
            theirs.succeed(Some(0), 1);
            told.store(true, Ordering::Release);
        });
        let before = ended.load(Ordering::Acquire);
        bench.turn();
        thread.join().unwrap();
        let counted = bench.counted(1);
        assert!(counted == 1 || !before && counted == 0, "{counted}");
    });
}

/// The generation of an opening, when it ends, and why: all made of one number, so that a mixture shows.
fn opening(number: u32) -> (Sign, Coarse, Cause) {
    (
        sign(number, Mode::Reject),
        Coarse::from_nanos(u64::from(number) * 100),
        Cause::ConsecutiveFailures(number),
    )
}

/// A rejection is of one opening: its end and its cause, and nothing of another.
#[test]
fn no_rejection_mixes_two_openings() {
    loom::model(|| {
        let gate = Arc::new(Gate::new());
        let (first, until, cause) = opening(2);
        gate.write(first, until, cause);
        let theirs = Arc::clone(&gate);
        let thread = thread::spawn(move || {
            theirs.write(sign(3, Mode::Tally), FOREVER, Cause::Forced);
            let (next, until, cause) = opening(4);
            theirs.write(next, until, cause);
        });
        for _ in 0..2 {
            let read = gate.read();
            if read.mode == Mode::Reject
                && let Some((until, cause)) = gate.rejection(read)
            {
                assert_eq!((read, until, cause), opening(read.generation));
            }
        }
        thread.join().unwrap();
    });
}

/// Once somebody was told that it is open, and whoever he tells, nobody is let in without asking.
#[test]
fn nobody_is_let_in_who_knows_that_it_is_open() {
    loom::model(|| {
        let gate = Arc::new(Gate::new());
        gate.write(sign(1, Mode::Tally), FOREVER, Cause::Forced);
        let told = Arc::new(AtomicBool::new(false));
        let (theirs, tell) = (Arc::clone(&gate), Arc::clone(&told));
        let thread = thread::spawn(move || {
            let (open, until, cause) = opening(2);
            theirs.write(open, until, cause);
            assert_eq!(theirs.read(), open);
            tell.store(true, Ordering::Release);
        });
        let knew = told.load(Ordering::Acquire);
        let (first, second) = (gate.read(), gate.read());
        assert!(first.generation <= second.generation, "it never goes back");
        assert!(!knew || first.mode == Mode::Reject);
        assert!(first.mode == Mode::Tally || second.mode != Mode::Tally);
        thread.join().unwrap();
    });
}
