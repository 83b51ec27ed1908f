//! Many tasks, a few at a time.

mod outbox;
mod ready;
mod running;

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context as Waking, Poll};
use std::time::Duration;

use futures_core::Stream;
use seaworthy_core::panic;

use super::TaskSupervisor;
use super::error::{SpawnError, TaskError};
use super::starting::Starting;
use outbox::{Outbox, Turn};
use running::Running;

/// How many tasks may be started in one poll, so that whoever polls can do something else in between.
const STARTS_PER_POLL: usize = 128;

/// The results of one task for each of many items, made by [`TaskSupervisor::stream`]. Elixir's
/// `async_stream_nolink`.
///
/// There is one result for each item, in the order of the items; with [`unordered`](Self::unordered), as they come.
/// A task that crashes is an error in its place, and the stream goes on. Items are taken, and tasks started, only
/// while the stream is polled: whoever does not want more results gets no more tasks. At no time are there more than
/// `max_concurrency` tasks that run or whose results wait to be taken.
///
/// Dropping the stream ends what runs: each task is dropped at its next await, whatever it listens to. The
/// stream holds a handle of its supervisor, and owns it if that handle did.
///
/// # When there is no room
///
/// If the supervisor has its [maximum of children](crate::TaskSupervisorBuilder::max_children), the item waits until a
/// task of this stream has ended. If none runs, there is nothing to wait for, and the item's result is
/// [`TaskError::NotStarted`]. It is so as well for each item while the supervisor is not running.
///
/// # When not to use it
///
/// For futures that need no supervision, `buffered` and `buffer_unordered` of the futures crate do it in the task of
/// the caller.
///
/// ```
/// use seaworthy_supervisor::TaskSupervisor;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tasks = TaskSupervisor::builder("tasks").start().await?;
/// let mut squares = tasks.stream(1..=4_u32, 2, |_cx, number| async move {
///     assert_ne!(number, 3, "an unlucky one");
///     number * number
/// })?;
/// let mut seen = Vec::new();
/// while let Some(square) = squares.next().await {
///     seen.push(square.ok());
/// }
/// assert_eq!(seen, [Some(1), Some(4), None, Some(16)]);
/// # Ok(())
/// # }
/// ```
///
/// # Panics
///
/// A panic of the iterator of items comes out of the poll. The stream can be polled on.
#[must_use = "streams do nothing unless polled"]
pub struct TaskStream<I: Iterator, T> {
    tasks: TaskSupervisor,
    /// Until there are no more.
    items: Quiet<I>,
    start: Quiet<Start<I::Item, T>>,
    max_concurrency: usize,
    /// Asked for, or refused and to be asked for again.
    next: Option<(Starting<T>, Turn)>,
    /// `next` was refused when so many were running.
    refused: Option<usize>,
    running: Running<T>,
    outbox: Outbox<T>,
}

/// Makes a task for an item.
type Start<I, T> = Box<dyn Fn(I) -> Starting<T> + Send + Sync>;

/// A value of a user; a panic of its drop ends here.
struct Quiet<T>(Option<T>);

impl<T> Drop for Quiet<T> {
    fn drop(&mut self) {
        panic::drop_quietly(self.0.take());
    }
}

impl<I: Iterator, T> TaskStream<I, T> {
    pub(super) fn new(
        tasks: TaskSupervisor,
        items: I,
        max_concurrency: usize,
        start: impl Fn(I::Item) -> Starting<T> + Send + Sync + 'static,
    ) -> Self {
        Self {
            tasks,
            items: Quiet(Some(items)),
            start: Quiet(Some(Box::new(start))),
            max_concurrency,
            next: None,
            refused: None,
            running: Running::new(),
            outbox: Outbox::ordered(),
        }
    }

    /// Gives the results as they come. To be said before the first poll.
    pub fn unordered(mut self) -> Self {
        self.outbox.unordered();
        self
    }

