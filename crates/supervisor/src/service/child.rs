//! The side of the child: an incarnation is built, takes calls, and ends.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use seaworthy_core::BoxError;

use super::fate::Rung;
use super::owned::Grant;
use super::shared::Shared;
use crate::child::Child;
use crate::context::{Context, ShutdownSignal};
use crate::exit::{ChildResult, ExitReason};

/// The child whose incarnations are the instances that `factory` makes.
pub(super) fn specify<S, R, T, F, Fut>(shared: &Arc<Shared<S, R, T>>, factory: Arc<F>) -> Child
where
    S: Send + 'static,
    R: Send + Sync + 'static,
    T: Send + Sync + 'static,
    F: Fn(Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<S, BoxError>> + Send + 'static,
{
    let lineage = Lineage::new(shared);
    Child::task(Arc::clone(shared.core.name.text()), move |cx| {
        live(Arc::clone(&lineage.shared), Arc::clone(&factory), cx)
    })
}

async fn live<S, R, T, F, Fut>(
    shared: Arc<Shared<S, R, T>>,
    factory: Arc<F>,
    cx: Context,
) -> ChildResult
where
    F: Fn(Context) -> Fut,
    Fut: Future<Output = Result<S, BoxError>>,
{
    let reign = Reign::begin(shared, &cx);
    let service = factory(cx.clone()).await?;
    let told = cx.shutdown();
    let (grant, released) = Grant::new(&cx);
    reign.publish(service, grant);
    cx.ready();
    drop(cx);
    match reign.until(told).await {
        Some(reason) => Err(reason.into()),
        None => {
            reign.shared.core.stop();
            // Owned calls finish. Nothing is ever sent.
            let _ = released.await;
            Ok(())
        }
    }
}

/// The time of one incarnation, which ends with this guard if it has not ended before.
struct Reign<S, R, T> {
    shared: Arc<Shared<S, R, T>>,
    generation: u64,
}

impl<S, R, T> Reign<S, R, T> {
    fn begin(shared: Arc<Shared<S, R, T>>, cx: &Context) -> Self {
        let (generation, name) = (cx.incarnation(), &shared.core.name.text());
        let nearest = Rung::nearest(cx, name);
        shared
            .core
            .begin(generation, &nearest, || Rung::all(cx, name));
        Self { shared, generation }
    }

    fn publish(&self, service: S, grant: Arc<Grant>) {
        self.shared.core.publish(self.generation, service, grant);
    }

    /// Resolves with the reason why it has to end, or with nothing when it is asked to.
    async fn until(&self, told: ShutdownSignal) -> Option<ExitReason> {
        let mut told = pin!(told);
        poll_fn(|cx| {
            if let Some(reason) = self.shared.core.verdict(cx.waker()) {
                return Poll::Ready(Some(reason));
            }
            told.as_mut().poll(cx).map(|()| None)
        })
        .await
    }
}

impl<S, R, T> Drop for Reign<S, R, T> {
    fn drop(&mut self) {
        self.shared.core.over();
    }
}

/// There is a specification of the child somewhere.
struct Lineage<S, R, T> {
    shared: Arc<Shared<S, R, T>>,
    alive: Option<Arc<()>>,
}

impl<S, R, T> Lineage<S, R, T> {
    fn new(shared: &Arc<Shared<S, R, T>>) -> Self {
        let alive = Arc::new(());
        shared.core.conceived(Arc::downgrade(&alive));
        Self {
            shared: Arc::clone(shared),
            alive: Some(alive),
        }
    }
}

impl<S, R, T> Drop for Lineage<S, R, T> {
    fn drop(&mut self) {
        drop(self.alive.take());
        self.shared.core.extinct();
    }
}
