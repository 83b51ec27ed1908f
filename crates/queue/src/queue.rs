//! The handle of a queue.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::ConfigError;
use seaworthy_core::clock;
use seaworthy_core::component::{Component, Snapshot};

use crate::alarm::in_time;
use crate::builder::QueueBuilder;
use crate::config::Config;
use crate::letter::DeadLetter;
use crate::receiver::Receiver;
use crate::sender::Sender;
use crate::shared::{Moment, Shared};
use crate::why::Why;

/// A bounded queue from which nothing vanishes.
///
/// A cheap handle: clones are the same queue. It makes [senders](Self::sender) and [receivers](Self::receiver), and
/// keeps the queue open in place of either: a worker may come and go while a `Queue` is kept.
///
/// # When not to use it
///
/// To hand items over as fast as can be between two tasks that live and die together, where `tokio::sync::mpsc` is
/// quicker; and for a single answer, which is what `tokio::sync::oneshot` is for.
pub struct Queue<T> {
    shared: Arc<Shared<T>>,
}

/// What [`Queue::drain`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drained {
    /// How many items were there when it began, those under way with them.
    pub there: usize,
    /// How many of them were dropped when time was up.
    pub dropped: usize,
    /// How many of them were still with workers when time was up.
    pub in_flight: usize,
}

impl<T> Queue<T> {
    /// Begins a queue. Its name is shown in rejections, metrics and dashboards.
    pub fn builder(name: impl Into<Arc<str>>) -> QueueBuilder<T> {
        QueueBuilder::new(name.into())
    }

    pub(crate) fn new(shared: Arc<Shared<T>>) -> Self {
        shared.sender_comes();
        shared.receiver_comes();
        Self { shared }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared<T>> {
        &self.shared
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        self.shared.name()
    }

    /// A handle by which items come in.
    #[must_use]
    pub fn sender(&self) -> Sender<T> {
        Sender::new(&self.shared)
    }

    /// A handle by which items go out.
    #[must_use]
    pub fn receiver(&self) -> Receiver<T> {
        Receiver::new(&self.shared)
    }

    /// Nothing more comes in. What is in the queue can be received.
    pub fn close(&self) {
        self.shared.close();
    }

    /// Whether nothing can be sent any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// Closes the queue, and waits until all that is in it was received and acknowledged, and no room is reserved any more.
    /// What still waits after `time` is dropped, which the hook sees; what workers have by then is theirs.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves the queue closed, with what is in it.
    pub async fn drain(&self, time: Duration) -> Drained {
        let there = self.shared.close();
        let over = self.shared.until(Moment::Over);
        let dropped = if in_time(clock::after(time), over).await {
            0
        } else {
            self.shared.empty(Why::Drained)
        };
        Drained {
            there,
            dropped,
            in_flight: self.shared.look(|store| store.in_flight()),
        }
    }

    /// A dead letter, the oldest first: an item that was delivered as often as it may be and never acknowledged, or was
    /// [buried](crate::Delivery::bury).
    #[must_use]
    pub fn take_dead_letter(&self) -> Option<DeadLetter<T>> {
        self.shared.take_dead()
    }

    /// Waits for a dead letter, the oldest first. `None` if there will be none any more: the queue is closed, and nothing
    /// is in it.
    ///
    /// As with all that depends on time, a lease that nobody lets go of is found to be over by whoever receives items, or
    /// waits for them.
    ///
    /// # Cancel safety
    ///
    /// Dropping it takes nothing out.
    pub async fn recv_dead_letter(&self) -> Option<DeadLetter<T>> {
        self.shared.recv_dead().await
    }

    /// Sends up to so many dead letters again, the oldest first, as far as there is room for them and nobody waits for that. How
    /// many it were: none if the queue is closed.
    ///
    /// They come in as new items, behind those that wait, and may be delivered as often as any. What was said of their class,
    /// key and weight still holds; that they were of use for some time only does not.
    ///
    /// ```
    /// # use seaworthy_queue::Queue;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let orders: Queue<u32> = Queue::builder("orders").build()?;
    /// let rx = orders.receiver();
    /// orders.sender().try_send(7)?;
    /// rx.try_recv_delivery()?.bury()?;
    ///
    /// // Whatever was wrong is mended.
    /// assert_eq!(orders.resend_dead_letters(100), 1);
    /// let delivery = rx.try_recv_delivery()?;
    /// assert_eq!((*delivery, delivery.attempt()), (7, 1));
    /// # delivery.ack()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn resend_dead_letters(&self, most: usize) -> usize {
        self.shared.resend_dead(most)
    }

    /// How many dead letters there are.
    #[must_use]
    pub fn dead_letters(&self) -> usize {
        self.shared.look(|store| store.dead())
    }

    /// How many items wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.look(|store| store.len())
    }

    /// Whether no item waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many items are with workers who have not acknowledged them.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.shared.look(|store| store.in_flight())
    }

    /// How it is, as dashboards show it.
    ///
    /// Figures that end in `_total` count what has happened since it was made, as the metrics of the same names do; the
    /// items that expired are among those that were dropped. How many were handed back, `rejected_total`, is counted
    /// with the feature `metrics`.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot
    where
        T: Send + 'static,
    {
        Component::snapshot(&*self.shared)
    }

    /// Goes by another configuration from now on. Nothing that is in the queue leaves it by that, even if it is more than
    /// there may be by now; those who wait for room have their turn as soon as there is some.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed; nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        self.shared.reconfigure(config)
    }

    /// What it goes by.
    #[must_use]
    pub fn config(&self) -> Config {
        self.shared.look(|store| store.config().clone())
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.shared))
    }
}

impl<T> Drop for Queue<T> {
    fn drop(&mut self) {
        self.shared.sender_goes();
        self.shared.receiver_goes();
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("name", self.name())
            .finish_non_exhaustive()
    }
}