    /// How long each task may take from its start. One that takes longer is killed, and its result is
    /// [`TaskError::TimedOut`] at once, even if it does not come to an await for a while; until it is gone it
    /// counts as running, and the stream does not end. That is no crash. Default: no limit.
    ///
    /// The time is watched while the stream is polled.
    pub fn item_timeout(mut self, limit: Duration) -> Self {
        self.running.limit(limit);
        self
    }

    /// The next result; `None` after the last, when nothing of the stream runs any more.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no result is lost.
    pub async fn next(&mut self) -> Option<Result<T, TaskError>> {
        poll_fn(|waker| self.poll(waker)).await
    }

    fn poll(&mut self, waker: &mut Waking<'_>) -> Poll<Option<Result<T, TaskError>>> {
        self.running.reap(waker, &mut self.outbox);
        self.start_more(waker);
        self.running.expire(waker, &mut self.outbox);
        match self.outbox.pop() {
            Some(result) => Poll::Ready(Some(result)),
            None if self.is_over() => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    /// Those that are being killed have given their results, and are waited for all the same.
    fn is_over(&self) -> bool {
        self.items.0.is_none() && self.outbox.open() == 0 && self.running.len() == 0
    }

    /// Starts as many tasks as there is room for.
    fn start_more(&mut self, waker: &mut Waking<'_>) {
        for _ in 0..STARTS_PER_POLL {
            let busy = self.running.len();
            if busy >= self.max_concurrency || self.refused.is_some_and(|then| busy >= then) {
                return;
            }
            let Some((mut starting, turn)) = self.upcoming() else {
                return;
            };
            match starting.poll_started(waker) {
                Poll::Pending => {
                    self.next = Some((starting, turn));
                    return;
                }
                Poll::Ready(Ok(task)) => self.running.add(task, turn, &mut self.outbox),
                Poll::Ready(Err(SpawnError::MaxChildren)) if busy > 0 => {
                    self.next = Some((starting, turn));
                    self.refused = Some(busy);
                    return;
                }
                Poll::Ready(Err(error)) => {
                    self.outbox.put(turn, Err(TaskError::NotStarted(error)));
                }
            }
        }
        waker.waker().wake_by_ref();
    }

    /// The task to be started next, for which the supervisor was asked.
    fn upcoming(&mut self) -> Option<(Starting<T>, Turn)> {
        let refused = self.refused.take().is_some();
        let (mut starting, turn) = match self.next.take() {
            Some(next) if refused => next,
            Some(next) => return Some(next),
            None if self.outbox.open() >= self.max_concurrency => return None,
            None => {
                let Some(item) = self.items.0.as_mut()?.next() else {
                    panic::drop_quietly(self.items.0.take());
                    return None;
                };
                let starting = self.start.0.as_ref()?(item);
                (starting, self.outbox.enter())
            }
        };
        starting.ask(&self.tasks.supervisor, &self.tasks.options);
        Some((starting, turn))
    }
}

impl<I: Iterator, T> Stream for TaskStream<I, T> {
    type Item = Result<T, TaskError>;

    fn poll_next(mut self: Pin<&mut Self>, waker: &mut Waking<'_>) -> Poll<Option<Self::Item>> {
        self.poll(waker)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (least, most) = self
            .items
            .0
            .as_ref()
            .map_or((0, Some(0)), Iterator::size_hint);
        let open = self.outbox.open();
        (
            least.saturating_add(open),
            most.and_then(|most| most.checked_add(open)),
        )
    }
}

/// Nothing in it is ever pinned.
impl<I: Iterator, T> Unpin for TaskStream<I, T> {}

impl<I: Iterator, T> fmt::Debug for TaskStream<I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskStream")
            .field("tasks", &self.tasks)
            .field("max_concurrency", &self.max_concurrency)
            .field("running", &self.running.len())
            .finish_non_exhaustive()
    }
}
