//! A timer: the runtime's, or without one a thread that sleeps.

use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::{self, Thread};

use seaworthy_core::clock::{self, Instant};
use seaworthy_core::panic;
use tokio::runtime::Handle;
use tokio::time::{Sleep, sleep_until};

/// Rings at its time.
pub(crate) struct Alarm {
    at: Instant,
    clock: Clock,
}

enum Clock {
    Runtime(Pin<Box<Sleep>>),
    /// Queues need no runtime, and so must neither leases nor patience.
    Thread(Sleeper),
}

impl Alarm {
    pub(crate) fn new(at: Instant) -> Self {
        let clock = match Handle::try_current() {
            Ok(_) => Clock::Runtime(Box::pin(sleep_until(at))),
            Err(_) => Clock::Thread(Sleeper::default()),
        };
        Self { at, clock }
    }

    pub(crate) fn at(&self) -> Instant {
        self.at
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.clock {
            Clock::Runtime(sleep) => sleep.as_mut().poll(cx),
            Clock::Thread(sleeper) => sleeper.poll(self.at, cx),
        }
    }
}

/// Whether it is ready before that.
pub(crate) async fn in_time(at: Instant, future: impl Future) -> bool {
    let (mut future, mut alarm) = (pin!(future), Alarm::new(at));
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(_) => Poll::Ready(true),
        Poll::Pending => alarm.poll(cx).map(|()| false),
    })
    .await
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alarm")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// A thread from the first poll on, until it is time or this is dropped.
#[derive(Default)]
struct Sleeper {
    thread: Option<Thread>,
    sleep: Arc<Mutex<Night>>,
}

#[derive(Default)]
struct Night {
    over: bool,
    waker: Option<Waker>,
}

fn change<R>(night: &Mutex<Night>, change: impl FnOnce(&mut Night) -> R) -> R {
    change(&mut night.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Sleeper {
    fn poll(&mut self, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
        if clock::exact() >= at {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        let (over, unused) = change(&self.sleep, |night| {
            (night.over, night.waker.replace(waker))
        });
        drop(unused);
        if over {
            return Poll::Ready(());
        }
        if self.thread.is_none() {
            let night = Arc::clone(&self.sleep);
            let thread = thread::Builder::new().name("seaworthy-queue-alarm".into());
            match thread.spawn(move || sleep(&night, at)) {
                Ok(handle) => self.thread = Some(handle.thread().clone()),
                // Without a thread it is up to whoever polls to look at the clock.
                Err(_) => cx.waker().wake_by_ref(),
            }
        }
        Poll::Pending
    }
}

fn sleep(night: &Mutex<Night>, at: Instant) {
    loop {
        let left = at.saturating_duration_since(clock::exact());
        let (over, waker) = change(night, |night| {
            night.over |= left.is_zero();
            let waker = night.over.then(|| night.waker.take()).flatten();
            (night.over, waker)
        });
        if over {
            if let Some(waker) = waker {
                let _ = panic::catch(|| waker.wake());
            }
            return;
        }
        thread::park_timeout(left);
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let unused = change(&self.sleep, |night| {
            night.over = true;
            night.waker.take()
        });
        drop(unused);
        if let Some(thread) = self.thread.take() {
            thread.unpark();
        }
    }
}
