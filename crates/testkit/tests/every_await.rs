//! The harness finds what leaks when it is dropped, at the moment at which it leaks.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use seaworthy_testkit::{Ending, Live, at_every_await};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::sleep;

/// The message of the panic that `run` ends with.
fn failure(run: impl FnOnce() -> usize) -> String {
    let payload = catch_unwind(AssertUnwindSafe(run)).expect_err("the harness finds it");
    *payload.downcast().expect("with a message")
}

async fn one_permit() -> Semaphore {
    Semaphore::new(1)
}

async fn permit_is_back<T>(permits: &mut Semaphore, _: Ending<T>) {
    assert_eq!(permits.available_permits(), 1, "a permit leaked");
}

#[test]
fn all_moments_come_in_order_and_the_last_is_completion() {
    let endings = RefCell::new(Vec::new());
    let awaits = at_every_await(
        2,
        async || (),
        async |()| {
            yield_now().await;
            sleep(Duration::from_secs(1)).await;
            "done"
        },
        async |(), ending| endings.borrow_mut().push(ending),
    );
    assert_eq!(awaits, 2);
    let expected = [
        Ending::Unpolled,
        Ending::Pending(1),
        Ending::Woken(1),
        Ending::Pending(2),
        Ending::Woken(2),
        Ending::Completed("done"),
    ];
    assert_eq!(endings.into_inner(), expected);
}

#[test]
fn a_permit_held_by_a_guard_comes_back() {
    let operation = async |permits: &mut Semaphore| {
        let _permit = permits.acquire().await.expect("never closed");
        yield_now().await;
        sleep(Duration::from_secs(1)).await;
    };
    assert_eq!(at_every_await(8, one_permit, operation, permit_is_back), 2);
}

#[test]
fn a_permit_returned_by_hand_leaks() {
    let operation = async |permits: &mut Semaphore| {
        permits.acquire().await.expect("never closed").forget();
        yield_now().await;
        permits.add_permits(1);
    };
    let message = failure(|| at_every_await(8, one_permit, operation, permit_is_back));
    assert!(message.starts_with("dropped at await 1: "), "{message}");
    assert!(message.contains("a permit leaked"), "{message}");
}

#[test]
fn a_leak_late_in_the_operation_is_named_by_its_await() {
    let operation = async |permits: &mut Semaphore| {
        yield_now().await;
        yield_now().await;
        permits.acquire().await.expect("never closed").forget();
        yield_now().await;
        permits.add_permits(1);
    };
    let message = failure(|| at_every_await(8, one_permit, operation, permit_is_back));
    assert!(message.starts_with("dropped at await 3: "), "{message}");
}

#[test]
fn a_leak_upon_completion_is_found() {
    let operation = async |permits: &mut Semaphore| {
        permits.acquire().await.expect("never closed").forget();
    };
    let message = failure(|| at_every_await(8, one_permit, operation, permit_is_back));
    assert!(message.starts_with("completed: "), "{message}");
}

#[test]
fn what_a_call_takes_before_its_first_poll_is_seen() {
    let fixture = async || Arc::new(Semaphore::new(1));
    let operation = |permits: &mut Arc<Semaphore>| {
        permits.try_acquire().expect("one is free").forget();
        let permits = Arc::clone(permits);
        async move { permits.add_permits(1) }
    };
    let check = async |permits: &mut Arc<Semaphore>, _| assert_eq!(permits.available_permits(), 1);
    let message = failure(|| at_every_await(8, fixture, operation, check));
    assert!(
        message.starts_with("dropped before its first poll: "),
        "{message}"
    );
}

/// Hands its permit to whoever asks, and takes it back if the asker has gone by then.
async fn hand_over(permits: Arc<Semaphore>, mut askers: mpsc::Receiver<oneshot::Sender<()>>) {
    while let Some(asker) = askers.recv().await {
        permits.acquire().await.expect("never closed").forget();
        if asker.send(()).is_err() {
            permits.add_permits(1);
        }
    }
}

#[test]
fn what_was_handed_over_and_not_yet_received_leaks() {
    let fixture = async || {
        let (permits, (ask, askers)) = (Arc::new(Semaphore::new(1)), mpsc::channel(1));
        tokio::spawn(hand_over(Arc::clone(&permits), askers));
        (permits, ask)
    };
    let operation = async |(permits, ask): &mut (Arc<Semaphore>, mpsc::Sender<_>)| {
        let (asker, answer) = oneshot::channel();
        ask.try_send(asker).expect("there is room");
        answer.await.expect("it is answered");
        permits.add_permits(1);
    };
    let check = async |(permits, _): &mut (Arc<Semaphore>, _), _| {
        assert_eq!(permits.available_permits(), 1);
    };
    let message = failure(|| at_every_await(8, fixture, operation, check));
    assert!(
        message.starts_with("dropped at await 1, once woken: "),
        "{message}"
    );
}

#[test]
fn tasks_left_behind_have_their_time_before_the_check() {
    let operation = async |live: &mut Live| {
        let guard = live.guard();
        tokio::spawn(async move {
            sleep(Duration::from_secs(50)).await;
            drop(guard);
        });
        yield_now().await;
    };
    let check = async |live: &mut Live, ending: Ending<()>| {
        let begun = usize::from(ending != Ending::Unpolled);
        assert_eq!((live.created(), live.alive()), (begun, 0));
    };
    assert_eq!(at_every_await(8, async || Live::new(), operation, check), 1);
}

#[test]
fn an_operation_with_too_many_awaits_is_refused() {
    let operation = async |(): &mut ()| {
        for _ in 0..3 {
            yield_now().await;
        }
    };
    let walk = |max| at_every_await(max, async || (), operation, async |(), _| ());
    assert_eq!(walk(3), 3);
    assert_eq!(
        failure(|| walk(2)),
        "the operation has more than 2 await points"
    );
}

#[test]
fn an_operation_that_nobody_wakes_is_refused() {
    let operation = async |(): &mut ()| std::future::pending::<()>().await;
    let message = failure(|| at_every_await(8, async || (), operation, async |(), _| ()));
    assert!(
        message.starts_with("dropped at await 1, once woken: "),
        "{message}"
    );
    assert!(message.contains("within an hour"), "{message}");
}

#[test]
fn a_panic_of_the_operation_is_no_end_but_a_failure() {
    let operation = async |(): &mut ()| {
        yield_now().await;
        panic!("on its own account");
    };
    let message = failure(|| at_every_await::<_, ()>(8, async || (), operation, async |(), _| ()));
    assert_eq!(message, "dropped at await 2: on its own account");
}
