//! Waiting for an item.

use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use seaworthy_core::clock;
use tokio::task::coop::poll_proceed;

use crate::alarm::Alarm;
use crate::error::TryRecvError;
use crate::shared::{Lined, Seat, Shared, Way};

/// How one waits for an item. Whoever has it [leaves](Self::leave) in the end.
#[derive(Debug)]
pub(crate) struct Waiting {
    seat: Seat,
    /// Until something is due that nobody brings about.
    alarm: Option<Alarm>,
}

/// What came of trying.
pub(crate) enum Tried<R> {
    /// It is this; `None` if there will be nothing any more.
    Got(Option<R>),
    /// Until somebody calls, and for no longer than this.
    Wait(Option<Duration>),
}

impl Waiting {
    pub(crate) fn new(way: Way) -> Self {
        Self {
            seat: Seat::new(way),
            alarm: None,
        }
    }

    /// Tries, or lines up.
    #[inline]
    pub(crate) fn attempt<T, R>(
        &mut self,
        shared: &Shared<T>,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&mut Seat, &mut Context<'_>) -> Result<R, TryRecvError>,
    ) -> Tried<R> {
        loop {
            match attempt(&mut self.seat, cx) {
                Ok(got) => return Tried::Got(Some(got)),
                Err(TryRecvError::Closed) => return Tried::Got(None),
                Err(TryRecvError::Empty) => {}
            }
            if let Lined::Wait(time) = shared.line_up(&mut self.seat, cx.waker()) {
                return Tried::Wait(time);
            }
        }
    }

    /// Ready with what `attempt` got; `None` if there is nothing any more.
    #[inline]
    pub(crate) fn poll<T, R>(
        &mut self,
        shared: &Shared<T>,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&mut Seat, &mut Context<'_>) -> Result<R, TryRecvError>,
    ) -> Poll<Option<R>> {
        loop {
            // A task that always finds something lets others run now and then.
            let coop = ready!(poll_proceed(cx));
            let time = match self.attempt(shared, cx, &mut attempt) {
                Tried::Got(got) => {
                    self.alarm = None;
                    coop.made_progress();
                    return Poll::Ready(got);
                }
                Tried::Wait(time) => time,
            };
            drop(coop);
            ready!(self.poll_alarm(time, cx));
        }
    }

    fn poll_alarm(&mut self, time: Option<Duration>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(time) = time else {
            self.alarm = None;
            return Poll::Pending;
        };
        // The timers of the runtime are a millisecond coarse.
        let at = clock::after(time.max(Duration::from_millis(1)));
        // One that rings earlier does as well, and stays while others come and go.
        let alarm = match self.alarm.take().filter(|alarm| alarm.at() <= at) {
            Some(alarm) => alarm,
            None => Alarm::new(at),
        };
        ready!(self.alarm.insert(alarm).poll(cx));
        self.alarm = None;
        Poll::Ready(())
    }

    /// Gives the place in line up, and passes on what it was called for.
    pub(crate) fn leave<T>(&mut self, shared: &Shared<T>) {
        self.alarm = None;
        shared.stop_receiving(&mut self.seat);
    }
}

/// One who waits in line for an item, until it is dropped.
pub(crate) struct InLine<'a, T> {
    shared: &'a Shared<T>,
    waiting: Waiting,
}

impl<'a, T> InLine<'a, T> {
    pub(crate) fn new(shared: &'a Shared<T>, way: Way) -> Self {
        Self {
            shared,
            waiting: Waiting::new(way),
        }
    }

    #[inline]
    pub(crate) fn poll<R>(
        &mut self,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&mut Seat) -> Result<R, TryRecvError>,
    ) -> Poll<Option<R>> {
        self.waiting.poll(self.shared, cx, |seat, _| attempt(seat))
    }

    /// For a thread that has a clock of its own.
    pub(crate) fn attempt<R>(
        &mut self,
        waker: &Waker,
        mut attempt: impl FnMut(&mut Seat) -> Result<R, TryRecvError>,
    ) -> Tried<R> {
        let mut cx = Context::from_waker(waker);
        self.waiting
            .attempt(self.shared, &mut cx, |seat, _| attempt(seat))
    }
}

impl<T> Drop for InLine<'_, T> {
    fn drop(&mut self) {
        self.waiting.leave(self.shared);
    }
}
