//! Calling a worker by its key.

use std::fmt;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use seaworthy_core::{Reason, Rejected};
use seaworthy_queue::service::ResponseFuture;
use tower_service::Service;

use super::slots::Found;
use super::{Inner, Workers};

/// An answer to come. Of [`Workers::call`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Answer<K, Req, Res, E>
where
    K: Hash + Eq,
{
    state: State<Req, Res, E>,
    /// Keeps the worker awake.
    _caller: Option<Caller<K, Req, Res, E>>,
}

enum State<Req, Res, E> {
    Asked(ResponseFuture<Req, Res, E>),
    Rejected(Rejected),
    Done,
}

/// One who waits for an answer of a key.
struct Caller<K: Hash + Eq, Req, Res, E> {
    inner: Arc<Inner<K, Req, Res, E>>,
    key: K,
}

impl<K: Hash + Eq, Req, Res, E> Drop for Caller<K, Req, Res, E> {
    fn drop(&mut self) {
        self.inner.slots.leave(&self.key);
    }
}

impl<K, Req, Res, E> Answer<K, Req, Res, E>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    Req: Send + 'static,
    Res: Send + 'static,
    E: From<Rejected> + Send + 'static,
{
    pub(super) fn new(inner: &Arc<Inner<K, Req, Res, E>>, key: K, request: Req) -> Self {
        let rejected = |reason| Self {
            state: State::Rejected(Rejected::new(reason, inner.component)),
            _caller: None,
        };
        let found = match inner.slots.enter(&key, inner.at_most) {
            Found::Nothing => match inner.mailbox() {
                Ok(ends) => {
                    let (found, unused) = inner.slots.enter_with(key.clone(), ends, inner.at_most);
                    drop(unused);
                    found
                }
                // It was checked when these workers were made.
                Err(_) => return rejected(Reason::Stopped),
            },
            found => found,
        };
        let Found::Slot { ends, start } = found else {
            return rejected(Reason::BulkheadFull);
        };
        let caller = Caller {
            inner: Arc::clone(inner),
            key: key.clone(),
        };
        let (mut client, _) = ends;
        let asked = client.call(request);
        if start {
            inner.start(key);
        }
        Self {
            state: State::Asked(asked),
            _caller: Some(caller),
        }
    }
}

impl<K: Hash + Eq, Req, Res, E> Unpin for Answer<K, Req, Res, E> {}

impl<K, Req, Res, E> Future for Answer<K, Req, Res, E>
where
    K: Hash + Eq,
    E: From<Rejected>,
{
    type Output = Result<Res, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = match &mut self.state {
            State::Asked(asked) => Pin::new(asked).poll(cx),
            State::Rejected(rejected) => Poll::Ready(Err((*rejected).into())),
            State::Done => panic!("polled again after it was ready"),
        };
        if polled.is_ready() {
            self.state = State::Done;
            self._caller = None;
        }
        polled
    }
}

impl<K: Hash + Eq, Req, Res, E> fmt::Debug for Answer<K, Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").finish_non_exhaustive()
    }
}

/// The worker of one key, as a tower service. Of [`Workers::client`].
///
/// It keeps no worker awake: only calls do.
pub struct KeyClient<K, Req, Res, E> {
    workers: Workers<K, Req, Res, E>,
    key: K,
}

impl<K, Req, Res, E> KeyClient<K, Req, Res, E> {
    pub(super) fn new(workers: &Workers<K, Req, Res, E>, key: K) -> Self {
        let workers = workers.clone();
        Self { workers, key }
    }
}

impl<K, Req, Res, E> Service<Req> for KeyClient<K, Req, Res, E>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    Req: Send + 'static,
    Res: Send + 'static,
    E: From<Rejected> + Send + 'static,
{
    type Response = Res;
    type Error = E;
    type Future = Answer<K, Req, Res, E>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        self.workers.call(self.key.clone(), request)
    }
}

impl<K: Clone, Req, Res, E> Clone for KeyClient<K, Req, Res, E> {
    fn clone(&self) -> Self {
        Self::new(&self.workers, self.key.clone())
    }
}

impl<K: fmt::Debug, Req, Res, E> fmt::Debug for KeyClient<K, Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyClient")
            .field("workers", &self.workers)
            .field("key", &self.key)
            .finish()
    }
}
