//! For threads that may be blocked.

use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use seaworthy_core::clock::{self, Instant};
use seaworthy_core::park::waker;

use crate::config::Overload;
use crate::error::{SendError, TryRecvError};
use crate::receiving::{InLine, Tried};
use crate::sender::Sent;
use crate::sending::{Offering, Sending};
use crate::shared::{Seat, Shared, Way};

fn park(time: Option<Duration>) {
    match time {
        Some(time) => thread::park_timeout(time),
        None => thread::park(),
    }
}

pub(crate) fn send<T>(shared: &Arc<Shared<T>>, item: T) -> Result<Sent, SendError<T>> {
    let (mut sending, waker) = (Sending::new(shared, Offering::new(item)), waker());
    let mut end: Option<Option<Instant>> = None;
    loop {
        if let Poll::Ready(sent) = sending.offer(&waker) {
            return shared.counted(sent);
        }
        let end = end.get_or_insert_with(|| match shared.look(|store| store.config().overload) {
            Overload::WaitFor(time) => Some(clock::after(time)),
            _ => None,
        });
        let left = end.map(|end| end.saturating_duration_since(clock::exact()));
        if left == Some(Duration::ZERO)
            && let Some(item) = sending.give_up()
        {
            return shared.counted(Err(SendError::Full(item)));
        }
        park(left);
    }
}

pub(crate) fn recv<T, R>(
    shared: &Shared<T>,
    way: Way,
    mut attempt: impl FnMut(&mut Seat) -> Result<R, TryRecvError>,
) -> Option<R> {
    let (mut line, waker) = (InLine::new(shared, way), waker());
    loop {
        match line.attempt(&waker, &mut attempt) {
            Tried::Got(got) => return got,
            Tried::Wait(time) => park(time),
        }
    }
}
