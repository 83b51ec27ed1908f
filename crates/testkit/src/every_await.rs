//! Dropping an operation at each of its await points.

use crate::round::play;
use crate::{Ending, drop_after, drop_once_woken};

/// Proves that an operation may be dropped at any await point.
///
/// Each round has a fresh fixture in a fresh runtime in virtual time. The operation is dropped before
/// its first poll; then, for k = 1, 2, ..., right after its `k`th `Pending`, and in a round of its own
/// after it was woken from that and before it is polled again. Then a minute of virtual time passes,
/// so that tasks and timers which it left behind run, and `check` looks at the fixture. The rounds end
/// with the first in which the operation completes, which is checked as well.
///
/// Returns the number of await points at which it was dropped: assert it, so that an operation which
/// no longer waits does not pass for one that was tested.
///
/// The operation has to complete, within an hour of virtual time: what it waits for, the fixture has to
/// provide. It must take the same course in each round. Pass a closure that returns a future
/// (`|fixture| fixture.call(..)`), not an async one, for the call itself to happen before the drop
/// before the first poll.
///
/// ```
/// use std::sync::Arc;
/// use seaworthy_testkit::at_every_await;
/// use tokio::sync::Semaphore;
///
/// let awaits = at_every_await(
///     8,
///     async || Arc::new(Semaphore::new(1)),
///     async |permits| {
///         let _permit = permits.acquire().await.expect("never closed");
///         tokio::task::yield_now().await;
///     },
///     async |permits, ending| assert_eq!(permits.available_permits(), 1, "{ending}"),
/// );
/// assert_eq!(awaits, 1, "the free permit is had without waiting");
/// ```
///
/// # Panics
///
/// With the moment of the drop and the message, if the fixture, the operation or `check` panics. If the
/// operation has more than `max` await points, or is not done in time. From inside of a runtime.
#[track_caller]
pub fn at_every_await<F, T>(
    max: usize,
    fixture: impl AsyncFn() -> F,
    operation: impl AsyncFn(&mut F) -> T,
    check: impl AsyncFn(&mut F, Ending<T>),
) -> usize {
    let unpolled = async |fixture: &mut F| {
        drop(operation(fixture));
        Ending::Unpolled
    };
    play(Ending::Unpolled, &fixture, unpolled, &check);
    for k in 1..=max + 1 {
        let pending = async |fixture: &mut F| {
            let output = drop_after(operation(fixture), k).await;
            output.map_or(Ending::Pending(k), Ending::Completed)
        };
        if play(Ending::Pending(k), &fixture, pending, &check) {
            return k - 1;
        }
        let woken = async |fixture: &mut F| {
            let output = drop_once_woken(operation(fixture), k).await;
            output.map_or(Ending::Woken(k), Ending::Completed)
        };
        play(Ending::Woken(k), &fixture, woken, &check);
    }
    panic!("the operation has more than {max} await points");
}
