//! A call under way.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project::pin_project;
use seaworthy_core::clock::{self, Coarse, Instant};
use seaworthy_core::reject::Reject;
use seaworthy_core::request::Info;
use seaworthy_core::{Cause, Name, Reason, Rejected};
use tokio::task::coop;
use tokio::time::{Sleep, sleep_until};

use super::directory;
use super::shared::Shared;

/// The response of a [`TimeoutService`](super::TimeoutService).
///
/// Dropping it drops the call.
#[pin_project]
#[must_use = "futures do nothing unless they are polled"]
pub struct TimeoutFuture<F, T, R> {
    #[pin]
    state: State<F, T, R>,
}

#[pin_project(project = Project, project_replace = Replaced)]
enum State<F, T, R> {
    Call {
        #[pin]
        future: F,
        /// Set when the call was found not to be answered at once.
        #[pin]
        timer: Option<Sleep>,
        limit: Limit,
        reject: R,
    },
    /// Turned away, with this.
    Rejected(Option<T>),
    Done,
}

impl<F, T, R> TimeoutFuture<F, T, R> {
    #[inline]
    pub(crate) fn call(future: F, limit: Limit, reject: R) -> Self {
        Self {
            state: State::Call {
                future,
                timer: None,
                limit,
                reject,
            },
        }
    }

    #[inline]
    pub(crate) fn rejected(outcome: T) -> Self {
        Self {
            state: State::Rejected(Some(outcome)),
        }
    }
}

impl<F, Res, Err, R> Future for TimeoutFuture<F, Result<Res, Err>, R>
where
    F: Future<Output = Result<Res, Err>>,
    R: Reject<Res, Err>,
{
    type Output = Result<Res, Err>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        let rejected = match state.as_mut().project() {
            Project::Call {
                future,
                timer,
                limit,
                ..
            } => {
                let had_budget = timer.is_some() && coop::has_budget_remaining();
                if let Poll::Ready(outcome) = future.poll(cx) {
                    return Poll::Ready(outcome);
                }
                ready!(poll_timer(timer, limit, had_budget, cx));
                limit.timed_out()
            }
            Project::Rejected(outcome) => {
                return Poll::Ready(outcome.take().expect(POLLED_AGAIN));
            }
            Project::Done => panic!("{POLLED_AGAIN}"),
        };
        // The call is gone before its caller hears of it.
        match state.project_replace(State::Done) {
            Replaced::Call { reject, .. } => Poll::Ready(reject.reject(rejected)),
            Replaced::Rejected(_) | Replaced::Done => unreachable!("it was just polled"),
        }
    }
}

const POLLED_AGAIN: &str = "polled again after it was ready";

/// Ready when the time is over. Apart from the future, so that there is one for all types of calls.
fn poll_timer(
    mut timer: Pin<&mut Option<Sleep>>,
    limit: &Limit,
    had_budget: bool,
    cx: &mut Context<'_>,
) -> Poll<()> {
    if timer.is_none() {
        let Some(end) = limit.end() else {
            return Poll::Pending;
        };
        timer.set(Some(sleep_until(end)));
    }
    let Some(timer) = timer.as_pin_mut() else {
        return Poll::Pending;
    };
    if had_budget && !coop::has_budget_remaining() {
        // The call has used up the turn of its task. If it does so each time, the timer would never have one.
        return Pin::new(&mut coop::unconstrained(timer)).poll(cx);
    }
    timer.poll(cx)
}

/// How long one call may take. Plain values: see the directory for why there is no share in the timeout.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    after: Option<Duration>,
    deadline: Option<Instant>,
    begun: Coarse,
    name: Name,
    number: u64,
}

impl Limit {
    /// Of a call that begins now, unless it comes after its deadline.
    #[inline]
    pub(crate) fn begin(shared: &Shared, info: Info) -> Result<Self, Rejected> {
        let (after, deadline) = (shared.after(), info.deadline());
        if deadline.is_some_and(|at| at <= clock::exact()) {
            return Err(shared.expire());
        }
        let is_limited = after.is_some() || deadline.is_some();
        Ok(Self {
            after,
            deadline,
            begun: if is_limited {
                clock::coarse()
            } else {
                Coarse::default()
            },
            name: shared.name(),
            number: shared.number(),
        })
    }

    /// When its time is over, as seen from now.
    fn end(&self) -> Option<Instant> {
        let by_time = self.after.map(|after| {
            // Counted short rather than long: a timeout is never early.
            let waited = clock::coarse().since(self.begun);
            let waited = waited.saturating_sub(clock::coarse_lag());
            clock::after(after.saturating_sub(waited))
        });
        match (by_time, self.deadline) {
            (Some(by_time), Some(deadline)) => Some(by_time.min(deadline)),
            (by_time, deadline) => by_time.or(deadline),
        }
    }

    #[cold]
    fn timed_out(&self) -> Rejected {
        if let Some(shared) = directory::find(self.number) {
            shared.timed_out();
        }
        let millis = self.had().as_nanos().div_ceil(1_000_000);
        let millis = u32::try_from(millis).unwrap_or(u32::MAX);
        let cause = Cause::TookTooLong { millis };
        Rejected::new(Reason::TimedOut, self.name).with_cause(cause)
    }

    /// How long the call was given.
    fn had(&self) -> Duration {
        let waited = clock::coarse().since(self.begun);
        match (self.after, self.deadline) {
            (Some(after), None) => after,
            (Some(after), Some(_)) if waited + clock::coarse_lag() >= after => after,
            _ => waited,
        }
    }
}

impl<F, T, R> fmt::Debug for TimeoutFuture<F, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeoutFuture").finish_non_exhaustive()
    }
}
