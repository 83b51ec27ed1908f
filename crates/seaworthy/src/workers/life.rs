//! One worker, from its first call to its sleep.

use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use seaworthy_core::BoxError;
use seaworthy_core::clock;
use seaworthy_queue::service::Requests;
use seaworthy_supervisor::Context as ChildContext;
use tokio::runtime::Handle;
use tokio::time::sleep;
use tower_service::Service;

use super::Inner;
use super::slots::Left;

/// That a worker is up for a key; dropped when it is gone.
pub(super) struct Life<K, Req, Res, E>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    Req: Send + 'static,
    Res: Send + 'static,
    E: Send + 'static,
{
    inner: Weak<Inner<K, Req, Res, E>>,
    key: K,
    /// It has begun with a request: another one in its place may do better.
    begun: Arc<AtomicBool>,
}

impl<K, Req, Res, E> Life<K, Req, Res, E>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    Req: Send + 'static,
    Res: Send + 'static,
    E: Into<BoxError> + Send + 'static,
{
    /// With the requests of the key; `None` if nobody needs a worker.
    pub(super) fn begin(
        inner: &Weak<Inner<K, Req, Res, E>>,
        key: K,
    ) -> Option<(Self, Requests<Req, Res, E>)> {
        let (_, requests) = inner.upgrade()?.slots.rise(&key)?;
        let life = Self {
            inner: Weak::clone(inner),
            key,
            begun: Arc::default(),
        };
        Some((life, requests))
    }

    /// Serves until nobody has called for long, or the supervisor says so.
    pub(super) async fn live<S>(
        self,
        cx: ChildContext,
        requests: Requests<Req, Res, E>,
        service: S,
    ) -> Result<(), BoxError>
    where
        S: Service<Req, Response = Res, Error = E>,
    {
        let service = Noted {
            service,
            begun: Arc::clone(&self.begun),
        };
        let (stop, idle) = (cx.shutdown(), self.is_idle());
        let mut ends = (std::pin::pin!(stop), std::pin::pin!(idle));
        let end = std::future::poll_fn(|cx| {
            if ends.0.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            ends.1.as_mut().poll(cx)
        });
        // The service is gone with this, and only then is the worker.
        requests.serve_until(service, end).await.map_err(Into::into)
    }

    async fn is_idle(&self) {
        loop {
            let Some(inner) = self.inner.upgrade() else {
                return;
            };
            let idle = inner.slots.idle_since(&self.key);
            let idle = idle.map_or(Duration::ZERO, |since| clock::exact().duration_since(since));
            let left = inner.idle_after.saturating_sub(idle);
            drop(inner);
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }
}

impl<K, Req, Res, E> Drop for Life<K, Req, Res, E>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    Req: Send + 'static,
    Res: Send + 'static,
    E: Send + 'static,
{
    fn drop(&mut self) {
        let Some(inner) = self.inner.upgrade() else {
            return;
        };
        match inner.slots.fall(&self.key) {
            Left::Nobody => {}
            Left::Callers if self.begun.load(Ordering::Relaxed) => inner.start(self.key.clone()),
            // One that does nothing but end would be started again and again.
            Left::Callers => inner.slots.give_up(&self.key),
        }
    }
}

impl<K, Req, Res, E> Inner<K, Req, Res, E>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    Req: Send + 'static,
    Res: Send + 'static,
    E: Send + 'static,
{
    /// Has a worker started for this key, in a task of its own: whoever calls may give up meanwhile, and others wait.
    pub(super) fn start(self: &Arc<Self>, key: K) {
        let Ok(runtime) = Handle::try_current() else {
            self.slots.give_up(&key);
            return;
        };
        let inner = Arc::clone(self);
        runtime.spawn(async move {
            if inner.supervisor.start_child(key.clone()).await.is_err() {
                inner.slots.give_up(&key);
            }
        });
    }
}

/// Notes that its service was called.
struct Noted<S> {
    service: S,
    begun: Arc<AtomicBool>,
}

impl<S: Service<Req>, Req> Service<Req> for Noted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> S::Future {
        self.begun.store(true, Ordering::Relaxed);
        self.service.call(request)
    }
}
