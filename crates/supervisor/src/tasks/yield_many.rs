//! Waiting for many tasks, but not for ever.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use seaworthy_core::clock;

use super::alarm::Alarm;
use super::error::TaskError;
use super::handle::Task;

/// Waits until all tasks have ended, but no longer than `limit`, and takes the results that are there, in the
/// order of the tasks. `None`: not done yet; the task runs on, and may be waited for again or
/// [shut down](Task::shutdown). Elixir's `Task.yield_many`.
///
/// With a `limit` of zero it only looks. The tasks may be under different supervisors. It can be awaited in any
/// runtime.
///
/// ```
/// use std::time::Duration;
/// use seaworthy_supervisor::{Shutdown, TaskSupervisor, yield_many};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tasks = TaskSupervisor::builder("tasks").start().await?;
/// let mut asked = Vec::new();
/// for seconds in [1, 2, 600] {
///     asked.push(
///         tasks
///             .spawn_nolink(move |_cx| async move {
///                 tokio::time::sleep(Duration::from_secs(seconds)).await;
///                 seconds
///             })
///             .await?,
///     );
/// }
/// let done = yield_many(&mut asked, Duration::from_secs(5)).await;
/// let mut sum = 0;
/// for (task, done) in asked.iter_mut().zip(done) {
///     match done {
///         Some(seconds) => sum += seconds?,
///         None => assert!(task.shutdown(Shutdown::BrutalKill).await.is_none()),
///     }
/// }
/// assert_eq!(sum, 3);
/// # Ok(())
/// # }
/// ```
///
/// # Cancel safety
///
/// Cancel safe: results are taken only when all are returned.
pub async fn yield_many<T>(
    tasks: &mut [Task<T>],
    limit: Duration,
) -> Vec<Option<Result<T, TaskError>>> {
    let deadline = clock::exact().checked_add(limit);
    let mut first = 0;
    let (mut alarm, mut alarm_of) = (None, None);
    poll_fn(|waker| {
        loop {
            // One after the other: it is over when the last has ended.
            let Some(task) = tasks.get_mut(first) else {
                return Poll::Ready(());
            };
            if task.outcome.poll_ended(waker).is_ready() {
                first += 1;
                continue;
            }
            if limit.is_zero() {
                return Poll::Ready(());
            }
            let Some(deadline) = deadline else {
                return Poll::Pending;
            };
            if alarm.is_none() && alarm_of != Some(first) {
                alarm = Some(Alarm::new(&task.child().place.node.tree.runtime, deadline));
                alarm_of = Some(first);
            }
            match alarm.as_mut().map(|alarm| alarm.poll_rung(waker)) {
                Some(Poll::Ready(true)) => return Poll::Ready(()),
                // The runtime of some task is gone; if it is the one of this task, it is about to end.
                Some(Poll::Ready(false)) => alarm = None,
                Some(Poll::Pending) | None => return Poll::Pending,
            }
        }
    })
    .await;
    let done = tasks.iter_mut().map(|task| {
        let outcome = &mut task.outcome;
        outcome.has_ended().then(|| outcome.take())
    });
    done.collect()
}
