//! What loom says about [`Serial`]: run with `RUSTFLAGS="--cfg seaworthy_loom"`, in release.
#![cfg(seaworthy_loom)]

use std::collections::VecDeque;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use seaworthy_core::serial::Serial;

/// Items to be performed, and what was performed.
struct Bench {
    serial: Serial<VecDeque<u32>>,
    performing: AtomicBool,
    done: loom::sync::Mutex<Vec<u32>>,
}

impl Bench {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            serial: Serial::new(VecDeque::new()),
            performing: AtomicBool::new(false),
            done: loom::sync::Mutex::new(Vec::new()),
        })
    }

    fn post_and_run(&self, items: &[u32]) {
        for item in items {
            self.serial.with(|queue| queue.push_back(*item));
            self.run();
        }
    }

    fn run(&self) {
        self.serial.run(VecDeque::pop_front, |item| {
            let overlaps = self.performing.swap(true, Ordering::SeqCst);
            assert!(!overlaps, "two threads perform at once");
            self.done.lock().unwrap().push(item);
            self.performing.store(false, Ordering::SeqCst);
        });
    }
}

/// Nothing is left behind, nobody overlaps, and each poster's items keep their order.
#[test]
fn nothing_is_lost_and_nothing_overlaps() {
    loom::model(|| {
        let bench = Bench::new();
        let other = Arc::clone(&bench);
        let thread = thread::spawn(move || other.post_and_run(&[11, 12]));
        bench.post_and_run(&[21, 22]);
        thread.join().unwrap();
        let done = bench.done.lock().unwrap().clone();
        let of = |tens: u32| done.iter().copied().filter(move |item| item / 10 == tens);
        assert!(of(1).eq([11, 12]), "{done:?}");
        assert!(of(2).eq([21, 22]), "{done:?}");
    });
}

/// `if_idle` never sees the state while somebody performs.
#[test]
fn if_idle_is_exclusive() {
    loom::model(|| {
        let bench = Bench::new();
        let other = Arc::clone(&bench);
        let thread = thread::spawn(move || other.post_and_run(&[11]));
        let seen = bench
            .serial
            .if_idle(|_| bench.performing.load(Ordering::SeqCst));
        assert_ne!(seen, Some(true), "idle, while an effect is performed");
        thread.join().unwrap();
        assert_eq!(*bench.done.lock().unwrap(), [11]);
    });
}

/// An effect that posts and runs again only enqueues.
#[test]
fn an_effect_may_call_back() {
    loom::model(|| {
        let bench = Bench::new();
        bench.serial.with(|queue| queue.push_back(1));
        let other = Arc::clone(&bench);
        let thread = thread::spawn(move || other.run());
        bench.serial.run(VecDeque::pop_front, |item| {
            bench.done.lock().unwrap().push(item);
            if item == 1 {
                bench.serial.with(|queue| queue.push_back(2));
                bench.run();
            }
        });
        thread.join().unwrap();
        // Whoever ran, an item that was posted by an effect is performed before all have returned.
        let done = bench.done.lock().unwrap().clone();
        assert!(done == [1, 2] || done == [1], "{done:?}");
        assert!(bench.serial.with(|queue| queue.is_empty()));
    });
}
