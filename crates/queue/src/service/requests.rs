//! The end of a service queue that serves.

use std::fmt;
use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::clock;
use tower_service::Service;

use super::serve::Server;
use super::{Mailbox, Message};
use crate::alarm::in_time;
use crate::queue::{Drained, Queue};
use crate::receiver::Receiver;
use crate::shared::Way;

/// What is asked of a [`Client`](super::Client), for whoever serves it.
///
/// Clones serve from the same queue. Keep one where workers are made: as long as there is one, clients wait for the next
/// worker instead of being turned away.
pub struct Requests<Req, Res, E> {
    mailbox: Arc<Mailbox<Req, Res, E>>,
    /// Keeps the queue open for clients.
    receiver: Receiver<Message<Req, Res, E>>,
    concurrency: NonZeroUsize,
}

impl<Req, Res, E> Requests<Req, Res, E> {
    pub(super) fn new(mailbox: Arc<Mailbox<Req, Res, E>>) -> Self {
        let receiver = Receiver::new(&mailbox.shared);
        Self {
            mailbox,
            receiver,
            concurrency: NonZeroUsize::MIN,
        }
    }

    #[cfg(all(test, seaworthy_loom))]
    pub(super) fn mailbox(&self) -> Arc<Mailbox<Req, Res, E>> {
        Arc::clone(&self.mailbox)
    }

    /// How many requests one worker has under way at the same time. Default: 1.
    #[must_use]
    pub fn concurrency(mut self, calls: NonZeroUsize) -> Self {
        self.concurrency = calls;
        self
    }

    /// Serves requests by `service`, each when the service is ready for it, until all clients are gone or the queue is
    /// closed, and nothing is left to do.
    ///
    /// Requests whose callers have given up are passed over. If the service panics, so does this: the callers whose
    /// requests were under way are told that the worker [crashed](seaworthy_core::Reason::Crashed), and all others wait
    /// for the next one.
    ///
    /// # Readiness
    ///
    /// The service is asked whether it is ready when there is a request, and not before. If that one is gone by then, since
    /// another worker was quicker or its time was up, the service stays ready for the next one: what it holds for that, such
    /// as a permit of tower's `ConcurrencyLimit`, it holds until then. Only its drop would give that back. A limit that many
    /// share is better one that is asked in `call`, as a bulkhead is.
    ///
    /// # Errors
    ///
    /// That of `poll_ready`: such a service cannot go on. Requests that were under way end as with a panic.
    ///
    /// # Cancel safety
    ///
    /// Dropping it ends the requests that are under way as with a panic. Those that wait go on waiting.
    pub async fn serve<S>(self, service: S) -> Result<(), S::Error>
    where
        S: Service<Req, Response = Res, Error = E>,
    {
        self.serve_until(service, std::future::pending::<()>())
            .await
    }

    /// As [`serve`](Self::serve), until `stop` is ready as well: then requests that are under way are served to their
    /// end, and those that wait go on waiting, for the next worker.
    ///
    /// # Errors
    ///
    /// As [`serve`](Self::serve).
    ///
    /// # Cancel safety
    ///
    /// As [`serve`](Self::serve).
    pub async fn serve_until<S>(self, service: S, stop: impl Future) -> Result<(), S::Error>
    where
        S: Service<Req, Response = Res, Error = E>,
    {
        let server = Server::new(&self.mailbox, service, self.concurrency);
        let (mut server, mut stop) = (pin!(server), pin!(stop));
        let mut stopped = false;
        poll_fn(|cx| {
            stopped = stopped || stop.as_mut().poll(cx).is_ready();
            server.as_mut().poll_serve(cx, stopped)
        })
        .await
    }

    /// Nothing more is taken on. What waits is served.
    pub fn close(&self) {
        self.mailbox.shared.close();
    }

    /// Closes the queue, and waits until everything in it was served; what still waits after `time` is turned away, and
    /// what is under way by then is told.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves the queue closed, with what is in it.
    pub async fn drain(&self, time: Duration) -> Drained {
        let end = clock::after(time);
        let (shared, busy) = (&self.mailbox.shared, &self.mailbox.busy);
        // First what is in the queue: what is taken out meanwhile is counted once at least.
        let there = shared.close();
        // What is to be acknowledged is in the queue until then.
        let taken = match self.mailbox.way() {
            Way::Take => busy.calls(),
            Way::Board => 0,
        };
        let mut drained = Queue::new(Arc::clone(shared)).drain(time).await;
        // Taken from the queue, and not done.
        in_time(end, busy.idle()).await;
        drained.there = there + taken;
        drained.in_flight = drained.in_flight.max(busy.calls());
        drained
    }

    /// How many requests wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.receiver.len()
    }

    /// Whether no request waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<Req, Res, E> Clone for Requests<Req, Res, E> {
    fn clone(&self) -> Self {
        Self {
            mailbox: Arc::clone(&self.mailbox),
            receiver: self.receiver.clone(),
            concurrency: self.concurrency,
        }
    }
}

impl<Req, Res, E> fmt::Debug for Requests<Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requests")
            .field("queue", self.mailbox.shared.name())
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}
