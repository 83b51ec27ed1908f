//! The end of a service queue that is called.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;

use seaworthy_core::Rejected;
use seaworthy_core::shard::Spread;

use super::Mailbox;
use super::future::ResponseFuture;
use crate::sender::Sender;

/// A tower service whose requests are served by whoever has the [`Requests`](super::Requests).
///
/// It outlives its workers: while there is none, requests wait. It is always ready; a request for which there is no room
/// is turned away, or waits for room, as the queue is [configured](crate::Overload). Clones call the same workers.
pub struct Client<Req, Res, E> {
    mailbox: Spread<Mailbox<Req, Res, E>>,
    sender: Sender<super::Message<Req, Res, E>>,
}

impl<Req, Res, E> Client<Req, Res, E> {
    pub(super) fn new(mailbox: Arc<Mailbox<Req, Res, E>>) -> Self {
        let sender = Sender::new(&mailbox.shared);
        let mailbox = Spread::new(mailbox);
        Self { mailbox, sender }
    }

    /// How many requests wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sender.len()
    }

    /// Whether no request waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Nothing more is taken on. What waits is served.
    pub fn close(&self) {
        self.mailbox.shared.close();
    }
}

/// How many requests wait or are under way: for balancers.
#[cfg(feature = "load")]
#[cfg_attr(docsrs, doc(cfg(feature = "load")))]
impl<Req, Res, E> tower::load::Load for Client<Req, Res, E> {
    type Metric = usize;

    fn load(&self) -> usize {
        self.mailbox.pool.in_use()
    }
}

impl<Req, Res, E> Service<Req> for Client<Req, Res, E>
where
    E: From<Rejected>,
{
    type Response = Res;
    type Error = E;
    type Future = ResponseFuture<Req, Res, E>;

    #[inline]
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        ResponseFuture::new(self.mailbox.share(), &self.sender, request)
    }
}

impl<Req, Res, E> Clone for Client<Req, Res, E> {
    fn clone(&self) -> Self {
        Self {
            mailbox: self.mailbox.clone(),
            sender: self.sender.clone(),
        }
    }
}

impl<Req, Res, E> fmt::Debug for Client<Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("queue", self.mailbox.shared.name())
            .finish_non_exhaustive()
    }
}
