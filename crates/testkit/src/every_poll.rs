//! A panic at each poll of what an operation runs.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::Poll;

use crate::round::{message, play};
use crate::{Ending, Fuse};

/// Proves that a panic may come out of any poll of what an operation runs.
///
/// The operation gets a [`Fuse`] and [wraps](Fuse::wrap) with it the future that shall panic: that of a
/// user's service inside of a layer, say, or itself as a whole. Round `k` burns the fuse at the `k`th
/// poll of what was wrapped. The panic may come out of the operation ([`Ending::Panicked`]) or be
/// dealt with in there ([`Ending::Completed`]). Fixture, time and `check` are as in
/// [`at_every_await`](crate::at_every_await). The rounds end with the first in which the fuse does not
/// burn, which is checked as well.
///
/// Returns the number of polls that panicked.
///
/// ```
/// use seaworthy_testkit::{Live, panic_at_every_poll};
///
/// let polls = panic_at_every_poll(
///     8,
///     async || Live::new(),
///     async |live, fuse| {
///         let _guard = live.guard();
///         fuse.wrap(tokio::task::yield_now()).await;
///     },
///     async |live, ending| assert_eq!(live.alive(), 0, "{ending}"),
/// );
/// assert_eq!(polls, 2);
/// ```
///
/// # Panics
///
/// With the moment and the message, if the fixture or `check` panics, or the operation on its own
/// account. If there are more than `max` polls, or none, or the operation is not done in time. From
/// inside of a runtime.
#[track_caller]
pub fn panic_at_every_poll<F, T>(
    max: usize,
    fixture: impl AsyncFn() -> F,
    operation: impl AsyncFn(&mut F, Fuse) -> T,
    check: impl AsyncFn(&mut F, Ending<T>),
) -> usize {
    for k in 1..=max + 1 {
        let fuse = Fuse::new(k);
        let fused = async |fixture: &mut F| contain(&fuse, operation(fixture, fuse.clone())).await;
        play(Ending::Panicked(k), &fixture, fused, &check);
        if !fuse.is_burnt() {
            assert!(
                k > 1,
                "the operation has polled nothing that the fuse was in"
            );
            return k - 1;
        }
    }
    panic!("what the operation runs is polled more than {max} times");
}

/// Runs `operation`; the panic of `fuse` ends it, any other goes on.
async fn contain<T>(fuse: &Fuse, operation: impl Future<Output = T>) -> Ending<T> {
    let mut operation = pin!(operation);
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| operation.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ending::Completed),
            Err(payload) if message(payload.as_ref()).contains(&fuse.message()) => {
                Poll::Ready(Ending::Panicked(fuse.at()))
            }
            Err(payload) => resume_unwind(payload),
        },
    )
    .await
}
