//! The harness panics where it should, and finds what a panic leaves behind.

use std::cell::RefCell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use seaworthy_testkit::{Ending, Fuse, panic_at_every_poll};
use tokio::sync::Semaphore;
use tokio::task::yield_now;

/// The message of the panic that `run` ends with.
fn failure(run: impl FnOnce() -> usize) -> String {
    let payload = catch_unwind(AssertUnwindSafe(run)).expect_err("the harness finds it");
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => (*payload.downcast::<&str>().expect("with a message")).to_owned(),
    }
}

async fn one_permit() -> Semaphore {
    Semaphore::new(1)
}

async fn permit_is_back<T>(permits: &mut Semaphore, _: Ending<T>) {
    assert_eq!(permits.available_permits(), 1, "a permit leaked");
}

#[test]
fn each_poll_panics_once_and_the_last_round_completes() {
    let endings = RefCell::new(Vec::new());
    let polls = panic_at_every_poll(
        3,
        async || (),
        async |(), fuse| {
            fuse.wrap(yield_now()).await;
            yield_now().await;
            fuse.wrap(async { "done" }).await
        },
        async |(), ending| endings.borrow_mut().push(ending),
    );
    assert_eq!(polls, 3);
    let expected = [
        Ending::Panicked(1),
        Ending::Panicked(2),
        Ending::Panicked(3),
        Ending::Completed("done"),
    ];
    assert_eq!(endings.into_inner(), expected);
}

#[test]
fn a_panic_that_is_dealt_with_is_no_end() {
    let operation = async |(): &mut (), fuse: Fuse| {
        let task = tokio::spawn(async move { fuse.wrap(yield_now()).await });
        task.await.is_err()
    };
    let endings = RefCell::new(Vec::new());
    let check = async |(): &mut (), ending| endings.borrow_mut().push(ending);
    assert_eq!(panic_at_every_poll(8, async || (), operation, check), 2);
    assert_eq!(
        endings.into_inner(),
        [true, true, false].map(Ending::Completed)
    );
}

#[test]
fn a_permit_held_by_a_guard_comes_back() {
    let operation = async |permits: &mut Semaphore, fuse: Fuse| {
        let _permit = permits.acquire().await.expect("never closed");
        fuse.wrap(yield_now()).await;
    };
    assert_eq!(
        panic_at_every_poll(8, one_permit, operation, permit_is_back),
        2
    );
}

#[test]
fn a_permit_returned_by_hand_leaks() {
    let operation = async |permits: &mut Semaphore, fuse: Fuse| {
        fuse.wrap(async {}).await;
        permits.acquire().await.expect("never closed").forget();
        fuse.wrap(yield_now()).await;
        permits.add_permits(1);
    };
    let message = failure(|| panic_at_every_poll(8, one_permit, operation, permit_is_back));
    assert!(message.starts_with("panicked at poll 2: "), "{message}");
    assert!(message.contains("a permit leaked"), "{message}");
}

#[test]
fn a_panic_of_another_kind_is_a_failure() {
    let operation = async |(): &mut (), fuse: Fuse| {
        let outcome = tokio::spawn(async move { fuse.wrap(yield_now()).await }).await;
        assert!(outcome.is_ok(), "the operation cannot take it");
    };
    let message = failure(|| panic_at_every_poll(8, async || (), operation, async |(), _| ()));
    assert_eq!(message, "panicked at poll 1: the operation cannot take it");
}

#[test]
fn an_operation_that_is_polled_without_end_or_not_at_all_is_refused() {
    let three = async |(): &mut (), fuse: Fuse| {
        let mut polls = 0;
        fuse.wrap(poll_fn(|cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            if polls == 3 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }))
        .await;
    };
    let walk = |max| panic_at_every_poll(max, async || (), three, async |(), _| ());
    assert_eq!(walk(3), 3);
    assert_eq!(
        failure(|| walk(2)),
        "what the operation runs is polled more than 2 times"
    );

    let none = async |(): &mut (), _| ();
    let message = failure(|| panic_at_every_poll(8, async || (), none, async |(), _| ()));
    assert_eq!(
        message,
        "the operation has polled nothing that the fuse was in"
    );
}
