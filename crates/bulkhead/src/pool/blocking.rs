//! For threads that may be blocked.

use std::pin::pin;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use seaworthy_core::{clock, park};

use super::handle::ThreadPool;
use super::job::{Answer, Job};
use super::ticket::Ticket;

pub(crate) fn run<F, T>(pool: &ThreadPool, work: F) -> Answer<T>
where
    F: FnOnce(&Job<'_>) -> T + Send + 'static,
    T: Send + 'static,
{
    let (mut ticket, max_wait) = Ticket::new(pool, work, || true)?;
    if let Some(max_wait) = max_wait {
        if let Some(answer) = poll_for(max_wait, |cx| ticket.poll(cx)) {
            return answer;
        }
        if let Some(rejected) = ticket.give_up() {
            return Err(rejected);
        }
    }
    loop {
        // A year at a time.
        const LONG: Duration = Duration::from_secs(365 * 86_400);
        if let Some(answer) = poll_for(LONG, |cx| ticket.poll(cx)) {
            return answer;
        }
    }
}

/// Waits for it, but no longer than this.
pub(crate) fn wait(future: impl Future<Output = ()>, time: Duration) {
    let mut future = pin!(future);
    poll_for(time, |cx| future.as_mut().poll(cx));
}

fn poll_for<T>(time: Duration, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Option<T> {
    let waker = park::waker();
    let mut cx = Context::from_waker(&waker);
    let end = clock::after(time);
    loop {
        if let Poll::Ready(value) = poll(&mut cx) {
            return Some(value);
        }
        let left = end.saturating_duration_since(clock::exact());
        if left.is_zero() {
            return None;
        }
        thread::park_timeout(left);
    }
}
