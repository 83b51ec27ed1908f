//! What loom says about the two ends of a call.

use std::future::poll_fn;

use loom::thread;

use super::*;
use crate::loom_tests::{block_on, model, poll_once};

fn ends() -> (Arc<Pool<u32>>, Asking<u32>, Answering<u32>) {
    let pool = Arc::new(Pool::new(4));
    let (asking, answering) = pool.open();
    (pool, asking, answering)
}

fn wait(pool: &Pool<u32>, asking: &mut Asking<u32>) -> Option<u32> {
    block_on(poll_fn(|cx| asking.poll(pool, cx.waker())))
}

#[test]
fn the_caller_gets_the_answer_or_knows_that_there_is_none() {
    model(|| {
        let (pool, mut asking, answering) = ends();
        let copy = answering.clone();
        let crashes = thread::spawn(move || drop(copy));
        let answers = thread::spawn(move || answering.answer(7));
        assert_eq!(wait(&pool, &mut asking), Some(7));
        crashes.join().unwrap();
        answers.join().unwrap();

        let (mut asking, answering) = pool.open();
        let crashes = thread::spawn(move || drop(answering));
        assert_eq!(wait(&pool, &mut asking), None);
        crashes.join().unwrap();
    });
}

/// Whoever comes next finds nothing of the one before.
#[test]
fn a_slot_is_as_new_whoever_leaves_first() {
    model(|| {
        let (pool, mut asking, answering) = ends();
        let worker = thread::spawn(move || {
            if answering.begin() {
                answering.answer(7);
            }
        });
        let polled = poll_once(poll_fn(|cx| asking.poll(&pool, cx.waker())));
        asking.leave(&pool);
        let (mut next, answering) = pool.open();
        assert!(!answering.has_begun() && next.is_waiting(), "{polled:?}");
        worker.join().unwrap();
        let worker = thread::spawn(move || answering.answer(8));
        assert_eq!(wait(&pool, &mut next), Some(8));
        worker.join().unwrap();
    });
}
