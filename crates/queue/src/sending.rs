//! Waiting for room.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use seaworthy_core::clock;
use tokio::task::coop::poll_proceed;

use crate::alarm::Alarm;
use crate::carried::Carried;
use crate::config::Overload;
use crate::error::SendError;
use crate::sender::Sent;
use crate::shared::{Arrived, Shared};
use crate::store::entry::Entry;

/// An item that is to be sent, and where that is in line. Whoever has it [gives it up](Self::give_up) in the end.
pub(crate) struct Offering<T> {
    /// Until it is offered, with what it carries.
    item: Option<(T, Carried)>,
    entry: Option<Entry<T>>,
    place: Option<usize>,
    patience: Patience,
}

enum Patience {
    /// To be looked up when it is needed.
    AsConfigured,
    For(Duration),
    Until(Alarm),
    Endless,
}

impl<T> Offering<T> {
    pub(crate) fn new(item: T) -> Self {
        Self {
            item: Some((item, Carried::current())),
            entry: None,
            place: None,
            patience: Patience::AsConfigured,
        }
    }

    /// Of an item that was offered already, and found no room.
    pub(crate) fn again(entry: Entry<T>) -> Self {
        Self {
            item: None,
            entry: Some(entry),
            place: None,
            patience: Patience::AsConfigured,
        }
    }

    pub(crate) fn within(item: T, time: Duration) -> Self {
        Self {
            patience: Patience::For(time),
            ..Self::new(item)
        }
    }

    /// Without a look at the time. An item that is handed back is not counted here.
    #[inline]
    pub(crate) fn offer(
        &mut self,
        shared: &Shared<T>,
        waker: &Waker,
    ) -> Poll<Result<Arrived, SendError<T>>> {
        if let Some((item, carried)) = self.item.take() {
            // With room for it, no waker is needed.
            match shared.let_in(shared.entry(item, carried)) {
                Ok(spot) => return Poll::Ready(Ok(Arrived::at(spot))),
                Err(entry) => self.entry = Some(entry),
            }
        }
        shared.poll_send(&mut self.entry, &mut self.place, waker)
    }

    #[inline]
    pub(crate) fn poll(
        &mut self,
        shared: &Shared<T>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Arrived, SendError<T>>> {
        // A task that always finds room lets others run now and then.
        let coop = ready!(poll_proceed(cx));
        if let Poll::Ready(sent) = self.offer(shared, cx.waker()) {
            coop.made_progress();
            return Poll::Ready(shared.counted(sent));
        }
        drop(coop);
        ready!(self.poll_patience(shared, cx));
        match self.give_up(shared) {
            Some(item) => Poll::Ready(shared.counted(Err(SendError::Full(item)))),
            None => Poll::Pending,
        }
    }

    fn poll_patience(&mut self, shared: &Shared<T>, cx: &mut Context<'_>) -> Poll<()> {
        if let Patience::AsConfigured = self.patience {
            self.patience = match shared.look(|store| store.config().overload) {
                Overload::WaitFor(time) => Patience::For(time),
                _ => Patience::Endless,
            };
        }
        if let Patience::For(time) = self.patience {
            self.patience = Patience::Until(Alarm::new(clock::after(time)));
        }
        match &mut self.patience {
            Patience::Until(alarm) => alarm.poll(cx),
            _ => Poll::Pending,
        }
    }

    /// Leaves the line, as time is up. The item, unless it was sent.
    pub(crate) fn give_up(&mut self, shared: &Shared<T>) -> Option<T> {
        shared.stop_sending(&mut self.place);
        self.take_back()
    }

    /// Leaves the line, as nobody wants that any more. The item, unless it was sent.
    pub(crate) fn withdraw(&mut self, shared: &Shared<T>) -> Option<T> {
        shared.withdraw_sending(&mut self.place);
        self.take_back()
    }

    fn take_back(&mut self) -> Option<T> {
        let entry = self.entry.take();
        let item = self.item.take().map(|(item, _)| item);
        item.or_else(|| entry.map(|entry| entry.item))
    }
}

/// Sends an item. Of [`Sender::send`](crate::Sender::send) and [`Sender::send_timeout`](crate::Sender::send_timeout).
///
/// # Cancel safety
///
/// Dropping it drops the item, which is then not in the queue, and gives its place in line up.
#[must_use = "futures do nothing unless they are polled"]
pub struct Sending<'a, T> {
    shared: &'a Arc<Shared<T>>,
    offering: Offering<T>,
}

impl<T> Unpin for Sending<'_, T> {}

impl<'a, T> Sending<'a, T> {
    pub(crate) fn new(shared: &'a Arc<Shared<T>>, offering: Offering<T>) -> Self {
        Self { shared, offering }
    }

    /// For a thread that has a clock of its own.
    pub(crate) fn offer(&mut self, waker: &Waker) -> Poll<Result<Sent, SendError<T>>> {
        let arrived = self.offering.offer(self.shared, waker);
        arrived.map_ok(|arrived| arrived.sent)
    }

    pub(crate) fn give_up(&mut self) -> Option<T> {
        self.offering.give_up(self.shared)
    }
}

impl<T> Future for Sending<'_, T> {
    type Output = Result<Sent, SendError<T>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let arrived = this.offering.poll(this.shared, cx);
        arrived.map_ok(|arrived| arrived.sent)
    }
}

impl<T> Drop for Sending<'_, T> {
    fn drop(&mut self) {
        self.shared.withdraw_sending(&mut self.offering.place);
    }
}

impl<T> fmt::Debug for Sending<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").finish_non_exhaustive()
    }
}

/// Takes room for an item.
pub(crate) struct Reserving<'a, T> {
    shared: &'a Arc<Shared<T>>,
    weight: u32,
    place: Option<usize>,
}

impl<'a, T> Reserving<'a, T> {
    pub(crate) fn new(shared: &'a Arc<Shared<T>>, weight: u32) -> Self {
        Self {
            shared,
            weight,
            place: None,
        }
    }
}

impl<T> Future for Reserving<'_, T> {
    type Output = Result<(), SendError<()>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let coop = ready!(poll_proceed(cx));
        let this = self.get_mut();
        let reserved = this
            .shared
            .poll_reserve(this.weight, &mut this.place, cx.waker());
        reserved.map(|reserved| {
            coop.made_progress();
            this.shared.counted(reserved)
        })
    }
}

impl<T> Drop for Reserving<'_, T> {
    fn drop(&mut self) {
        self.shared.withdraw_sending(&mut self.place);
    }
}
