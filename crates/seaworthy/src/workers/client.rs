//! Calling a worker by its key.

use std::fmt;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use seaworthy_core::{Reason, Rejected, panic};
use seaworthy_queue::service::ResponseFuture;
use tower_service::Service;

use super::slots::{Entered, Found, Id};
use super::told::{Told, Verdict};
use super::{Inner, Workers};

/// An answer to come. Of [`Workers::call`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Answer<K, Req, Res, E> {
    state: State<Req, Res, E>,
    /// Keeps the worker awake.
    caller: Option<Caller<K, Req, Res, E>>,
}

enum State<Req, Res, E> {
    Asked(ResponseFuture<Req, Res, Told<E>>),
    Rejected(Rejected),
    Done,
}

/// One who waits for an answer of a key.
struct Caller<K, Req, Res, E> {
    inner: Arc<Inner<K, Req, Res, E>>,
    slot: Id,
    verdict: Verdict,
}

impl<K, Req, Res, E> Drop for Caller<K, Req, Res, E> {
    fn drop(&mut self) {
        self.inner.slots.leave(self.slot);
    }
}

impl<K, Req, Res, E> Answer<K, Req, Res, E>
where
    K: Hash + Eq + Send + Sync + 'static,
    Req: Send + 'static,
    Res: Send + 'static,
    E: Send + 'static,
{
    pub(super) fn new(inner: &Arc<Inner<K, Req, Res, E>>, key: K, request: Req) -> Self {
        let rejected = |reason| Self {
            state: State::Rejected(Rejected::new(reason, inner.component)),
            caller: None,
        };
        let found = match inner.slots.enter(&key) {
            Found::Nothing => match inner.mailbox() {
                Ok(ends) => {
                    let key = Arc::new(key);
                    let (found, unused) = inner.slots.enter_with(&key, ends);
                    panic::drop_quietly(key);
                    drop(unused);
                    found
                }
                // It was checked when these workers were made.
                Err(_) => return rejected(Reason::Stopped),
            },
            found => {
                panic::drop_quietly(key);
                found
            }
        };
        let Found::Slot(Entered {
            id,
            ends,
            verdict,
            start,
        }) = found
        else {
            return rejected(Reason::BulkheadFull);
        };
        let caller = Caller {
            inner: Arc::clone(inner),
            slot: id,
            verdict,
        };
        // Both ends are kept until the request is in.
        let (mut client, _requests) = ends;
        let asked = client.call(request);
        if let Some(start) = start {
            inner.start(start);
        }
        Self {
            state: State::Asked(asked),
            caller: Some(caller),
        }
    }
}

impl<K, Req, Res, E> Unpin for Answer<K, Req, Res, E> {}

impl<K, Req, Res, E> Future for Answer<K, Req, Res, E>
where
    E: From<Rejected>,
{
    type Output = Result<Res, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = match &mut self.state {
            State::Asked(asked) => ready!(Pin::new(asked).poll(cx)),
            State::Rejected(rejected) => Err(Told::Rejected(*rejected)),
            State::Done => panic!("polled again after it was ready"),
        };
        self.state = State::Done;
        let caller = self.caller.take();
        Poll::Ready(outcome.map_err(|told| match (told, caller) {
            (Told::Service(error), _) => error,
            (Told::Rejected(said), Some(caller)) => caller.verdict.over(said).into(),
            (Told::Rejected(said), None) => said.into(),
        }))
    }
}

impl<K, Req, Res, E> fmt::Debug for Answer<K, Req, Res, E> {
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
