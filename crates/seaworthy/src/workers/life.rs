//! One worker, from its first call to its sleep.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::Duration;

use seaworthy_core::{BoxError, Name, Reason, Rejected, clock};
use seaworthy_queue::service::Requests;
use seaworthy_supervisor::{ChildResult, Context};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tower_service::Service;

use super::Inner;
use super::noted::Noted;
use super::slots::{Id, Risen};
use super::start::{Birth, Keeper};
use super::told::{Told, because_of};

/// That a worker is up for a key; dropped when it is gone.
struct Life {
    keeper: Weak<dyn Keeper>,
    slot: Id,
    component: Name,
    /// It has begun with a request: another one in its place may do better.
    begun: Arc<AtomicBool>,
    /// Why it is of no use.
    failed: Option<Rejected>,
}

impl Drop for Life {
    fn drop(&mut self) {
        let Some(keeper) = self.keeper.upgrade() else {
            return;
        };
        if std::thread::panicking() {
            self.failed = Some(Rejected::new(Reason::Stopped, self.component));
        }
        // A crash that costs a request is not for ever, and neither is a kill: the next one may do better. One that does
        // nothing but fail would be started again and again.
        let begun = self.begun.load(Ordering::Relaxed);
        keeper.fallen(self.slot, self.failed.filter(|_| !begun));
    }
}

/// Builds the service of a key, and serves until nobody has called for long, or it is told to make room or to stop.
pub(super) async fn live<K, Req, Res, E, Fut, S>(
    inner: Weak<Inner<K, Req, Res, E>>,
    birth: Arc<Birth<K>>,
    cx: Context,
    factory: impl Fn(K, Context) -> Fut,
) -> ChildResult
where
    K: Clone + Send + Sync + 'static,
    Req: Send + 'static,
    Res: Send + 'static,
    E: Into<BoxError> + Send + 'static,
    Fut: Future<Output = Result<S, BoxError>>,
    S: Service<Req, Response = Res, Error = E>,
{
    birth.settle();
    let (slot, key) = (birth.start.id, Arc::clone(&birth.start.key));
    drop(birth);
    let Some(workers) = inner.upgrade() else {
        return Ok(());
    };
    let Some(risen) = workers.slots.rise(slot, cx.me()) else {
        return Ok(());
    };
    let mut life = Life {
        keeper: Weak::clone(&inner) as Weak<dyn Keeper>,
        slot,
        component: workers.component,
        begun: Arc::default(),
        failed: None,
    };
    let Risen {
        ends,
        mut make_room,
    } = risen;
    let build_within = workers.build_within;
    drop(workers);
    let (_, requests) = ends;
    // Until it is built it does not listen to orders: there is nothing to be finished.
    let built = async { factory((*key).clone(), cx.clone()).await };
    let ended = match unless_told(&mut make_room, within(build_within, built)).await {
        None => {
            drop(requests);
            Ok(())
        }
        Some(Ok(service)) => {
            let service = Noted::new(service, &life.begun);
            let idle = is_idle(&inner, slot);
            serve(requests, service, cx, make_room, idle).await
        }
        Some(Err(error)) => {
            drop(requests);
            Err(error)
        }
    };
    if let Err(error) = &ended {
        life.failed = Some(because_of(error, life.component));
    }
    ended
}

/// `None` if it is told to make room before that.
async fn unless_told<T>(
    make_room: &mut oneshot::Receiver<()>,
    built: impl Future<Output = T>,
) -> Option<T> {
    let mut built = pin!(built);
    std::future::poll_fn(|cx| {
        if Pin::new(&mut *make_room).poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        built.as_mut().poll(cx).map(Some)
    })
    .await
}

async fn within<S>(
    time: Option<Duration>,
    built: impl Future<Output = Result<S, BoxError>>,
) -> Result<S, BoxError> {
    let Some(time) = time else {
        return built.await;
    };
    timeout(time, built)
        .await
        .unwrap_or_else(|_| Err(format!("it was not built within {time:?}").into()))
}

async fn serve<Req, Res, E, S>(
    requests: Requests<Req, Res, Told<E>>,
    service: Noted<S>,
    cx: Context,
    mut make_room: oneshot::Receiver<()>,
    idle: impl Future<Output = ()>,
) -> ChildResult
where
    E: Into<BoxError>,
    S: Service<Req, Response = Res, Error = E>,
{
    let (mut stop, mut idle) = (pin!(cx.shutdown()), pin!(idle));
    let end = std::future::poll_fn(|cx| {
        let over = stop.as_mut().poll(cx).is_ready()
            || Pin::new(&mut make_room).poll(cx).is_ready()
            || idle.as_mut().poll(cx).is_ready();
        if over { Poll::Ready(()) } else { Poll::Pending }
    });
    // The service is gone with this, and only then is the worker.
    let served = requests.serve_until(service, end).await;
    served.map_err(Told::into_boxed)
}

/// Ready when nobody has called for so long.
async fn is_idle<K, Req, Res, E>(inner: &Weak<Inner<K, Req, Res, E>>, slot: Id) {
    loop {
        let Some(workers) = inner.upgrade() else {
            return;
        };
        let idle = workers.slots.idle_since(slot);
        let idle = idle.map_or(Duration::ZERO, |since| clock::exact().duration_since(since));
        let left = workers.idle_after.saturating_sub(idle);
        drop(workers);
        if left.is_zero() {
            return;
        }
        sleep(left).await;
    }
}
