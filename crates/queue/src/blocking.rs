//! For threads that may be blocked.

use std::sync::Arc;
use std::task::{Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use seaworthy_core::clock;

use crate::config::Overload;
use crate::error::{SendError, TryRecvError};
use crate::sender::Sent;
use crate::shared::{Lined, Shared, Way};

/// Wakes a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn waker() -> Waker {
    Waker::from(Arc::new(Unpark(thread::current())))
}

fn park(time: Option<Duration>) {
    match time {
        Some(time) => thread::park_timeout(time),
        None => thread::park(),
    }
}

pub(crate) fn send<T>(shared: &Shared<T>, item: T) -> Result<Sent, SendError<T>> {
    let end = match shared.look(|store| store.config().overload) {
        Overload::WaitFor(time) => Some(clock::after(time)),
        _ => None,
    };
    let (mut item, mut place, waker) = (Some(item), None, waker());
    loop {
        if let Poll::Ready(sent) = shared.poll_send(&mut item, &mut place, &waker) {
            return sent;
        }
        let left = end.map(|end| end.saturating_duration_since(clock::exact()));
        if left == Some(Duration::ZERO) {
            shared.stop_sending(&mut place);
            if let Some(item) = item.take() {
                return Err(SendError::Full(item));
            }
        }
        park(left);
    }
}

pub(crate) fn recv<T, R>(
    shared: &Arc<Shared<T>>,
    way: Way,
    mut attempt: impl FnMut(&Arc<Shared<T>>) -> Result<R, TryRecvError>,
) -> Option<R> {
    let (mut place, waker) = (None, waker());
    loop {
        match attempt(shared) {
            Ok(got) => {
                shared.stop_receiving(way, &mut place, true);
                return Some(got);
            }
            Err(TryRecvError::Closed) => {
                shared.stop_receiving(way, &mut place, true);
                return None;
            }
            Err(TryRecvError::Empty) => {}
        }
        if let Lined::Wait(time) = shared.poll_line(way, &mut place, &waker) {
            park(time);
        }
    }
}
